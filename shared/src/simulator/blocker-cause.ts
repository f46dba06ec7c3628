import type { Blocker } from './forecast-types.ts';
import { NEVER, type TaskClass } from './task-class.ts';
import type { BlockReason } from './trace.ts';
import type { Phase, Workload } from './workload.ts';

/** What a held up task is doing, as far as it decides what can be done about it. */
export type BlockerCause =
  /** A thread of the kernel, asleep or not, in the function that it runs as long as it lives. */
  | 'main-loop'
  /** A thread of the kernel in a function that it returns from. */
  | 'kernel-thread'
  /** User tasks, by the state in which they sleep. */
  | 'interruptible'
  | 'killable'
  | 'uninterruptible'
  | 'stopped'
  | 'traced'
  | 'unreliable'
  /** Computes in user space on a CPU that has no tick. */
  | 'user-loop'
  /** Is on a CPU in user space and will be interrupted by the tick. */
  | 'user'
  /** Is on a CPU in the kernel. */
  | 'kernel-loop'
  | 'idle'
  /** The workload does not tell what it does there: it may wait for a CPU. */
  | 'unknown'
  /** Only with other models than the kernel's own. */
  | 'out-of-reach';

export interface CauseOfBlocking {
  readonly cause: BlockerCause;
  /** What it does then; null when the workload does not tell. */
  readonly phase: Phase | null;
}

/** Reads the cause from the task's behaviour and the stack that the look saw, innermost first. */
export function causeOf(
  task: TaskClass,
  reason: BlockReason,
  stack: readonly string[],
  workload: Workload,
): CauseOfBlocking {
  const { kind } = task;
  if (reason.kind === 'out-of-reach') return { cause: 'out-of-reach', phase: null };
  if (kind === 'idle') return { cause: 'idle', phase: null };
  if (reason.kind === 'running') return runningCause(task, workload);
  const phase = phaseWith(task, stack);
  if (reason.kind === 'unreliable') return { cause: 'unreliable', phase };
  if (kind !== 'user') {
    return { cause: mainFunction(stack) === reason.function ? 'main-loop' : 'kernel-thread', phase };
  }
  if (phase?.do === 'kernel') return { cause: 'kernel-loop', phase };
  if (phase?.do !== 'sleep') return { cause: 'unknown', phase };
  // TASK_IDLE is TASK_UNINTERRUPTIBLE that does not count as load.
  return { cause: phase.state === 'idle' ? 'uninterruptible' : phase.state, phase };
}

/** What it most likely does when it is seen on a CPU: that phase which takes most of its time there. */
function runningCause(task: TaskClass, workload: Workload): CauseOfBlocking {
  let longest = -1;
  let phase: Phase | null = null;
  task.behaviour.phases.forEach((each, index) => {
    const time = task.expected[index] ?? 0;
    if ((each.do !== 'user' && each.do !== 'kernel') || time <= longest) return;
    longest = time;
    phase = each;
  });
  if (task.kind !== 'user' || (phase as Phase | null)?.do === 'kernel') return { cause: 'kernel-loop', phase };
  const cpus = task.group === null ? undefined : workload.tasks[task.group]?.cpus;
  const withoutTick = cpus?.some((cpu) => workload.nohzFullCpus.includes(cpu)) === true;
  return { cause: withoutTick ? 'user-loop' : 'user', phase };
}

/**
 * The function that a kernel thread or a worker of io_uring runs as long as it lives: the one that kthread() or the
 * return from fork called (kernel/kthread.c). Null when the stack does not show it.
 */
export function mainFunction(stack: readonly string[]): string | null {
  const thread = stack.indexOf('kthread');
  const outermost = thread >= 0 ? thread : stack.indexOf('ret_from_fork');
  return stack[outermost - 1] ?? null;
}

/** The phase that has that stack, apart from replacements that stand in it for what they replace. */
function phaseWith({ behaviour }: TaskClass, stack: readonly string[]): Phase | null {
  let best: Phase | null = null;
  let most = 0;
  for (const phase of behaviour.phases) {
    if (phase.do !== 'sleep' && phase.do !== 'kernel') continue;
    // A task that was preempted in the kernel has frames of that upon its own.
    const more = stack.length - phase.stack.length;
    if (phase.do === 'sleep' ? more !== 0 : more < 0) continue;
    const alike = phase.stack.filter((frame, index) => frame === stack[index + more]).length;
    if (alike <= most) continue;
    most = alike;
    best = phase;
  }
  return best;
}

/** Microseconds that its sleep lasts when nothing happens to it; null when only an event ends it, or it is not known. */
export function sleepTime(phase: Phase | null): Blocker['sleep'] {
  if (phase?.do !== 'sleep') return null;
  const { min, max, mean } = phase.for;
  if (max === 'forever' || max >= NEVER) return null;
  if (min === max) return { time: max, is: 'exact' };
  return mean === undefined ? { time: max, is: 'most' } : { time: mean, is: 'mean' };
}
