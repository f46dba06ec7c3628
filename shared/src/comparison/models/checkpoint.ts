import type { Task } from '../../simulator/task.ts';
import type { Trace } from '../../simulator/trace.ts';
import { Bench } from '../bench.ts';
import { type ModelRun, type PatchingModel, parameter } from '../model.ts';
import { notAtBoundary } from '../switches.ts';

/**
 * A live upgrade instead of a patch: freeze and dump all tasks (CRIU), start the fixed kernel with kexec, restore the tasks
 * in it. LEAVE_KERNEL and SWITCH_KERNEL. CRIU stops tasks with PTRACE_SEIZE, so that one under a debugger can't be dumped;
 * kernel threads are the new kernel's own.
 */
export const checkpoint: PatchingModel = {
  id: 'checkpoint',
  title: 'Checkpoint, kexec, restore',
  summary: 'all at once: every task is dumped and restored in a new kernel',
  leaves: 'kernel',
  switches: 'kernel',
  evidence: 'documents',
  sources: [
    'I. Molnar, "live kernel upgrades", 22 February 2015: well below 10 s, below 1 s when optimised',
    'V. Pavlik in answer to it: minutes where many disks and terabytes of memory have to be initialised',
    'P. Emelyanov in answer to it, 24 February 2015: PTRACE_SEIZE, one task under gdb or strace and there is no upgrade',
  ],
  parameters: [
    {
      name: 'freezeLimit',
      value: 10_000_000,
      unit: 'us',
      about: 'when it gives up freezing tasks and lets all go',
      source: "CRIU's --timeout, 10 s unless told otherwise.",
    },
    {
      name: 'dumpTime',
      value: 10_000,
      unit: 'us',
      about: 'to dump one task, one after the other',
      source: 'Assumption: memory decides, which a workload does not tell; 40 MB at 4 GB/s would take so long.',
    },
    {
      name: 'bootTime',
      value: 5_000_000,
      unit: 'us',
      about: 'from kexec to a kernel that can restore tasks',
      source: 'Assumption: a small virtual machine; minutes were told for large hardware.',
    },
    {
      name: 'restoreTime',
      value: 10_000,
      unit: 'us',
      about: 'to restore one task, one after the other',
      source: 'Assumption: as long as the dump.',
    },
  ],
  variants: [],
  cannot: [
    'It can not dump what CRIU does not know: many devices, some sockets, tasks under a debugger.',
    'It can not say what drivers and large memories take to start: bootTime stands for all of it.',
    'It can not restore connections whose other end gave up meanwhile.',
  ],
  play,
};

function play(run: ModelRun): Trace {
  const moving = new Set<Task>();
  let dumping = false;
  const bench = new Bench(run, {
    leftKernel: (task) => freeze(task),
    forked(child) {
      if (child.kind === 'user') moving.add(child);
      bench.follow(child);
    },
    exited(task) {
      moving.delete(task);
      dumpWhenAllStand();
    },
  });
  const users = (): Task[] => bench.tasks.filter((task) => task.kind === 'user');

  function freeze(task: Task): void {
    moving.delete(task);
    bench.hold(task);
    dumpWhenAllStand();
  }

  function dumpWhenAllStand(): void {
    if (dumping || moving.size > 0) return;
    dumping = true;
    const each = parameter(run, 'dumpTime') + parameter(run, 'restoreTime');
    bench.stopMachine(true);
    bench.at(bench.now + users().length * each + parameter(run, 'bootTime'), restore);
  }

  function restore(): void {
    const all = [...bench.tasks, ...bench.idleTasks];
    // Nothing is left of the old kernel's stacks.
    for (const task of all) {
      task.frames = [];
      bench.switchTask(task, 'at-once');
    }
    bench.pass(1, all.length, 0);
    bench.stopMachine(false);
    bench.releaseAll();
    bench.finish('done');
  }

  function giveUp(blockers: readonly Task[]): void {
    for (const task of blockers) bench.blocked(task, notAtBoundary(task));
    bench.pass(1, 0, blockers.length);
    bench.releaseAll();
    bench.finish('refused');
  }

  return bench.play(() => {
    const traced = users().filter(({ phase }) => phase.do === 'sleep' && phase.state === 'traced');
    if (traced.length > 0) {
      giveUp(traced);
      return;
    }
    for (const task of users()) moving.add(task);
    for (const task of users()) {
      const { phase } = task;
      if (phase.do === 'sleep' && phase.state === 'stopped') {
        task.frames = [];
        freeze(task);
        continue;
      }
      bench.follow(task);
      if (bench.kick(task) && phase.do === 'sleep') {
        const effect = phase.syscall === undefined ? null : (phase.onSignal ?? 'restarts');
        bench.emit({ at: 0, type: 'signal', task: task.id, woken: true, effect });
      }
    }
    dumpWhenAllStand();
    bench.at(parameter(run, 'freezeLimit'), () => {
      if (!dumping) giveUp([...moving]);
    });
  });
}
