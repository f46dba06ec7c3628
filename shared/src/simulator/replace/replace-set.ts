import type { KlpPatch } from '../structures.ts';
import { knowsStates, type ReplacePolicy, sharedFunction, statesOf } from './policy.ts';
import { released } from './released.ts';

const setOf = ({ replaceSet }: { readonly replaceSet?: number | null }): number => replaceSet ?? 0;
const sameSet = (patch: KlpPatch, old: KlpPatch): boolean => setOf(patch) === setOf(old);
const sameOrNamedSet = (patch: KlpPatch, old: KlpPatch): boolean =>
  sameSet(patch, old) || patch.namedSets.includes(setOf(old));

/** Module parameter of the idea of June 2026. */
const PARAMETER = 'override_replace_sets';

/** What follows from which patches a patch replaces, where the others may share nothing with it. */
function among(replaces: (patch: KlpPatch, old: KlpPatch) => boolean) {
  return {
    replaces,
    needsNops: replaces,
    keepsForced: replaces,
    conflict(patch: KlpPatch, old: KlpPatch): string | null {
      if (replaces(patch, old)) return null;
      const shared = sharedFunction(patch, old);
      if (shared === null) return null;
      return `${patch.module} (set ${setOf(patch)}) and ${old.module} (set ${setOf(old)}) both replace ${shared.oldName}()`;
    },
    statesAllow(patch: KlpPatch, old: KlpPatch): boolean {
      if (replaces(patch, old)) return knowsStates(patch, old, false);
      return !statesOf(old).some(({ id }) => statesOf(patch).some((state) => state.id === id));
    },
  };
}

/**
 * PATCH v2 of 29 May 2026: every patch belongs to a set, 0 unless it says another, so that those who write nothing replace
 * each other. A function or a state id that another set has already is refused. `replace` in sysfs is `replace_set`. v3 of
 * 7 June 2026 means the same by a set. What the talk about it left open (`supersedes`, a list of sets in place of one) is
 * not simulated.
 */
export const replaceSet: ReplacePolicy = {
  ...released,
  id: 'replace-set',
  title: 'Every patch replaces its set, sets share nothing (PATCH v2 and v3 of 2026)',
  sources: [
    'PATCH v2 on the live-patching list, 29 May 2026 (replace_set)',
    'PATCH v3 3/7, "livepatch: Support scoped atomic replace using replace_set", 7 June 2026, and P. Mladek in answer to it, 9 June 2026',
  ],
  refuses: [
    'A patch that replaces a function which a patch of another set replaces (EINVAL).',
    'A patch that has a state of a patch of another set (EINVAL).',
    'A patch that lacks a state of a loaded patch of its set, or knows it in a lower version (EINVAL).',
  ],
  released: false,
  files: { replace: (patch) => ({ name: 'replace_set', value: String(setOf(patch)) }), replaceable: false },
  isReplacing: () => true,
  ...among(sameSet),
};

/**
 * P. Mladek's idea in the talk about v3: a module parameter names sets that are replaced beside the patch's own, so that
 * who runs a machine can solve a conflict that is refused otherwise. It comes nearest to the explicit list of what is
 * replaced, his third alternative of 7 February 2025.
 */
export const replaceSetOverride: ReplacePolicy = {
  ...replaceSet,
  id: 'replace-set-override',
  title: `Every patch replaces its set and those that ${PARAMETER} names (an idea of June 2026)`,
  sources: [
    'P. Mladek in "Re: [PATCH v3 3/7] livepatch: Support scoped atomic replace using replace_set", 17 June 2026',
  ],
  refuses: [
    'A patch that replaces a function which a patch of a set that it does not replace replaces (EINVAL).',
    'A patch that has a state of a patch of such a set (EINVAL).',
    'A patch that lacks a state of a patch that it replaces, or knows it in a lower version (EINVAL).',
  ],
  setsParameter: {
    name: PARAMETER,
    of: (installed) => [...new Set(installed.map(setOf))].join(','),
  },
  ...among(sameOrNamedSet),
};
