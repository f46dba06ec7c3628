import { hash } from '../../simulator/prng.ts';
import type { Task } from '../../simulator/task.ts';
import type { BlockReason, Trace } from '../../simulator/trace.ts';
import { MAX_STACK_ENTRIES } from '../../simulator/transition.ts';
import { Bench } from '../bench.ts';
import { type ModelRun, namedFunctions, type PatchingModel, parameter, variant } from '../model.ts';
import {
  notAtBoundary,
  reachInUserSpace,
  SIGNAL_AFTER,
  SIGNAL_VALUES,
  STOP_FOR,
  signalRound,
  USER_SPACE_VARIANT,
} from '../switches.ts';
import { immediate, playImmediate } from './immediate.ts';

/**
 * The hybrid model as it was proposed in March 2016 (RFC v1.9): stack checks of sleeping tasks at once and again
 * periodically, kernel exit for the others; nobody is signalled by the kernel, whoever is left over is for the user.
 * `patch->immediate` switches everything at once, `func->immediate` single functions. Neither flag is in Linux today.
 */
export const proposal2016: PatchingModel = {
  id: 'proposal-2016',
  title: 'Hybrid as proposed in 2016',
  summary: 'per task: no patched function on its stack, or it leaves the kernel',
  leaves: 'patched-set',
  switches: 'thread',
  evidence: 'documents',
  sources: [
    'RFC PATCH v1.9 "livepatch: hybrid consistency model", J. Poimboeuf, 25 March 2016',
    'J. Poimboeuf, "Re: [PATCH 1/3] sched: add sched_task_call()", 18 February 2015 (SIGSTOP and SIGCONT)',
    'P. Zijlstra in answer to it, 19 February 2015 (stopped tasks, TIF_ENTER_WAIT)',
    'J. Kosina, 19 and 21 February 2015 (context tracking, a fake signal)',
  ],
  parameters: [
    {
      name: 'retry',
      value: 1_000_000,
      unit: 'us',
      about: 'between two looks at the tasks that are left',
      source: "Assumption: the proposal says periodically; a second is what today's kernel takes.",
    },
    SIGNAL_AFTER,
    STOP_FOR,
  ],
  variants: [
    {
      name: 'patch-immediate',
      about: 'patch->immediate',
      values: [
        { value: 'no', about: 'each task when it is safe' },
        {
          value: 'yes',
          about: 'everything at once, nothing is checked',
          instead: {
            summary: immediate.summary,
            leaves: immediate.leaves,
            switches: immediate.switches,
            parameters: [],
            cannot: immediate.cannot,
          },
        },
      ],
    },
    {
      name: 'func-immediate',
      about: 'functions with func->immediate, separated by commas: no stack is searched for them',
      values: [],
    },
    {
      name: 'stacks',
      about: 'whether stacks can be walked reliably',
      values: [
        { value: 'reliable', about: 'CONFIG_RELIABLE_STACKTRACE' },
        {
          value: 'none',
          about: 'kernel exit only',
          instead: {
            summary: 'per task, when it leaves the kernel',
            leaves: 'kernel',
            cannot: [
              'It can never switch a kernel thread: those do not leave the kernel.',
              'It does not keep old and new code apart in time.',
            ],
          },
        },
      ],
    },
    {
      name: 'signal',
      about: 'how sleepers are made to leave the kernel',
      values: [SIGNAL_VALUES['stop-cont'], SIGNAL_VALUES.fake, SIGNAL_VALUES.none],
    },
    USER_SPACE_VARIANT,
  ],
  cannot: [
    'It can not switch a kernel thread that sleeps in a patched function.',
    'It does not keep old and new code apart in time.',
    'With func->immediate it can never remove the module.',
  ],
  play: (run) => (variant(run, 'patch-immediate') === 'yes' ? playImmediate(run) : play(run)),
};

function play(run: ModelRun): Trace {
  const unchecked = namedFunctions(variant(run, 'func-immediate'));
  const hasStacks = variant(run, 'stacks') === 'reliable';
  const userSpace = variant(run, 'user-space');
  const bench = new Bench(run, {
    leftKernel(task) {
      if (!bench.isNew(task)) bench.switchTask(task, 'kernel-exit');
    },
    forked(child) {
      if (!bench.isNew(child)) bench.follow(child);
    },
  });

  const whyNot = (task: Task): BlockReason | null => {
    if (!hasStacks) return task.kind === 'idle' ? null : notAtBoundary(task);
    if (bench.m.isRunning(task)) return { kind: 'running' };
    if (task.phase.do === 'sleep' && task.phase.reliable === false) return { kind: 'unreliable' };
    if (task.frames.length >= MAX_STACK_ENTRIES) return { kind: 'unreliable' };
    return bench.inside(task, unchecked);
  };

  let passes = 0;
  const pass = (): void => {
    const waiting = bench.tasks.filter((task) => !bench.isNew(task));
    bench.m.seat(waiting);
    for (const task of waiting) {
      const reason = whyNot(task);
      if (reason === null) bench.switchTask(task, 'stack-check');
      else if (!reachInUserSpace(bench, task, userSpace)) bench.blocked(task, reason);
    }
    for (const task of bench.idleTasks) {
      if (bench.isNew(task)) continue;
      if (!bench.m.isRunning(task) && whyNot(task) === null) bench.switchTask(task, 'stack-check');
      else goRoundIdleLoop(bench, task);
    }
    const left = [...waiting, ...bench.idleTasks].filter((task) => !bench.isNew(task)).length;
    passes++;
    bench.pass(passes, waiting.length + bench.idleTasks.length - left, left);
    if (left === 0) {
      bench.finish('done');
      return;
    }
    bench.at(bench.now + parameter(run, 'retry'), pass);
  };
  const signal = (): void => {
    const left = bench.tasks.filter((task) => !bench.isNew(task));
    signalRound(bench, left, variant(run, 'signal'), parameter(run, 'stopFor'));
    bench.at(bench.now + parameter(run, 'signalAfter'), signal);
  };

  return bench.play(() => {
    for (const task of bench.tasks) if (task.kind === 'user') bench.follow(task);
    pass();
    bench.at(parameter(run, 'signalAfter'), signal);
  });
}

/** The idle loop switches its own task each time round; an idle CPU is woken for it. */
function goRoundIdleLoop(bench: Bench, task: Task): void {
  bench.at(bench.now + 10 + (hash(bench.m.seed, task.id, bench.now) % 200), () => {
    if (!bench.isNew(task)) bench.switchTask(task, 'idle');
  });
}
