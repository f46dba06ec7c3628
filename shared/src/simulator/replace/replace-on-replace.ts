import type { ReplacePolicy } from './policy.ts';
import { released } from './released.ts';

/**
 * P. Mladek's idea in the talk about atomic replace: a machine has either a stack of any patches or cumulative ones, and a
 * patch with `.replace` can be loaded only on top of patches with `.replace`. The others are to be disabled first.
 */
export const replaceOnReplace: ReplacePolicy = {
  ...released,
  id: 'replace-on-replace',
  title: 'A patch with .replace goes only on top of such patches (an idea of January 2018)',
  sources: ['P. Mladek in "Re: [PATCH v5 0/3] livepatch: introduce atomic replace", 30 January 2018'],
  refuses: ['A patch with .replace while one without is loaded (EINVAL).', ...released.refuses],
  released: false,
  conflict: (patch, old) =>
    patch.replace && !old.replace ? `${patch.module} has .replace and ${old.module}, which is loaded, has not` : null,
};
