import type { ReplacePolicy } from './policy.ts';
import { released } from './released.ts';

/**
 * The hybrid mode RFC of 27 January 2025 (and of 2 April 2026, the same code): a patch says whether others may replace it,
 * and by default none may; root can change that in sysfs. What a kept patch has in states must still be known to the new
 * one, and a forced transition keeps its module for ever, too: both were left as they were.
 */
export const replaceable: ReplacePolicy = {
  ...released,
  id: 'replaceable',
  title: 'Only patches with .replaceable are replaced (RFC of January 2025)',
  sources: ['"[RFC PATCH 0/2] livepatch: Add support for hybrid mode", Y. Shao, 27 January 2025'],
  refuses: [
    'A patch that knows a state in a lower version than a loaded patch has (EINVAL).',
    'A patch with .replace that lacks a state of a loaded patch, also of one that it would keep (EINVAL).',
  ],
  released: false,
  files: { ...released.files, replaceable: true },
  replaces: (patch, old) => patch.replace && old.replaceable,
  needsNops: (patch, old) => patch.replace && old.replaceable,
};
