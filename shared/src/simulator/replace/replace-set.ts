import type { KlpFunc, KlpPatch } from '../structures.ts';
import { objectName } from '../structures.ts';
import { knowsStates, type ReplacePolicy, statesOf } from './policy.ts';
import { released } from './released.ts';

const setOf = ({ replaceSet }: KlpPatch): number => replaceSet ?? 0;
const sameSet = (patch: KlpPatch, old: KlpPatch): boolean => setOf(patch) === setOf(old);

/**
 * PATCH v2 of 29 May 2026: every patch belongs to a set, 0 unless it says another, so that those who write nothing replace
 * each other. A function or a state id that another set has already is refused. `replace` in sysfs is `replace_set`. What
 * v3 and the talk after it left open (`supersedes`, lists of sets, a module parameter) is not simulated.
 */
export const replaceSet: ReplacePolicy = {
  ...released,
  id: 'replace-set',
  title: 'Every patch replaces its set, sets share nothing (PATCH v2 of May 2026)',
  sources: ['PATCH v2 on the live-patching list, 29 May 2026 (replace_set)'],
  released: false,
  files: { replace: (patch) => ({ name: 'replace_set', value: String(setOf(patch)) }), replaceable: false },
  isReplacing: () => true,
  replaces: sameSet,
  needsNops: sameSet,
  conflict(patch, old) {
    if (sameSet(patch, old)) return null;
    const shared = functionsOf(patch).find((func) => functionsOf(old).some((other) => isSame(func, other)));
    if (shared === undefined) return null;
    return `${patch.module} (set ${setOf(patch)}) and ${old.module} (set ${setOf(old)}) both replace ${shared.oldName}()`;
  },
  statesAllow(patch, old) {
    if (sameSet(patch, old)) return knowsStates(patch, old, false);
    return !statesOf(old).some(({ id }) => statesOf(patch).some((state) => state.id === id));
  },
  keepsForced: sameSet,
};

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
