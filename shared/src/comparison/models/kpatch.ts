import { namedFunctions, type PatchingModel, variant } from '../model.ts';
import { playStopMachine } from '../stop-machine.ts';

/**
 * kpatch's own core module, before it used livepatch: stop_machine(), a walk of every task's stack, and registration of
 * all functions with ftrace at that instant. The kernel side refuses with -EBUSY when a patched function is on a stack;
 * the kpatch command tries 5 times, 2 seconds apart. LEAVE_PATCHED_SET and SWITCH_KERNEL.
 */
export const kpatch: PatchingModel = {
  id: 'kpatch',
  title: 'kpatch',
  summary: 'all at once: CPUs stopped, no patched function on any stack',
  leaves: 'patched-set',
  switches: 'kernel',
  evidence: 'documents',
  sources: [
    'V. Pavlik, live-patching list, 7 November 2014 (LEAVE_PATCHED_SET, SWITCH_KERNEL)',
    'J. Poimboeuf, "Re: [PATCH 1/3] sched: add sched_task_call()", 17 February 2015',
    'kpatch/kpatch of the kpatch project: MAX_LOAD_ATTEMPTS 5, RETRY_INTERVAL 2',
    'LWN 597426 on the length of the stop',
  ],
  parameters: [
    {
      name: 'stopTime',
      value: 4_000,
      unit: 'us',
      about: 'for how long one attempt stops all CPUs',
      source:
        'Assumption: a few milliseconds were told for an idle machine; it grows with tasks and the depth of their stacks.',
    },
    {
      name: 'attempts',
      value: 5,
      unit: 'times',
      about: 'how often it tries',
      source: 'MAX_LOAD_ATTEMPTS of the kpatch command.',
    },
    {
      name: 'interval',
      value: 2_000_000,
      unit: 'us',
      about: 'between two attempts',
      source: 'RETRY_INTERVAL of the kpatch command.',
    },
  ],
  variants: [
    {
      name: 'force-unsafe',
      about: 'functions with KPATCH_FORCE_UNSAFE, separated by commas: no stack is searched for them',
      values: [],
    },
  ],
  cannot: [
    'It can not patch a function that some task always sleeps in, short of KPATCH_FORCE_UNSAFE.',
    'It can not be used where stopping all CPUs for milliseconds is too long.',
    'It trusts stack traces that were not known to be reliable at its time.',
  ],
  play: (run) => playStopMachine(run, namedFunctions(variant(run, 'force-unsafe'))),
};
