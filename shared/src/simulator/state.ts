import type { Machine } from './machine.ts';
import type { KlpPatch } from './structures.ts';

/** kernel/livepatch/state.c: whether a patch can follow what is installed. */

/** klp_is_patch_compatible(): compared with every patch that is still listed, also one that is being disabled. */
export function isPatchCompatible(m: Machine, patch: KlpPatch): boolean {
  for (const installed of m.patches) {
    for (const old of statesOf(installed)) {
      const state = statesOf(patch).find((candidate) => candidate.id === old.id);
      if (state === undefined) {
        if (patch.replace) return false;
      } else if (state.version < old.version) {
        return false;
      }
    }
  }
  return true;
}

/** klp_for_each_state(): up to the first id of 0. */
function statesOf(patch: KlpPatch): KlpPatch['states'] {
  const end = patch.states.findIndex((state) => state.id === 0);
  return end < 0 ? patch.states : patch.states.slice(0, end);
}
