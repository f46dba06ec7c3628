import type { KlpPatch } from '../structures.ts';
import { knowsStates, type ReplacePolicy, sharedFunction } from './policy.ts';
import { released } from './released.ts';

const replaces = (patch: KlpPatch, old: KlpPatch): boolean => patch.replace && sharedFunction(patch, old) !== null;

/**
 * The second of three alternatives to the hybrid mode RFC that P. Mladek named: a patch with `.replace` replaces those that
 * change a function that it changes, too, and no others. It never became code; that states count within what is replaced,
 * and that a forced transition keeps only those modules, is what follows from it.
 */
export const replaceConflicting: ReplacePolicy = {
  ...released,
  id: 'replace-conflicting',
  title: 'A patch with .replace replaces those with which it shares a function (an idea of February 2025)',
  sources: ['P. Mladek in answer to "[RFC PATCH 0/2] livepatch: Add support for hybrid mode", 7 February 2025'],
  refuses: [
    'A patch that knows a state in a lower version than a loaded patch has (EINVAL).',
    'A patch with .replace that lacks a state of a patch that it replaces (EINVAL).',
  ],
  released: false,
  replaces,
  needsNops: replaces,
  statesAllow: (patch, old) => knowsStates(patch, old, !replaces(patch, old)),
  keepsForced: replaces,
};
