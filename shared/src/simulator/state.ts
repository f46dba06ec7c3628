import type { Machine } from './machine.ts';
import type { KlpPatch } from './structures.ts';

/** kernel/livepatch/state.c: whether a patch can follow what is installed. */

/** klp_is_patch_compatible(): compared with every patch that is still listed, also one that is being disabled. */
export function isPatchCompatible(m: Machine, patch: KlpPatch): boolean {
  return m.patches.every((installed) => m.traits.replacePolicy.statesAllow(patch, installed));
}
