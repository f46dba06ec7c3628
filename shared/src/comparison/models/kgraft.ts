import type { Task } from '../../simulator/task.ts';
import type { BlockReason, Trace } from '../../simulator/trace.ts';
import { Bench } from '../bench.ts';
import { type ModelRun, type PatchingModel, parameter, variant } from '../model.ts';
import {
  mainLoopFrames,
  notAtBoundary,
  reachInUserSpace,
  SIGNAL_AFTER,
  SIGNAL_VALUES,
  STOP_FOR,
  signalRound,
  USER_SPACE_VARIANT,
} from '../switches.ts';

const STACK_DEPTH = {
  value: 'stack-depth',
  about:
    "those with nothing but the entry on their stack go over at the start, as in SUSE's kernels; of a running task a stack may be garbage, which is not simulated",
};

/**
 * kGraft: a thread runs the new functions from when it crosses the boundary between kernel and user space. LEAVE_KERNEL
 * and SWITCH_THREAD. Kernel threads have no such boundary. kGraft on top of livepatch (May 2015) lets them run old code
 * for ever and does not wait for them; SUSE's earlier kernels marked safe places in their loops by hand, woke each once,
 * and did wait. Sleepers can be made to cross by a signal that nobody sees ("fake signal").
 */
export const kgraft: PatchingModel = {
  id: 'kgraft',
  title: 'kGraft',
  summary: 'per task, when it leaves or enters the kernel',
  leaves: 'kernel',
  switches: 'thread',
  evidence: 'documents',
  sources: [
    'V. Pavlik, live-patching list, 7 November 2014 (LEAVE_KERNEL, SWITCH_THREAD)',
    '"[RFC kgr on klp 0/9] kGraft on the top of KLP", J. Slaby, and its answers of 4 and 5 May 2015',
    "kernel/kgraft.c of SUSE's kernels, 2014 to 2016 (kgr_handle_processes(), kgr_needs_lazy_migration(), kgr_work_fn())",
    '"kgr: send a fake signal to all blocking tasks", M. Benes, 9 April 2015',
  ],
  parameters: [
    {
      name: 'recheck',
      value: 2_000_000,
      unit: 'us',
      about: 'how often it looks whether all are over',
      source: "KGR_TIMEOUT of SUSE's later kernels; 30 s in earlier ones.",
    },
    SIGNAL_AFTER,
    STOP_FOR,
  ],
  variants: [
    {
      name: 'kthreads',
      about: 'what becomes of kernel threads',
      values: [
        { value: 'old-code', about: 'they run the old code for ever, and nobody waits for them (May 2015)' },
        {
          value: 'annotated',
          about: 'each goes over at a marked place in its loop, and is woken once for it; all are waited for',
        },
      ],
    },
    {
      name: 'signal',
      about: 'how sleepers are made to leave the kernel',
      values: [SIGNAL_VALUES.fake, SIGNAL_VALUES['stop-cont'], SIGNAL_VALUES.none],
    },
    { ...USER_SPACE_VARIANT, values: [...USER_SPACE_VARIANT.values, STACK_DEPTH] },
  ],
  cannot: [
    'It can not tell when a task in an uninterruptible sleep will let it finish.',
    'It can not change what data means: old and new code run beside each other for as long as it takes.',
    'It can not switch a kernel thread that has no marked place in its loop.',
  ],
  play,
};

const NOT_AT_MARK: BlockReason = {
  kind: 'out-of-reach',
  what: 'in-kernel',
  text: 'is a kernel thread that has not come to a marked place in its loop',
};

const LEFT_BEHIND: BlockReason = {
  kind: 'out-of-reach',
  what: 'not-waited-for',
  text: 'is a kernel thread and never leaves the kernel',
};

function play(run: ModelRun): Trace {
  const annotated = variant(run, 'kthreads') === 'annotated';
  const userSpace = variant(run, 'user-space');
  const isPending = (task: Task): boolean => !bench.isNew(task) && (task.kind === 'user' || annotated);
  const bench = new Bench(run, {
    leftKernel(task) {
      if (!bench.isNew(task)) bench.switchTask(task, 'kernel-exit');
    },
    phaseChanged(task) {
      if (task.kind === 'user' || bench.isNew(task) || task.phaseIndex !== 0) return;
      task.frames = mainLoopFrames(task.frames);
      bench.switchTask(task, 'loop-point');
    },
    forked(child) {
      if (isPending(child)) bench.follow(child);
    },
    timeUp: () => leaveBehind(),
  });
  /** Who runs old code and is not waited for. */
  function leaveBehind(): void {
    for (const task of bench.tasks) if (!bench.isNew(task) && !isPending(task)) bench.blocked(task, LEFT_BEHIND);
  }

  let looks = 0;
  let last = 0;
  const look = (): void => {
    for (const task of bench.tasks) if (isPending(task)) reachInUserSpace(bench, task, userSpace);
    const pending = bench.tasks.filter(isPending);
    for (const task of pending) bench.blocked(task, task.kind === 'user' ? notAtBoundary(task) : NOT_AT_MARK);
    looks++;
    bench.pass(looks, last - pending.length, pending.length);
    last = pending.length;
    if (pending.length > 0) {
      bench.at(bench.now + parameter(run, 'recheck'), look);
      return;
    }
    bench.finish('done');
    leaveBehind();
  };
  const signal = (): void => {
    signalRound(bench, bench.tasks.filter(isPending), variant(run, 'signal'), parameter(run, 'stopFor'));
    bench.at(bench.now + parameter(run, 'signalAfter'), signal);
  };

  return bench.play(() => {
    // Idle tasks are on no task list: interrupts on top of them take the new code per CPU.
    for (const task of bench.idleTasks) bench.switchTask(task, 'at-once');
    last = bench.tasks.length;
    for (const task of bench.tasks) {
      if (!isPending(task)) continue;
      if (userSpace === STACK_DEPTH.value && task.kind === 'user' && task.phase.do === 'user') {
        bench.switchTask(task, 'in-user-space');
        continue;
      }
      bench.follow(task);
      if (task.kind === 'user' || task.phase.do !== 'sleep') continue;
      if (task.phase.state === 'interruptible' || task.phase.state === 'idle') bench.wake(task, null);
    }
    look();
    bench.at(parameter(run, 'signalAfter'), signal);
  });
}
