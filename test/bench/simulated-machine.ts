import type { PatchImage } from '../../shared/src/model/index.ts';
import type { Duration, Workload } from '../../shared/src/simulator/workload.ts';

/** A patch of these functions of vmlinux. */
export function benchImage(module: string, functions: readonly string[]): PatchImage {
  return {
    module,
    variable: 'patch',
    livepatchMark: true,
    hasExit: true,
    replace: false,
    replaceable: null,
    states: [],
    objects: [
      {
        name: null,
        funcs: functions.map((oldName) => ({
          oldName,
          newFunc: `livepatch_${oldName}`,
          oldSympos: 0,
          source: null,
          newFuncSource: null,
        })),
        callbacks: {},
        source: null,
      },
    ],
    assumptions: [],
    source: null,
  };
}

/** Patches a function that many tasks sleep in. */
export const BENCH_IMAGE: PatchImage = benchImage('bench', ['ep_poll']);

/** A machine with `tasks` tasks: some busy, some that wake often, some that sleep in the patched function for long. */
export function benchWorkload(tasks: number): Workload {
  const quarter = Math.floor(tasks / 4);
  const short: Duration = { min: 100, max: 20_000, mean: 2_000 };
  const long: Duration = { min: 10_000, max: 60_000_000, mean: 2_000_000 };
  const epoll = ['ep_poll', 'do_epoll_wait', '__x64_sys_epoll_wait', 'do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];
  const futex = ['futex_wait_queue', 'futex_wait', 'do_futex', '__x64_sys_futex', 'do_syscall_64'];
  const worker = ['worker_thread', 'kthread', 'ret_from_fork'];
  const sleeper = (stack: readonly string[], syscall: string) =>
    ({ do: 'sleep', for: long, stack, state: 'interruptible', syscall, onSignal: 'restarts' }) as const;
  return {
    id: 'bench',
    title: `Benchmark, ${tasks} tasks`,
    description: 'Sleepers in a patched function, sleepers elsewhere, busy tasks and kernel threads, a quarter each.',
    cpus: 8,
    hz: 250,
    nohzFullCpus: [],
    modules: [],
    tasks: [
      {
        comm: 'poller',
        kind: 'user',
        count: quarter,
        behaviour: { phases: [{ do: 'user', for: short }, sleeper(epoll, 'epoll_wait')] },
      },
      {
        comm: 'waiter',
        kind: 'user',
        count: quarter,
        behaviour: { phases: [{ do: 'user', for: short }, sleeper(futex, 'futex')] },
      },
      {
        comm: 'busy',
        kind: 'user',
        count: tasks - 3 * quarter,
        behaviour: { phases: [{ do: 'user', for: { min: 1_000, max: 50_000 } }] },
      },
      {
        comm: 'kworker',
        kind: 'kthread',
        count: quarter,
        behaviour: { phases: [{ do: 'sleep', for: long, stack: worker, state: 'idle' }] },
      },
    ],
  };
}
