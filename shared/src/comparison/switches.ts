import type { Task } from '../simulator/task.ts';
import type { BlockReason } from '../simulator/trace.ts';
import type { Bench } from './bench.ts';
import type { ModelParameter, ModelVariant } from './model.ts';

/**
 * Choices that the debate of February 2015 left open, for the models that switch task by task: how tasks are made to leave
 * the kernel, and how those are reached that never enter it.
 */

/**
 * P. Zijlstra, 19 February 2015: tasks on nohz_full CPUs make no system call and get no tick; hold them at entry
 * (TIF_ENTER_WAIT). J. Kosina, the same day: context tracking knows who is in user space.
 */
export const USER_SPACE_VARIANT: ModelVariant = {
  name: 'user-space',
  about: 'how tasks are reached that run in user space',
  values: [
    { value: 'exit', about: 'they go over at their next system call or interrupt' },
    { value: 'ipi', about: 'each look interrupts them, on CPUs without a tick too' },
    {
      value: 'context-tracking',
      about:
        'a look takes those on nohz_full CPUs over where context tracking knows them in user space; they may enter the kernel meanwhile, and each entry costs more than without',
    },
    {
      value: 'hold-at-entry',
      about:
        'a look takes them over in user space while a flag (TIF_ENTER_WAIT) holds them at kernel entry; how long is not counted',
    },
  ],
};

export const SIGNAL_VALUES = {
  fake: {
    value: 'fake',
    about: 'interruptible sleeps end without a signal; most calls restart, a few return EINTR',
  },
  'stop-cont': {
    value: 'stop-cont',
    about:
      'SIGSTOP, then SIGCONT: tasks stand still in between, their parents may be told, and those that the user had stopped go on',
  },
  none: { value: 'none', about: 'nobody is signalled' },
} as const;

export const SIGNAL_AFTER: ModelParameter = {
  name: 'signalAfter',
  value: 15_000_000,
  unit: 'us',
  about: 'when tasks that are left are signalled, and again after each such time',
  source: "Assumption: the time after which today's kernel does it, so that rows can be compared.",
  onlyWith: { variant: 'signal', values: ['fake', 'stop-cont'] },
};

export const STOP_FOR: ModelParameter = {
  name: 'stopFor',
  value: 100_000,
  unit: 'us',
  about: 'between SIGSTOP and SIGCONT',
  source: 'Assumption: a script that sends one to all tasks and then the other.',
  onlyWith: { variant: 'signal', values: ['stop-cont'] },
};

/** Takes a task over that a look sees in user space, when the variant can. Returns whether it did. */
export function reachInUserSpace(bench: Bench, task: Task, choice: string): boolean {
  if (task.kind !== 'user' || task.phase.do !== 'user') return false;
  if (choice === 'hold-at-entry' || (choice === 'context-tracking' && !bench.m.hasTick(task))) {
    bench.switchTask(task, 'in-user-space');
    return true;
  }
  if (choice === 'ipi') interrupt(bench, task);
  return false;
}

/** Interrupts a task that runs in user space; it leaves the kernel again at once. */
export function interrupt(bench: Bench, task: Task): void {
  if (!bench.kick(task) || bench.m.hasTick(task)) return;
  const text = `${task.comm} is interrupted on a CPU that was to be left alone (nohz_full)`;
  bench.emit({ at: bench.now, type: 'finding', id: 'isolated-cpu-interrupted', text });
}

/** One round of signals to tasks that still have to go over. Kernel threads get none. */
export function signalRound(bench: Bench, tasks: readonly Task[], choice: string, stopFor: number): void {
  if (choice === 'none') return;
  for (const task of tasks) {
    if (task.kind !== 'user') continue;
    const { phase } = task;
    const asleep = phase.do === 'sleep';
    const wasStopped = asleep && phase.state === 'stopped';
    const effect = asleep && phase.state === 'interruptible' && phase.syscall !== undefined;
    bench.emit({
      at: bench.now,
      type: 'signal',
      task: task.id,
      woken: asleep && phase.state === 'interruptible',
      effect: effect ? (phase.onSignal ?? 'restarts') : null,
    });
    if (choice === 'fake') {
      bench.kick(task);
    } else if (!bench.stopAndContinue(task, stopFor) && wasStopped) {
      const text = `${task.comm}:${task.id} was stopped by its user, and SIGCONT lets it go on`;
      bench.emit({ at: bench.now, type: 'finding', id: 'stopped-task-continued', text });
      bench.wake(task, null);
    }
  }
}

/** Why a task is not at the kernel's boundary. */
export function notAtBoundary(task: Task): BlockReason {
  const { phase } = task;
  if (task.kind !== 'user') {
    return { kind: 'out-of-reach', what: 'in-kernel', text: 'is a kernel thread and never leaves the kernel' };
  }
  switch (phase.do) {
    case 'user':
      return {
        kind: 'out-of-reach',
        what: 'in-user-space',
        text: 'runs in user space and nothing makes it enter the kernel',
      };
    case 'sleep': {
      if (phase.state === 'traced') return { kind: 'out-of-reach', what: 'traced', text: 'is stopped by a debugger' };
      if (phase.state === 'stopped') {
        return { kind: 'out-of-reach', what: 'in-kernel', text: 'is stopped, inside the kernel' };
      }
      const call = phase.syscall === undefined ? 'the kernel' : `${phase.syscall}()`;
      const how = phase.state === 'interruptible' ? 'sleeps' : 'sleeps where no signal wakes it,';
      return { kind: 'out-of-reach', what: 'in-kernel', text: `${how} in ${call}` };
    }
    default:
      return { kind: 'out-of-reach', what: 'in-kernel', text: 'runs in the kernel' };
  }
}

/**
 * What is on a kernel thread's stack where it parks or passes a marked place: its main function, which calls that (J.
 * Poimboeuf, 19 February 2015: it is still the old one when it goes on).
 */
export function mainLoopFrames(stack: readonly string[]): readonly string[] {
  const entry = stack.indexOf('kthread');
  return entry > 0 ? stack.slice(entry - 1) : stack;
}
