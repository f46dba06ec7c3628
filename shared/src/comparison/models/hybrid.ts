import { simulate } from '../../simulator/simulate.ts';
import { EVENT_LIMIT, type PatchingModel } from '../model.ts';

/**
 * What Linux does since 4.12, as kernel/livepatch/transition.c of the chosen version has it: this row is the simulator that
 * is compared with Linux 6.1 and 6.12, unchanged.
 */
export const hybrid: PatchingModel = {
  id: 'hybrid',
  title: 'Hybrid',
  summary: 'per task: no patched function on its stack, or it leaves the kernel',
  leaves: 'patched-set',
  switches: 'thread',
  evidence: 'kernel',
  sources: [
    'kernel/livepatch/transition.c of Linux 6.1 and 6.12',
    'RFC PATCH v1.9 "livepatch: hybrid consistency model", J. Poimboeuf, 25 March 2016',
  ],
  parameters: [],
  variants: [],
  cannot: [
    'It does not keep old and new code apart in time: both run until the last task has switched.',
    'A task that is switched by a look at its stack may be in the middle of a system call.',
    'It has no time limit: a task that never leaves the patched functions holds it up for ever.',
  ],
  play: ({ image, workload, seed, kernel, timeLimit }) =>
    simulate({
      kernel,
      workload,
      seed,
      timeLimit,
      eventLimit: EVENT_LIMIT,
      observe: true,
      steps: [{ at: 0, do: 'load', image }],
    }),
};
