import { EEXIST, EINVAL, ENOENT, ESRCH } from './errno.ts';
import type { Machine } from './machine.ts';
import { hash } from './prng.ts';
import type { Task } from './task.ts';
import { admit, exitToUser, scheduleSwitchPoint } from './task-events.ts';

/** What a step does to tasks: start them, let them go on, signal them. All return 0 or a negative errno. */

const SIGKILL = 9;
const SIGCONT = 18;
/** Signals that stop a task (signal(7)): STOP, TSTP, TTIN, TTOU. */
const STOPPING: ReadonlySet<number> = new Set([19, 20, 21, 22]);
/** Signals that a task does not notice unless it handles them: CHLD, URG, WINCH. */
const IGNORED: ReadonlySet<number> = new Set([17, 23, 28]);
const LAST_SIGNAL = 64;

/** Tasks of a `by-step` group come to life, as children of init (user) or kthreadd. */
export function startTasks(m: Machine, comm: string): number {
  const index = m.workload.tasks.findIndex((group) => group.starts === 'by-step' && group.comm === comm);
  const group = m.workload.tasks[index];
  if (group === undefined) return ENOENT;
  if (taskCalled(m, comm) !== undefined) return EEXIST;
  const parent = m.tasks.findFirst((task) => task.kind === group.kind);
  // Nobody is left who could start it.
  if (parent === undefined) return ESRCH;
  for (const task of m.addGroup(index)) {
    task.patchState = parent.patchState;
    task.patchPending = parent.patchPending;
    task.begin(m.now);
    m.readStack(task);
    admit(m, parent, task);
  }
  return 0;
}

/** try_to_wake_up() by whoever made true what the task waits for. */
export function wakeTask(m: Machine, comm: string): number {
  const task = taskCalled(m, comm);
  if (task === undefined) return ESRCH;
  m.look(task);
  if (task.phase.do === 'sleep' && !task.isStopped) endSleep(m, task);
  return 0;
}

/** kill(2), and what get_signal() makes of it when the task is on its way to user space. */
export function signalTask(m: Machine, comm: string, signal: number): number {
  if (!Number.isInteger(signal) || signal < 0 || signal > LAST_SIGNAL) return EINVAL;
  const task = taskCalled(m, comm);
  if (task === undefined) return ESRCH;
  // Kernel threads ignore signals, and 0 only asks whether the task is there.
  if (task.kind !== 'user' || signal === 0) return 0;
  m.look(task);
  if (signal === SIGCONT && task.fate === 'stops') task.fate = null;
  if (task.isStopped && (signal === SIGCONT || signal === SIGKILL)) {
    task.goOn(m.now);
    if (signal === SIGKILL) {
      task.fate = 'exits';
      endSleep(m, task);
    } else {
      // It was stopped on its way out of the call, which says EINTR as soon as it is in user space. Programs call again.
      if (saysEintr(task.phase)) m.emit({ at: m.now, type: 'eintr', task: task.id });
      exitToUser(m, task);
      m.readStack(task);
      plan(m, task);
    }
    return 0;
  }
  if (signal === SIGCONT) {
    // It has stopped itself: that is what it was described with.
    if (task.phase.do === 'sleep' && task.phase.state === 'stopped') endSleep(m, task);
    return 0;
  }
  if (IGNORED.has(signal)) return 0;
  if (!handles(m, task, signal)) {
    if (STOPPING.has(signal)) task.fate ??= 'stops';
    else task.fate = 'exits';
  }
  if (isReached(task)) endSleep(m, task, task.fate === 'stops' ? 'restarts' : null);
  else plan(m, task);
  return 0;
}

/** Whether a signal makes the task leave what it does: a sleep that signals end, or user space. */
function isReached({ phase, fate, isStopped }: Task): boolean {
  if (phase.do === 'user') return fate !== null;
  if (phase.do !== 'sleep' || isStopped) return false;
  if (phase.state === 'interruptible') return true;
  // A deadly signal counts as SIGKILL (complete_signal()), which ends all states with TASK_WAKEKILL.
  return fate === 'exits' && (phase.state === 'killable' || phase.state === 'stopped' || phase.state === 'traced');
}

function saysEintr(phase: Task['phase']): boolean {
  return phase.do === 'sleep' && phase.onSignal === 'EINTR';
}

function handles(m: Machine, task: Task, signal: number): boolean {
  const group = task.group === null ? undefined : m.workload.tasks[task.group];
  return signal !== SIGKILL && group?.handles?.includes(signal) === true;
}

function taskCalled(m: Machine, comm: string): Task | undefined {
  return m.tasks.findFirst((task) => task.comm === comm);
}

/** Its present phase, a sleep, ends in some microseconds. */
export function endSleep(m: Machine, task: Task, effect: 'restarts' | null = null): void {
  task.wakeAt(m.now + 20 + (hash(m.seed, task.id, m.now) % 180), effect);
  plan(m, task);
}

/** From now on its events are in the queue: what a step made it do shows at the time at which it happens. */
function plan(m: Machine, task: Task): void {
  task.eager = true;
  if (task.patchPending) scheduleSwitchPoint(m, task);
  else m.scheduleTask(task, task.phaseEnd);
}
