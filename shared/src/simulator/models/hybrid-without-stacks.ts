import type { BlockReason } from '../trace.ts';
import type { ConsistencyModel } from './model.ts';

const NOT_LEFT: BlockReason = {
  kind: 'out-of-reach',
  what: 'in-kernel',
  text: 'has a stack that can’t be walked reliably, and has not left the kernel',
};
const NEVER_LEAVES: BlockReason = {
  kind: 'out-of-reach',
  what: 'in-kernel',
  text: 'is a kernel thread, has a stack that can’t be walked reliably, and never leaves the kernel',
};

/**
 * klp_have_reliable_stack() is false: klp_try_switch_task() gives up before it looks at a stack (kernel/livepatch/transition.c),
 * so that tasks switch at kernel exit and in the idle loop only.
 */
export const hybridWithoutStacks: ConsistencyModel = {
  id: 'hybrid-without-stacks',
  title: 'Kernel exit only (no reliable stacks)',
  warnings: [
    "This architecture doesn't have support for the livepatch consistency model.",
    'The livepatch transition may never complete.',
  ],
  // Nothing is logged for these tasks: the kernel gives up before it knows why.
  tryTask: (_m, { kind }) => (kind === 'kthread' || kind === 'io_worker' ? NEVER_LEAVES : NOT_LEFT),
  atPoint(_m, point) {
    return point === 'cond_resched' ? 'nothing' : 'switch';
  },
};
