import type { Story } from '../story.ts';
import { A, CALLED, disable, inTarget, life, load, retire, settle, target, unload, untarget, wait } from './words.ts';

/** Modules that a patch names as objects, and their coming and going. */
export const TARGETS: readonly Story[] = [
  {
    name: 'target-loaded-before',
    title: 'A target module that is there when the patch is enabled is patched with it.',
    patches: { lp_one: { objects: [CALLED, inTarget(A, 'interruptible', 'killable')] } },
    targets: [A],
    steps: [target(A), ...life('lp_one'), untarget(A)],
  },
  {
    name: 'target-never-loaded',
    title: 'An object whose module is not there is left alone, and none of its callbacks runs.',
    patches: { lp_one: { objects: [CALLED, inTarget(A, 'interruptible')] } },
    steps: life('lp_one'),
  },
  {
    name: 'target-loads-later',
    title: 'A target module that comes while the patch is enabled is patched before its init runs.',
    patches: { lp_one: { objects: [CALLED, inTarget(A, 'interruptible')] } },
    targets: [A],
    steps: [load('lp_one'), settle, target(A), wait(1), ...retire('lp_one'), untarget(A)],
  },
  {
    name: 'target-unloads-while-patched',
    title: 'A target module that goes while the patch is enabled is unpatched after its exit ran.',
    patches: { lp_one: { objects: [CALLED, inTarget(A, 'interruptible')] } },
    targets: [A],
    steps: [target(A), load('lp_one'), settle, untarget(A), wait(1), ...retire('lp_one')],
  },
  {
    name: 'target-comes-and-goes-and-comes',
    title: 'Callbacks run each time that a target module comes and goes.',
    patches: { lp_one: { objects: [inTarget(A, 'interruptible')] } },
    targets: [A],
    steps: [load('lp_one'), settle, target(A), untarget(A), target(A), wait(1), ...retire('lp_one'), untarget(A)],
  },
  {
    name: 'pre-patch-refuses-coming-module',
    title: 'pre_patch fails for a module that comes: the module is refused with that error.',
    patches: {
      lp_one: {
        objects: [CALLED, { object: A, funcs: [`${A}_killable`], callbacks: { pre_patch: -19, post_unpatch: 0 } }],
      },
    },
    targets: [A],
    steps: [load('lp_one'), settle, target(A), wait(1), ...retire('lp_one')],
  },
  {
    name: 'two-patches-refuse-coming-module',
    title: 'When the second patch refuses a module that comes, what the first one did to it is taken back.',
    patches: {
      lp_one: { objects: [inTarget(A, 'interruptible')] },
      lp_two: { objects: [{ object: A, funcs: [`${A}_killable`], callbacks: { pre_patch: -16, post_unpatch: 0 } }] },
    },
    targets: [A],
    steps: [
      load('lp_one'),
      settle,
      load('lp_two'),
      settle,
      target(A),
      wait(1),
      disable('lp_two'),
      settle,
      disable('lp_one'),
      settle,
      unload('lp_two'),
      unload('lp_one'),
    ],
  },
  {
    name: 'function-missing-in-coming-module',
    title: 'A function that the module that comes does not have: the module is refused.',
    patches: { lp_one: { objects: [CALLED, { object: A, funcs: ['no_such_function'], callbacks: 'all' }] } },
    targets: [A],
    symbols: { no_such_function: 0 },
    steps: [load('lp_one'), settle, target(A), wait(1), ...retire('lp_one')],
  },
  {
    name: 'pre-patch-of-coming-module-returns-positive',
    title: 'pre_patch returns 1 for a module that comes: insmod takes it for success, and the module is not there.',
    patches: {
      lp_one: {
        objects: [CALLED, { object: A, funcs: [`${A}_killable`], callbacks: { pre_patch: 1, post_unpatch: 0 } }],
      },
    },
    targets: [A],
    steps: [load('lp_one'), settle, target(A), untarget(A), wait(1), ...retire('lp_one')],
  },
];
