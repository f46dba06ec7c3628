import type { Duration, Phase, SleepState, TaskGroup } from '../workload.ts';
import * as stacks from './stacks.ts';

/** The kernel threads of a machine that has little to do. Times are microseconds. */

const MS = 1000;
const SECOND = 1_000_000;

const FOREVER: Duration = { min: 0, max: 'forever' };

/** About so long: exponentially distributed, and never beyond ten times that. */
const about = (mean: number): Duration => ({ min: 1, max: mean * 10, mean });

function kthread(
  comm: string,
  count: number,
  stack: readonly string[],
  time: Duration = FOREVER,
  state: SleepState = 'interruptible',
): TaskGroup {
  const sleeps: Phase = { do: 'sleep', for: time, stack, state };
  if (time.max === 'forever' && time.mean === undefined)
    return { comm, kind: 'kthread', count, behaviour: { phases: [sleeps] } };
  // What it calls when it wakes has returned by the time that it looks for more to do.
  const main = stack.slice(stack.indexOf('kthread') - 1);
  const works: Phase = { do: 'kernel', for: { min: 5, max: 60 }, stack: main, condResched: true };
  return { comm, kind: 'kthread', count, behaviour: { phases: [sleeps, works] } };
}

/** A kworker: idle most of the time, in TASK_IDLE, where no wake-up of livepatch's reaches it. */
function kworker(comm: string, count: number, time: Duration): TaskGroup {
  const sleeps: Phase = { do: 'sleep', for: time, stack: stacks.WORKER, state: 'idle' };
  const works: Phase = { do: 'kernel', for: { min: 5, max: 200 }, stack: stacks.WORKER_BUSY, condResched: true };
  return { comm, kind: 'kthread', count, behaviour: { phases: [sleeps, works] } };
}

/** The kernel threads that every machine has: those of each CPU, workers, memory management. */
export function kernelThreads(cpus: number): TaskGroup[] {
  const groups: TaskGroup[] = [
    kthread('kthreadd', 1, stacks.KTHREADD),
    kthread('pool_workqueue_', 1, stacks.KTHREAD_WORKER),
  ];
  for (const name of [
    'rcu_gp',
    'sync_wq',
    'slub_flushwq',
    'netns',
    'mm_percpu_wq',
    'inet_frag_wq',
    'kintegrityd',
    'kblockd',
    'blkcg_punt_bio',
    'tpm_dev_wq',
    'edac-poller',
    'devfreq_wq',
    'kthrotld',
    'mld',
    'ipv6_addrconf',
    'kstrp',
  ]) {
    groups.push(kthread(`kworker/R-${name}`.slice(0, 15), 1, stacks.RESCUER, FOREVER, 'idle'));
  }
  groups.push(
    kthread('rcu_tasks_kthre', 1, stacks.RCU_TASKS, FOREVER, 'idle'),
    kthread('rcu_tasks_rude_', 1, stacks.RCU_TASKS, FOREVER, 'idle'),
    kthread('rcu_tasks_trace', 1, stacks.RCU_TASKS, FOREVER, 'idle'),
    kthread('rcu_preempt', 1, stacks.RCU_GP, about(20 * MS), 'idle'),
  );
  for (let cpu = 0; cpu < cpus; cpu++) {
    for (const name of ['cpuhp', 'idle_inject', 'migration', 'ksoftirqd']) {
      const time = name === 'ksoftirqd' ? about(500 * MS) : name === 'migration' ? about(4 * SECOND) : FOREVER;
      groups.push(kthread(`${name}/${cpu}`.slice(0, 15), 1, stacks.SMPBOOT, time));
    }
    groups.push(kworker(`kworker/${cpu}:0`, 1, about(120 * MS)));
    groups.push(kworker(`kworker/${cpu}:1`, 1, about(900 * MS)));
    groups.push(kworker(`kworker/${cpu}:0H`, 1, about(2 * SECOND)));
  }
  groups.push(
    kworker(`kworker/u${2 * cpus}:1`, Math.max(2, Math.floor(cpus / 2)), about(300 * MS)),
    kthread('kdevtmpfs', 1, stacks.KDEVTMPFS),
    kthread('kauditd', 1, stacks.KAUDITD),
    kthread('khungtaskd', 1, stacks.KHUNGTASKD, { min: 120 * SECOND, max: 120 * SECOND }),
    kthread('oom_reaper', 1, stacks.OOM_REAPER),
    kthread('kcompactd0', 1, stacks.KCOMPACTD, { min: 500 * MS, max: 500 * MS }),
    kthread('ksmd', 1, stacks.KSMD),
    kthread('khugepaged', 1, stacks.KHUGEPAGED, { min: 10 * SECOND, max: 10 * SECOND }),
    kthread('kswapd0', 1, stacks.KSWAPD),
  );
  return groups;
}
