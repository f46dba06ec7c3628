import type { ConsistencyModel } from './model.ts';

/**
 * klp_have_reliable_stack() is false: klp_try_switch_task() gives up before it looks at a stack (kernel/livepatch/transition.c),
 * so that tasks switch at kernel exit and in the idle loop only.
 */
export const hybridWithoutStacks: ConsistencyModel = {
  id: 'hybrid-without-stacks',
  title: 'Kernel exit only (no reliable stacks)',
  lacksReliableStacks: true,
  tryTask(m, task) {
    return m.isRunning(task) ? { kind: 'running' } : { kind: 'unreliable' };
  },
  atPoint(_m, point) {
    return point === 'cond_resched' || point === 'freezable-sleep' ? 'nothing' : 'switch';
  },
};
