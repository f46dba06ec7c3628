import type { ReplacePolicy } from './policy.ts';
import { released } from './released.ts';
import { replaceSet } from './replace-set.ts';
import { replaceSetRfc } from './replace-set-rfc.ts';
import { replaceTag } from './replace-tag.ts';
import { replaceable } from './replaceable.ts';

/** What kernels do, then the proposals by age. */
export const REPLACE_POLICIES: readonly ReplacePolicy[] = [
  released,
  replaceable,
  replaceTag,
  replaceSetRfc,
  replaceSet,
];
