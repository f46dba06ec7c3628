import type { Task } from '../simulator/task.ts';
import type { Phase } from '../simulator/workload.ts';

/** Whether a signal or an interrupt makes the task leave the kernel: it runs in user space, or sleeps interruptibly. */
export function isWithinReach({ kind, phase }: Task): boolean {
  return kind === 'user' && (phase.do === 'user' || (phase.do === 'sleep' && phase.state === 'interruptible'));
}

/** What a signal does to the system call that the task sleeps in; null when it is in none. */
export function effectOnCall(phase: Phase): 'restarts' | 'EINTR' | null {
  return phase.do === 'sleep' && phase.syscall !== undefined ? (phase.onSignal ?? 'restarts') : null;
}
