import type { Task } from '../../simulator/task.ts';
import type { BlockReason, Trace } from '../../simulator/trace.ts';
import { Bench } from '../bench.ts';
import { type ModelRun, type PatchingModel, parameter, variant } from '../model.ts';
import { interrupt, mainLoopFrames, notAtBoundary } from '../switches.ts';

/**
 * The "simple method" of the debate of February 2015: catch every user task at the kernel's boundary and hold it there,
 * park every kernel thread, change the functions at that one instant, let all go. LEAVE_KERNEL and SWITCH_KERNEL. Woken
 * system calls start again unseen; what does not park makes the patch be refused, which its author counts as a feature.
 * Never built.
 */
export const simpleMethod: PatchingModel = {
  id: 'simple-method',
  title: 'Park everything, then switch',
  summary: 'all at once, with every task held at the boundary of the kernel',
  leaves: 'kernel',
  switches: 'kernel',
  evidence: 'documents',
  sources: [
    'I. Molnar, "live patching design", 20 to 24 February 2015',
    'V. Pavlik and J. Kosina in answer to it, 20 and 21 February 2015',
    'J. Poimboeuf on kthread_parkme(), 19 February 2015',
  ],
  parameters: [
    {
      name: 'parkLimit',
      value: 20_000_000,
      unit: 'us',
      about: 'when it gives up and lets all go',
      source: "Assumption: the limit of the kernel's freezer (pm_freeze_timeout), which works alike.",
    },
    {
      name: 'flipTime',
      value: 1_000,
      unit: 'us',
      about: 'to change the functions when all stand still',
      source: 'Assumption: nothing runs meanwhile, so that it is only as long as writing the code takes.',
    },
  ],
  variants: [
    {
      name: 'kthreads',
      about: 'which kernel threads can be parked',
      values: [
        {
          value: 'by-loop',
          about: 'each, when it goes round its loop; those that sleep interruptibly or idly are woken for it',
        },
        { value: 'none', about: 'none: what the kernel of that time had parking code for is not known here' },
      ],
    },
    {
      name: 'user-space',
      about: 'how tasks are caught that run in user space',
      values: [
        { value: 'ipi', about: 'an interrupt brings them into the kernel' },
        { value: 'exit', about: 'at their next system call or tick' },
      ],
    },
    {
      name: 'long-sleeps',
      about: 'what becomes of tasks in long uninterruptible sleeps, as of sync() or NFS',
      values: [
        { value: 'wait', about: 'they are waited for, like all that no signal wakes' },
        {
          value: 'interruptible',
          about:
            'system calls are changed so that parking ends them, and they start again unseen (I. Molnar asks for it)',
        },
      ],
    },
  ],
  cannot: [
    'It can not patch while one kernel thread can not be parked, a third-party one included.',
    'It can not patch while one task sleeps where nothing wakes it.',
    'It can not replace the main function of a kernel thread: that one parks inside the old one and goes on in it.',
    'It can not be driven by a script: the script is held, too.',
  ],
  play,
};

function play(run: ModelRun): Trace {
  const parksThreads = variant(run, 'kthreads') === 'by-loop';
  const endsLongSleeps = variant(run, 'long-sleeps') === 'interruptible';
  const notParked: BlockReason = {
    kind: 'out-of-reach',
    what: 'not-parked',
    text: parksThreads
      ? 'is a kernel thread that did not come round its loop to park'
      : 'is a kernel thread that has no code to park',
  };
  const flipTime = parameter(run, 'flipTime');
  const parkLimit = parameter(run, 'parkLimit');
  const moving = new Set<Task>();
  let flipping = false;
  const bench = new Bench(run, {
    leftKernel: (task) => park(task),
    phaseChanged(task) {
      if (task.kind === 'user' || !parksThreads || task.phaseIndex !== 0) return;
      task.frames = mainLoopFrames(task.frames);
      park(task);
    },
    forked(child) {
      moving.add(child);
      bench.follow(child);
    },
    exited(task) {
      moving.delete(task);
      flipWhenAllStand();
    },
  });

  /** A sleep past the limit that no signal ends today. What is shorter is waited for. */
  const isLongSleep = ({ phase, phaseEnd }: Task): boolean =>
    phase.do === 'sleep' && phase.state !== 'interruptible' && phaseEnd > parkLimit;

  /** Its call comes back to the boundary, and starts again there when the task may go on. */
  function interruptCall(task: Task): void {
    bench.at(bench.latency(task), () => {
      task.frames = [];
      park(task);
    });
  }

  function park(task: Task): void {
    moving.delete(task);
    bench.hold(task);
    flipWhenAllStand();
  }

  function flipWhenAllStand(): void {
    if (flipping || moving.size > 0) return;
    flipping = true;
    const all = [...bench.tasks, ...bench.idleTasks];
    for (const task of all) bench.switchTask(task, 'at-once');
    bench.pass(1, all.length, 0);
    bench.at(bench.now + flipTime, () => {
      bench.releaseAll();
      bench.finish('done');
    });
  }

  return bench.play(() => {
    for (const task of bench.tasks) moving.add(task);
    for (const task of bench.tasks) {
      const { phase } = task;
      if (phase.do === 'sleep' && (phase.state === 'stopped' || phase.state === 'traced')) {
        // At the boundary already, and held by somebody else.
        task.frames = [];
        park(task);
        continue;
      }
      bench.follow(task);
      if (task.kind === 'user') {
        if (phase.do === 'user') {
          if (variant(run, 'user-space') === 'ipi') interrupt(bench, task);
        } else if (bench.kick(task, 'restarts') || (endsLongSleeps && isLongSleep(task))) {
          const effect = phase.do === 'sleep' && phase.syscall !== undefined ? 'restarts' : null;
          bench.emit({ at: 0, type: 'signal', task: task.id, woken: true, effect });
          if (isLongSleep(task)) interruptCall(task);
        }
      } else if (parksThreads && phase.do === 'sleep' && (phase.state === 'interruptible' || phase.state === 'idle')) {
        bench.wake(task, null);
      }
    }
    flipWhenAllStand();
    bench.at(parkLimit, () => {
      if (flipping) return;
      for (const task of moving) {
        bench.blocked(task, task.kind === 'user' ? notAtBoundary(task) : notParked);
      }
      bench.pass(1, 0, moving.size);
      bench.releaseAll();
      bench.finish('refused');
    });
  });
}
