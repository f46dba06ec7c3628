import type { ReplacePolicy } from './policy.ts';
import { released } from './released.ts';

/**
 * The drafts of 3 to 7 April 2026: `.replace` becomes a number. 0 replaces nothing and is replaced by whatever replaces; a
 * tag above 0 replaces its own tag and 0. What is unpatched and freed goes by the tag, but not the nops: a new patch
 * sets functions back to the original that a kept one has replaced. The tag is written as `.replace_set` here.
 */
export const replaceTag: ReplacePolicy = {
  ...released,
  id: 'replace-tag',
  title: 'A tag replaces its own tag and 0 (drafts of April 2026)',
  sources: ['Replies to "[RFC PATCH 0/2] livepatch: Add support for hybrid mode", 3 to 7 April 2026'],
  refuses: [
    'A patch that knows a state in a lower version than a loaded patch has (EINVAL).',
    'A patch with a tag that lacks a state of a loaded patch, also of one that it would keep (EINVAL).',
  ],
  released: false,
  files: { replace: ({ replaceSet }) => ({ name: 'replace', value: String(replaceSet ?? 0) }), replaceable: false },
  isReplacing: ({ replaceSet }) => (replaceSet ?? 0) > 0,
  replaces: (patch, old) => patch.replace && (old.replaceSet === patch.replaceSet || (old.replaceSet ?? 0) === 0),
  needsNops: (patch) => patch.replace,
};
