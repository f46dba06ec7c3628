import type { PatchImage } from '../../model/index.ts';
import { type KlpFunc, type KlpPatch, objectName } from '../structures.ts';

/**
 * What loading a patch does with those that are loaded: the rules of released kernels, or of a proposal that was never
 * merged. kernel/livepatch/core.c and state.c ask it.
 */
export interface ReplacePolicy {
  /** As in a kernel's name behind `+`: `replace-set`. */
  readonly id: string;
  readonly title: string;
  readonly sources: readonly string[];
  /** What it does not take beside what every kernel refuses (a second transition, EBUSY), a sentence each. */
  readonly refuses: readonly string[];
  /** Whether any released kernel has it. */
  readonly released: boolean;
  /** Files in a patch's sysfs directory that it adds or renames. */
  readonly files: {
    /** What `replace` is called where the kernel shows it, and its value. */
    replace(patch: KlpPatch): { readonly name: string; readonly value: string };
    /** Whether there is a `replaceable` that can be written. */
    readonly replaceable: boolean;
  };
  /** A module parameter that names sets to replace; `of` is its value for all that are loaded. Absent: there is none. */
  readonly setsParameter?: { readonly name: string; of(installed: readonly PatchImage[]): string };
  /** Whether the patch is one that replaces others at all: what `klp_patch.replace` is in released kernels. */
  isReplacing(image: PatchImage): boolean;
  /** Whether `old` is gone when the transition to `patch` is complete. */
  replaces(patch: KlpPatch, old: KlpPatch): boolean;
  /** Whether functions of `old` that `patch` does not have are set back to the original. */
  needsNops(patch: KlpPatch, old: KlpPatch): boolean;
  /** Why both can't be loaded together, as a sentence; null when they can. */
  conflict(patch: KlpPatch, old: KlpPatch): string | null;
  /** Whether the states of `old` let `patch` be loaded. */
  statesAllow(patch: KlpPatch, old: KlpPatch): boolean;
  /** Whether forcing the transition to `patch` keeps the module of `old` for ever. */
  keepsForced(patch: KlpPatch, old: KlpPatch): boolean;
}

/** klp_for_each_state(): up to the first id of 0. */
export function statesOf(patch: KlpPatch): KlpPatch['states'] {
  const end = patch.states.findIndex((state) => state.id === 0);
  return end < 0 ? patch.states : patch.states.slice(0, end);
}

/** Whether `patch` knows every state of `old` in at least its version; `mayMiss` when it need not know all. */
export function knowsStates(patch: KlpPatch, old: KlpPatch, mayMiss: boolean): boolean {
  return statesOf(old).every((state) => {
    const own = statesOf(patch).find((candidate) => candidate.id === state.id);
    return own === undefined ? mayMiss : own.version >= state.version;
  });
}

/** A function that both patches replace; null when there is none. */
export function sharedFunction(patch: KlpPatch, old: KlpPatch): KlpFunc | null {
  return functionsOf(patch).find((func) => functionsOf(old).some((other) => isSame(func, other))) ?? null;
}

function functionsOf(patch: KlpPatch): KlpFunc[] {
  return patch.objects.flatMap(({ funcs }) => funcs.filter(({ nop }) => !nop));
}

/** By object, name and position; position 0 and 1 are the same. */
function isSame(a: KlpFunc, b: KlpFunc): boolean {
  return (
    objectName(a.object) === objectName(b.object) &&
    a.oldName === b.oldName &&
    Math.max(a.oldSympos, 1) === Math.max(b.oldSympos, 1)
  );
}
