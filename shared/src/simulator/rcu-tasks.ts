import type { Machine } from './machine.ts';
import type { Task } from './task.ts';
import type { TaskClass } from './task-class.ts';
import { timeText } from './time-text.ts';

/** Microseconds after which RCU tasks reports what it waits for (rcu_task_stall_info). */
const STALL_INFO = 10_000_000;

/**
 * The last replacement of a function goes: unregister_ftrace_function() waits in synchronize_rcu_tasks() until every task
 * that is runnable has slept or was met by a tick in user space (kernels with CONFIG_PREEMPTION, which Debian's are), with
 * klp_mutex held. cond_resched() does not end it: what it does is an involuntary switch. On Linux 6.12 a reader of /dev/zero
 * made a write to `enabled` take 523 s. The run does not play that wait; it tells of those who make it long.
 */
export function tellRcuTasksStall(m: Machine, module: string): void {
  if (m.rcuTasksToldAt === m.now) return;
  m.tasks.forEach((task) => {
    const why = stall(m, task);
    if (why === null) return;
    m.rcuTasksToldAt = m.now;
    const text = `${task.comm}:${task.id} ${why}: taking '${module}' out waits for it (RCU tasks) and keeps klp_mutex. Writes to enabled and loading of modules hang so long.`;
    m.emit({ at: m.now, type: 'finding', id: 'rcu-tasks-stall', text });
  });
}

/** How a task makes that wait long; null: it doesn't. */
function stall(m: Machine, task: Task): string | null {
  const wait = waitForTick(m, task.taskClass);
  if (wait >= STALL_INFO)
    return `is in the kernel nearly all the time and does not sleep: until a tick finds it in user space it takes about ${timeText(wait)}`;
  // Only what somebody has looked at is known: looking changes what a task does later.
  const rest = task.phaseEnd - m.now;
  if (rest < STALL_INFO || task.phase.do !== 'kernel') return null;
  return `runs in the kernel for another ${timeText(rest)} and does not sleep`;
}

/**
 * Microseconds on average until a tick finds a task in user space that goes in and out of the kernel; 0 when it sleeps, and
 * when it is not told how long it is in user space.
 */
function waitForTick(m: Machine, { kind, behaviour, cycleTime, endless, expected }: TaskClass): number {
  const isBusy = behaviour.phases.every((phase) => phase.do === 'kernel' || phase.do === 'user');
  if (kind !== 'user' || endless >= 0 || !isBusy) return 0;
  const inUser = expected.reduce((sum, time, i) => sum + (behaviour.phases[i]?.do === 'user' ? time : 0), 0);
  return inUser === 0 ? 0 : Math.round((m.tick * cycleTime) / inUser);
}
