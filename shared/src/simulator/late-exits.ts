import type { Machine } from './machine.ts';
import { hash } from './prng.ts';
import type { KlpFunc } from './structures.ts';
import type { Task } from './task.ts';

/**
 * Tasks that exit are taken off the task list (release_task()) before they are through with do_exit(): no pass of a
 * transition sees them there (kernel/exit.c). What they still run may be a replacement whose module nobody keeps.
 */

/** On the stack behind exit_notify(), innermost first: of a task that exits by itself, of one that a signal kills. */
const EXITING = ['do_exit', 'do_group_exit', '__x64_sys_exit_group'];
const KILLED = ['do_exit', 'do_group_exit', 'get_signal', 'arch_do_signal_or_restart'];
const KTHREAD_EXITING = ['do_exit', 'kthread_exit', 'kthread'];
const TAIL: ReadonlySet<string> = new Set([...EXITING, ...KILLED, ...KTHREAD_EXITING, '__x64_sys_exit']);

/** Microseconds that the rest of do_exit() takes, when nothing preempts it. */
const TAIL_TIME = 200;

/** A task that is gone from the list and still runs. */
export interface LateExit {
  readonly id: number;
  readonly comm: string;
  /** Replacements that it runs, by their frames. */
  readonly frames: readonly string[];
  /** Microseconds. */
  readonly until: number;
}

/** The task has just left the list. */
export function noteLateExit(m: Machine, task: Task, how: 'exits' | 'killed'): void {
  const stack = task.kind !== 'user' ? KTHREAD_EXITING : how === 'killed' ? KILLED : EXITING;
  const frames = m.framesOf(stack, task.patchState).filter((frame, index) => frame !== stack[index]);
  if (frames.length === 0) return;
  const until = m.now + 10 + (hash(m.seed, task.id, m.now) % TAIL_TIME);
  m.lateExits = m.lateExits.filter((exit) => exit.until > m.now);
  m.lateExits.push({ id: task.id, comm: task.comm, frames, until });
}

/**
 * The replacement has left a func_stack that keeps others. Only when the last one goes, unregister_ftrace_function() waits
 * in synchronize_rcu_tasks(), which knows of exiting tasks.
 */
export function tellLateExits(m: Machine, func: KlpFunc): void {
  if (func.nop || !TAIL.has(func.oldName)) return;
  const { module } = func.object.patch;
  const late = m.lateExits.filter(({ until, frames }) => until > m.now && frames.includes(func.newFrame ?? ''));
  for (const { comm, id } of late) {
    tell(
      m,
      `${comm}:${id} is off the task list and still runs ${func.newFunc}(): '${module}' goes without waiting for it.`,
    );
  }
  if (late.length > 0) return;
  tell(
    m,
    `Exiting tasks that are off the task list may still run ${func.newFunc}(): '${module}' goes without waiting for them, as ${func.oldName}() stays patched.`,
  );
}

function tell(m: Machine, text: string): void {
  m.emit({ at: m.now, type: 'finding', id: 'late-exit', text });
}
