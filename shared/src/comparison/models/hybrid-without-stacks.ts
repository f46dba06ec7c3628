import { simulate } from '../../simulator/simulate.ts';
import { EVENT_LIMIT, type PatchingModel } from '../model.ts';

/**
 * The same on an architecture whose stacks can't be walked reliably: klp_try_switch_task() never succeeds, so that only
 * kernel exit and the idle loop switch tasks. Read in kernel/livepatch/transition.c of 6.1 and 6.12; not seen on a kernel
 * here, where x86-64 has reliable stacks.
 */
export const hybridWithoutStacks: PatchingModel = {
  id: 'hybrid-without-stacks',
  title: 'Hybrid without reliable stacks',
  summary: 'per task, when it leaves the kernel',
  leaves: 'kernel',
  switches: 'thread',
  evidence: 'documents',
  sources: [
    'klp_try_switch_task() and klp_have_reliable_stack() in kernel/livepatch of Linux 6.1 and 6.12',
    'RFC PATCH v1.9 "livepatch: hybrid consistency model", J. Poimboeuf, 25 March 2016',
  ],
  parameters: [],
  variants: [],
  cannot: [
    'It can never switch a kernel thread: those do not leave the kernel.',
    'It does not keep old and new code apart in time.',
  ],
  play: ({ image, workload, seed, kernel, timeLimit }) =>
    simulate({
      kernel,
      workload,
      seed,
      timeLimit,
      eventLimit: EVENT_LIMIT,
      model: 'hybrid-without-stacks',
      observe: true,
      steps: [{ at: 0, do: 'load', image }],
    }),
};
