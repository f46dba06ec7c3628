import { knowsStates, type ReplacePolicy, sharedFunction } from './policy.ts';
import { replaceable } from './replaceable.ts';

/**
 * The first of three alternatives to the hybrid mode RFC that P. Mladek named: a patch with `.replace` replaces those that
 * are replaceable, and is refused when one that would stay changes a function that it changes, too. It never became code;
 * that states count within what is replaced, and that a forced transition keeps only those modules, is what follows from it.
 */
export const replaceableAlone: ReplacePolicy = {
  ...replaceable,
  id: 'replaceable-alone',
  title: 'Patches with .replaceable are replaced, and one that stays may share no function (an idea of February 2025)',
  sources: ['P. Mladek in answer to "[RFC PATCH 0/2] livepatch: Add support for hybrid mode", 7 February 2025'],
  refuses: [
    'A patch with .replace that shares a function with a patch which stays (EINVAL).',
    'A patch that knows a state in a lower version than a loaded patch has (EINVAL).',
    'A patch with .replace that lacks a state of a patch that it replaces (EINVAL).',
  ],
  conflict(patch, old) {
    const shared = patch.replace && !old.replaceable ? sharedFunction(patch, old) : null;
    if (shared === null) return null;
    return `${patch.module} replaces ${shared.oldName}(), as ${old.module} does, which is not replaceable`;
  },
  statesAllow: (patch, old) => knowsStates(patch, old, !replaceable.replaces(patch, old)),
  keepsForced: replaceable.replaces,
};
