import { type MachineState, stateAt } from '../../../shared/src/simulator/replay.ts';
import { simulate } from '../../../shared/src/simulator/simulate.ts';
import type { Action, Step } from '../../../shared/src/simulator/step.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import type { Phase, TaskGroup, Workload } from '../../../shared/src/simulator/workload.ts';

const MILLISECOND = 1_000;
/** A script looks again after this time, so many times at most. */
const POLL = 100 * MILLISECOND;
const POLLS = 600;

/**
 * The simulated machine as somebody at its shell has it: steps are done one after the other, at a time that goes on while
 * he waits. Each look plays the steps so far from the beginning; what was before a step does not depend on it.
 */
export class TwinMachine {
  readonly kernel: string;
  private readonly seed: number;
  /** Microseconds since the machine began. */
  private clock = 0;
  private readonly steps: Step[] = [];
  private readonly groups: TaskGroup[] = [...GUEST];
  private played: Trace | null = null;

  constructor(kernel: string, seed: number) {
    this.kernel = kernel;
    this.seed = seed;
  }

  get now(): number {
    return this.clock;
  }

  /** All that happens when nobody does anything any more; what is after `now` has not happened. */
  get trace(): Trace {
    this.played ??= simulate({
      kernel: this.kernel,
      workload: { ...MACHINE, tasks: this.groups },
      seed: this.seed,
      timeLimit: this.clock + POLL * (POLLS + 1),
      steps: this.steps,
    });
    return this.played;
  }

  get state(): MachineState {
    return stateAt(this.trace, this.clock);
  }

  /** Does something a millisecond later and returns its errno. */
  act(action: Action): number {
    this.clock += MILLISECOND;
    this.steps.push({ at: this.clock, ...action });
    this.played = null;
    return this.errnoOf(this.steps.length - 1);
  }

  /** Does something as soon as it is not refused with this errno; returns the errno of the last try. */
  actUnless(action: Action, refusal: number): number {
    for (let tries = 0; tries < POLLS; tries++) {
      const errno = this.act(action);
      if (errno !== refusal) return errno;
      this.steps.pop();
      this.played = null;
      this.sleep();
    }
    return refusal;
  }

  sleep(): void {
    this.clock += POLL;
    // The run must reach beyond the clock.
    this.played = null;
  }

  /** Waits until that is so, looking now and then. False when it does not become so. */
  waitUntil(holds: (state: MachineState) => boolean): boolean {
    const { trace } = this;
    for (let tries = 0; tries <= POLLS; tries++) {
      if (holds(stateAt(trace, this.clock))) return true;
      this.clock += POLL;
    }
    return false;
  }

  /** Starts tasks that were not there when the machine began. */
  start(group: TaskGroup): number {
    if (!this.groups.some(({ comm }) => comm === group.comm)) this.groups.push({ ...group, starts: 'by-step' });
    return this.act({ do: 'start', task: group.comm });
  }

  private errnoOf(index: number): number {
    for (const event of this.trace.events) if (event.type === 'step' && event.index === index) return event.errno;
    throw new Error(`step ${index} was not played`);
  }
}

/** A file of /sys/kernel/livepatch; undefined when it is not there. */
export function sysfsValue(state: MachineState, path: string): string | null | undefined {
  return state.sysfs.find((node) => node.path === path)?.value;
}

export function isInSysfs(state: MachineState, path: string): boolean {
  return state.sysfs.some((node) => node.path === path);
}

const FOREVER = { min: 0, max: 'forever' } as const;
const USER_ENTRY = ['do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];
const KTHREAD_ENTRY = ['kthread', 'ret_from_fork', 'ret_from_fork_asm'];

function asleep(stack: readonly string[], syscall?: string): Phase {
  return {
    do: 'sleep',
    for: FOREVER,
    stack: ['__schedule', 'schedule', ...stack],
    state: syscall === undefined ? 'idle' : 'interruptible',
    ...(syscall === undefined ? {} : { syscall, onSignal: 'restarts' }),
  };
}

function user(comm: string, frames: readonly string[], syscall: string): TaskGroup {
  return { comm, kind: 'user', count: 1, behaviour: { phases: [asleep([...frames, ...USER_ENTRY], syscall)] } };
}

function kthread(comm: string, count: number, frames: readonly string[]): TaskGroup {
  return { comm, kind: 'kthread', count, behaviour: { phases: [asleep([...frames, ...KTHREAD_ENTRY])] } };
}

/** A virtual machine that has just come up and runs nothing but the test script. */
const MACHINE: Workload = {
  id: 'guest',
  title: 'Guest, 2 CPUs',
  description: 'A small virtual machine in which a test script runs.',
  cpus: 2,
  hz: 250,
  nohzFullCpus: [],
  modules: [],
  tasks: [],
};

const GUEST: readonly TaskGroup[] = [
  user('init', ['do_wait', 'kernel_wait4', '__do_sys_wait4'], 'wait4'),
  kthread('kthreadd', 1, ['kthreadd']),
  kthread('kworker', 8, ['worker_thread']),
  kthread('ksoftirqd', 2, ['smpboot_thread_fn']),
  {
    comm: 'rcu_sched',
    kind: 'kthread',
    count: 1,
    behaviour: {
      phases: [
        {
          ...asleep(['schedule_timeout', 'rcu_gp_fqs_loop', 'rcu_gp_kthread', ...KTHREAD_ENTRY]),
          for: { min: 4_000, max: 12_000 },
        } as Phase,
        {
          do: 'kernel',
          for: { min: 5, max: 40 },
          stack: ['rcu_gp_fqs_loop', 'rcu_gp_kthread', ...KTHREAD_ENTRY],
          condResched: true,
        },
      ],
    },
  },
  user('sshd', ['schedule_hrtimeout_range_clock', 'do_poll', 'do_sys_poll', '__x64_sys_ppoll'], 'ppoll'),
  user('bash', ['do_wait', 'kernel_wait4', '__do_sys_wait4'], 'wait4'),
];

/** The worker that runs the work of a test module. */
export const WORKER = 'kworker/0:3';

/** A worker of a workqueue, asleep in a work function; woken, it waits for the next work. */
export function busyWorker(frames: readonly string[]): TaskGroup {
  const working = asleep([...frames, 'process_one_work', 'worker_thread', ...KTHREAD_ENTRY]);
  const idle = asleep(['worker_thread', ...KTHREAD_ENTRY]);
  return {
    comm: WORKER,
    kind: 'kthread',
    count: 1,
    behaviour: { phases: [working, idle], begins: 'first-phase' },
  };
}

/** Programs that do nothing but a system call that takes no time. */
export function hammering(comm: string, count: number, frame: string): TaskGroup {
  return {
    comm,
    kind: 'user',
    count,
    behaviour: {
      phases: [
        { do: 'kernel', for: { min: 1, max: 2 }, stack: [frame, ...USER_ENTRY] },
        { do: 'user', for: { min: 1, max: 3 } },
      ],
    },
  };
}
