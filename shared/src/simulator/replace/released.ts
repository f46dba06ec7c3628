import { knowsStates, type ReplacePolicy } from './policy.ts';

/**
 * Linux since 5.1: a patch with `.replace` takes the place of all others, one without of none. Seen on 6.1 and 6.12
 * (klp_add_nops(), klp_unpatch_replaced_patches(), klp_is_patch_compatible()).
 */
export const released: ReplacePolicy = {
  id: 'released',
  title: 'A patch with .replace replaces all others',
  sources: ['kernel/livepatch/core.c and state.c of Linux 6.1 and 6.12'],
  refuses: [
    'A patch that knows a state in a lower version than a loaded patch has (EINVAL).',
    'A patch with .replace that lacks a state of a loaded patch (EINVAL).',
  ],
  released: true,
  files: { replace: ({ replace }) => ({ name: 'replace', value: replace ? '1' : '0' }), replaceable: false },
  isReplacing: ({ replace }) => replace,
  replaces: (patch) => patch.replace,
  needsNops: (patch) => patch.replace,
  conflict: () => null,
  statesAllow: (patch, old) => knowsStates(patch, old, !patch.replace),
  keepsForced: (patch) => patch.replace,
};
