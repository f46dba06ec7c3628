import type { PatchSketch, TaskSketch } from './story.ts';

/** A task of a random story. */
export interface Sleeper {
  readonly sketch: TaskSketch;
  /** Where it sleeps, if anybody replaces that; null for a place that nobody replaces, and once it has left. */
  func: string | null;
  /** The target whose gate it sleeps behind. */
  readonly gate: string | null;
  /** Signals do not end its sleep, a deadly one does when it is killable. */
  readonly sleeps: 'lightly' | 'killable' | 'firmly';
}

/** What is loaded and who sleeps where while a random story is made, as far as it decides which steps make sense. */
export class MachineSketch {
  /** Module is in the kernel. */
  readonly loaded = new Set<string>();
  readonly enabled = new Set<string>();
  /** Loaded targets, and whether the gate is open. */
  readonly present = new Map<string, { gateIsOpen: boolean; hasThread: boolean }>();
  /** Tasks that run and are not stopped. */
  readonly sleepers = new Map<string, Sleeper>();
  /** What the parameters of a module say of its pre_patch callbacks, by object. */
  readonly returns = new Map<string, Readonly<Record<string, number>>>();
  ftrace = true;
  private readonly patches: Readonly<Record<string, PatchSketch>>;

  constructor(patches: Readonly<Record<string, PatchSketch>>) {
    this.patches = patches;
  }

  is(object: string): boolean {
    return object === 'vmlinux' || this.present.has(object);
  }

  replaced(): Set<string> {
    return new Set([...this.enabled].flatMap((name) => functionsOf(this.patches[name])));
  }

  sleepersBehind(target: string): string[] {
    return [...this.sleepers].filter(([, { gate, func }]) => gate === target && func !== null).map(([name]) => name);
  }

  leaves(name: string): void {
    const sleeper = this.sleepers.get(name);
    if (sleeper) sleeper.func = null;
  }

  /** Whether the kernel refuses a patch for what it finds in the objects that are there. */
  refuses(name: string, there: (object: string) => boolean): boolean {
    const objects = this.patches[name]?.objects.filter(({ object }) => there(object)) ?? [];
    return (
      objects.some(({ funcs }) => {
        const bad = funcs.some(
          (func) =>
            func === 'no_such_function' || func === '__schedule' || (typeof func === 'object' && func.sympos > 1),
        );
        return bad || (!this.ftrace && funcs.length > 0);
      }) || this.prepares(name, there) !== 0
    );
  }

  /** What the pre_patch callbacks of the objects that are there come to: the first one that is not 0. */
  prepares(name: string, there: (object: string) => boolean): number {
    for (const { object, callbacks } of this.patches[name]?.objects ?? []) {
      if (!there(object) || typeof callbacks !== 'object') continue;
      const { pre_patch = 0 } = callbacks;
      const value = pre_patch === 'parameter' ? (this.returns.get(name)?.[object] ?? 0) : pre_patch;
      if (value !== 0) return value;
    }
    return 0;
  }

  /** States of enabled patches: one that replaces must know them all, no version goes down. */
  statesFit(patch: PatchSketch | undefined): boolean {
    return [...this.enabled].every((name) =>
      (this.patches[name]?.states ?? []).every((old) => {
        const own = patch?.states?.find(({ id }) => id === old.id);
        return own ? own.version >= old.version : !patch?.replace;
      }),
    );
  }
}

/** The functions that a patch replaces. */
export function functionsOf(patch: PatchSketch | undefined): string[] {
  return (patch?.objects ?? []).flatMap(({ funcs }) =>
    funcs.map((func) => (typeof func === 'string' ? func : func.name)),
  );
}
