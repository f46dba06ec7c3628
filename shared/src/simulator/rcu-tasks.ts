import type { Machine } from './machine.ts';
import { timeText } from './time-text.ts';

/** Microseconds after which RCU tasks reports what it waits for (rcu_task_stall_info). */
const STALL_INFO = 10_000_000;

/**
 * The last replacement of a function goes: unregister_ftrace_function() waits in synchronize_rcu_tasks() until every task
 * has given way once (6.1: with CONFIG_PREEMPTION), with klp_mutex held. The run does not play that wait; it tells of those
 * who make it long. Only tasks that somebody has looked at are known: looking changes what they do later.
 */
export function tellRcuTasksStall(m: Machine, module: string): void {
  if (m.rcuTasksToldAt === m.now) return;
  m.tasks.forEach((task) => {
    const { phaseEnd } = task;
    if (phaseEnd - m.now < STALL_INFO) return;
    const { phase } = task;
    if (phase.do !== 'kernel' || phase.condResched === true) return;
    m.rcuTasksToldAt = m.now;
    const text = `${task.comm}:${task.id} runs in the kernel for another ${timeText(phaseEnd - m.now)} and does not give way: taking '${module}' out waits for it (RCU tasks) and keeps klp_mutex. Writes to enabled and loading of modules hang so long.`;
    m.emit({ at: m.now, type: 'finding', id: 'rcu-tasks-stall', text });
  });
}
