import { checkStack } from '../transition.ts';
import type { ConsistencyModel } from './model.ts';

/**
 * What Linux does since 4.12 (kernel/livepatch/transition.c): sleeping tasks are switched when no function of the patch
 * is on their stack, all others when they leave the kernel or go through the idle loop; 6.4 to 6.15 also in cond_resched(), later ones in __schedule() before freezable sleeps.
 */
export const hybrid: ConsistencyModel = {
  id: 'hybrid',
  title: 'Stack checks of sleeping tasks, and kernel exit (Linux 4.12 and later)',
  tryTask(m, task, checks) {
    if (m.isRunning(task)) return { kind: 'running' };
    return checkStack(task, checks);
  },
  atPoint(m, point) {
    if (point === 'cond_resched') return m.traits.condReschedSwitches ? 'check-stack' : 'nothing';
    if (point === 'freezable-sleep') return m.traits.freezableSleepSwitches ? 'check-stack' : 'nothing';
    return 'switch';
  },
};
