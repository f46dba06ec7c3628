import type { KlpPatch } from '../structures.ts';
import { knowsStates, type ReplacePolicy } from './policy.ts';
import { released } from './released.ts';

/** Documented default of the RFC. */
const DEFAULT_SET = 1;
const setOf = ({ replaceSet }: Pick<KlpPatch, 'replaceSet'>): number => replaceSet ?? DEFAULT_SET;

/**
 * The RFC of 13 May 2026: every patch belongs to a set, 1 unless it says another, and takes the place of those of its set.
 * States must be known within the set only. Nothing keeps two sets from changing one function.
 */
export const replaceSetRfc: ReplacePolicy = {
  ...released,
  id: 'replace-set-rfc',
  title: 'Every patch replaces its set (RFC of May 2026)',
  sources: ['RFC on the live-patching list, 13 May 2026 (replace_set), and P. Mladek in answer to it, 26 May 2026'],
  refuses: [
    'A patch that knows a state in a lower version than a loaded patch has (EINVAL).',
    'A patch that lacks a state of a loaded patch of its set (EINVAL).',
  ],
  released: false,
  files: { replace: (patch) => ({ name: 'replace', value: String(setOf(patch)) }), replaceable: false },
  isReplacing: () => true,
  replaces: (patch, old) => setOf(patch) === setOf(old),
  needsNops: (patch, old) => setOf(patch) === setOf(old),
  statesAllow: (patch, old) => knowsStates(patch, old, setOf(patch) !== setOf(old)),
  keepsForced: () => true,
};
