import { noteLateExit } from './late-exits.ts';
import type { Machine } from './machine.ts';
import { hash } from './prng.ts';
import type { Task } from './task.ts';
import { childClass, NEVER } from './task-class.ts';
import { checkedFrames, switchTask, trySwitchTask } from './transition.ts';
import type { Duration } from './workload.ts';

/**
 * What tasks do by themselves while a transition waits for them: leaving the kernel, going round the idle loop, calling
 * cond_resched(); and forks and exits at any time.
 */

/** Microseconds between two calls of cond_resched() in a loop that has them. */
const COND_RESCHED_SPREAD = 1000;
/** Microseconds that a new task needs to get to user space. */
const FIRST_RETURN_SPREAD = 180;

const NO_FRAMES: readonly string[] = [];
const STOPPED = ['__schedule', 'schedule', 'do_signal_stop', 'get_signal', 'arch_do_signal_or_restart'];
const SYSCALL_ENTRY = ['do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];

/** Finds the next moment at which a task that waits to switch could do so itself. */
export function scheduleSwitchPoint(m: Machine, task: Task): void {
  if (!task.alive || !task.patchPending) m.broken(`task ${task.id} waits for nothing`);
  const { phase } = task;
  const condResched = m.model.atPoint(m, 'cond_resched') !== 'nothing';
  const checksItself = condResched || m.model.atPoint(m, 'freezable-sleep') !== 'nothing';
  let at = task.phaseEnd;
  if (task.kind === 'user') {
    if (phase.do === 'user' && m.hasTick(task)) at = Math.min(at, m.now + 1 + drawn(m, task, m.tick));
  } else if (!checksItself && !task.eager) {
    // It never leaves the kernel: only the passes can switch it, and they look for themselves.
    at = NEVER;
  }
  // A task whose every event is played on its own must not miss one.
  const isWaitedOut = !m.recordAll && task.kind !== 'user' && !task.eager && checksItself;
  if (isWaitedOut && isBlockedEverywhere(m, task)) at = NEVER;
  else if (condResched && phase.do === 'kernel' && phase.condResched === true) {
    at = Math.min(at, m.now + 1 + drawn(m, task, COND_RESCHED_SPREAD));
  }
  m.scheduleTask(task, at);
}

/**
 * Whether all that the task ever does keeps it from switching: then its self checks change nothing but the log, and a
 * forecast need not play each of its wake-ups.
 */
function isBlockedEverywhere(m: Machine, task: Task): boolean {
  const checks = checkedFrames(m);
  return task.behaviour.phases.every(
    (phase) =>
      (phase.do === 'sleep' || phase.do === 'kernel') &&
      checks.blocks(m.framesOf(phase.stack, task.patchState)) !== null,
  );
}

function drawn(m: Machine, task: Task, below: number): number {
  return hash(m.seed, task.id, m.now) % below;
}

/** The task's event is due. */
export function taskEvent(m: Machine, task: Task): void {
  task.queued = false;
  if (task.kind === 'idle') {
    if (task.patchPending && m.model.atPoint(m, 'idle') === 'switch') switchTask(m, task, 'idle');
    return;
  }
  if (task.phaseEnd <= m.now) {
    endPhase(m, task);
  } else if (task.phase.do === 'user') {
    exitToUser(m, task);
  } else if (task.phase.do === 'kernel' && task.phase.condResched === true) {
    checkItself(m, task, 'cond_resched');
  }
  if (!task.alive) return;
  if (task.patchPending) scheduleSwitchPoint(m, task);
  else if (task.eager) m.scheduleTask(task, task.phaseEnd);
}

function endPhase(m: Machine, task: Task): void {
  // A cycle has at least one phase that takes time, so that going round once is enough.
  for (let steps = 0; steps <= task.behaviour.phases.length && task.phaseEnd <= m.now; steps++) {
    const { phase, leftKernel } = task.next(m.now);
    if (phase.do === 'fork') fork(m, task, phase.childLives, phase.childComm);
    if (leftKernel || task.fate !== null) exitToUser(m, task);
    if (task.fate !== null && meetFate(m, task)) return;
    if (phase.do === 'exit') {
      exit(m, task, 'exits');
      return;
    }
    m.readStack(task);
    if (phase.do === 'sleep' && phase.freezable === true) checkItself(m, task, 'freezable-sleep');
  }
  if (!task.isStopped) task.eager = task.taskClass.eager;
  if (task.phaseEnd <= m.now) m.broken(`task ${task.id} (${task.comm}) has a cycle that takes no time`);
}

/** exit_to_user_mode_loop(): klp_update_patch_state() looks at no stack, there is nothing of the kernel on it. */
export function exitToUser(m: Machine, task: Task): void {
  task.notifySignal = false;
  task.frames = NO_FRAMES;
  if (task.patchPending && m.model.atPoint(m, 'kernel-exit') === 'switch') switchTask(m, task, 'kernel-exit');
}

/** __klp_sched_try_switch(), which the task calls itself. */
function checkItself(m: Machine, task: Task, point: 'cond_resched' | 'freezable-sleep'): void {
  if (!task.patchPending || m.model.atPoint(m, point) === 'nothing') return;
  trySwitchTask(m, task, point, checkedFrames(m));
}

/** copy_process(): the child has its parent's state and flag (klp_copy_process()). */
function fork(m: Machine, parent: Task, lives: Duration, comm: string | undefined): void {
  const child = makeChild(m, parent, lives, comm);
  child.patchState = parent.patchState;
  child.patchPending = parent.patchPending;
  admit(m, parent, child);
}

/** A task that begins now, runs in user space for a time and exits. */
export function makeChild(m: Machine, parent: Task, lives: Duration, comm: string | undefined): Task {
  const { cpu, taskClass } = parent;
  const id = m.tasks.add(childClass(taskClass, lives, comm), 1, cpu === null ? null : [cpu]);
  const child = m.tasks.find(id) as Task;
  child.begin(m.now);
  return child;
}

/** Takes a new task in that has its parent's patch_state. */
export function admit(m: Machine, parent: Task, child: Task): void {
  m.follow(child);
  // A child that has nothing to switch holds nobody up.
  if (m.recordAll || child.patchPending)
    m.emit({ at: m.now, type: 'fork', parent: parent.id, child: child.identity(), state: child.patchState });
  if (child.patchPending && m.transition !== null) {
    m.transition.waiting.push(child);
    m.scheduleTask(child, Math.min(child.phaseEnd, m.now + 20 + drawn(m, child, FIRST_RETURN_SPREAD)));
  }
}

/** get_signal(), which runs after the exit to user space has switched the task. True when the task is gone. */
function meetFate(m: Machine, task: Task): boolean {
  const { fate } = task;
  task.fate = null;
  if (fate === 'exits') {
    exit(m, task, 'killed');
    return true;
  }
  const stack = [...STOPPED, ...m.traits.syscallExitFrames, ...SYSCALL_ENTRY];
  task.stop({ do: 'sleep', for: { min: 0, max: 'forever' }, stack, state: 'stopped' });
  return false;
}

/** do_exit() and release_task(): from now on no pass sees it. */
function exit(m: Machine, task: Task, how: 'exits' | 'killed'): void {
  task.alive = false;
  noteLateExit(m, task, how);
  if (m.recordAll || task.told !== null) m.emit({ at: m.now, type: 'exit', task: task.id });
}
