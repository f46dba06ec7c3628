import type { ReplacePolicy } from './policy.ts';
import { released } from './released.ts';
import { replaceConflicting } from './replace-conflicting.ts';
import { replaceOnReplace } from './replace-on-replace.ts';
import { replaceSet, replaceSetOverride } from './replace-set.ts';
import { replaceSetRfc } from './replace-set-rfc.ts';
import { replaceTag } from './replace-tag.ts';
import { replaceable } from './replaceable.ts';
import { replaceableAlone } from './replaceable-alone.ts';

/** What kernels do, then the proposals by age. */
export const REPLACE_POLICIES: readonly ReplacePolicy[] = [
  released,
  replaceOnReplace,
  replaceable,
  replaceableAlone,
  replaceConflicting,
  replaceTag,
  replaceSetRfc,
  replaceSet,
  replaceSetOverride,
];
