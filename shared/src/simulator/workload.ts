/**
 * A described system: CPUs, loaded modules and tasks with what they do. Presets stand in `workloads/`, captures of real
 * machines have the same form (plain JSON).
 */
export interface Workload {
  /** Short id: `web-server`. */
  readonly id: string;
  /** For people: "Web server, 4 CPUs". */
  readonly title: string;
  /** Where it comes from and what it stands for, in a sentence or two. */
  readonly description: string;
  readonly cpus: number;
  /** Ticks a second (CONFIG_HZ). */
  readonly hz: number;
  /** CPUs that run without a tick while one task is on them. */
  readonly nohzFullCpus: readonly number[];
  /** CPUs that are possible but not online: nothing runs there. Absent: none. */
  readonly offlineCpus?: readonly number[];
  /** Names of loaded modules, which objects of a patch may be. */
  readonly modules: readonly string[];
  readonly tasks: readonly TaskGroup[];
}

/** Tasks that are alike. Idle tasks are not listed: there is one for each CPU. */
export interface TaskGroup {
  /** /proc/PID/comm, at most 15 characters. */
  readonly comm: string;
  readonly kind: 'user' | 'kthread' | 'io_worker';
  readonly count: number;
  readonly behaviour: Behaviour;
  /** CPUs that its tasks are bound to, one each in turn. Absent: any CPU that has a tick. */
  readonly cpus?: readonly number[];
  /** `by-step`: its tasks come with a `start` step and at their first phase. Absent: they are there from the start. */
  readonly starts?: 'by-step';
  /** Signals that end a sleep of its tasks instead of the tasks, because a handler or sigwait() takes them. */
  readonly handles?: readonly number[];
  /** The kernel tells its tasks when a module comes or goes, which wakes them: systemd-udevd. Absent: not. */
  readonly hearsUevents?: true;
  /** What this group does on the system, for people; optional. */
  readonly note?: string;
}

/**
 * What a task does, as a cycle of phases that is started at a random point (by the seed). One phase for ever is a
 * cycle of one. At least one phase takes time. A user task returns to user space before each `user` phase, between two
 * sleeps, after a fork, and whenever it goes round its cycle.
 *
 * Stacks are what /proc/PID/stack shows without offsets, innermost first, with `__schedule` and `schedule` in front as
 * the kernel's own check sees them: `do_epoll_wait`, and `xfs_buf_iowait [xfs]` for a function of a module.
 */
export interface Behaviour {
  readonly phases: readonly Phase[];
  /** `first-phase`: the run begins with the first phase. Absent: with a random point of the cycle. */
  readonly begins?: 'first-phase';
}

export type Phase =
  /** Runs in user space. The tick interrupts it (a kernel exit every 1/hz s) unless its CPU is nohz_full. */
  | { readonly do: 'user'; readonly for: Duration }
  /** Is in the kernel and on a CPU. `stack` is what its stack shows, innermost first. */
  | {
      readonly do: 'kernel';
      readonly for: Duration;
      readonly stack: readonly string[];
      /** Calls cond_resched() now and then (6.4 to 6.15 switch there). */
      readonly condResched?: boolean;
    }
  /** Sleeps in the kernel. */
  | {
      readonly do: 'sleep';
      readonly for: Duration;
      readonly stack: readonly string[];
      /** TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE, TASK_KILLABLE, TASK_IDLE, or stopped/traced. */
      readonly state: SleepState;
      /** System call it sleeps in, named as programs name it: `epoll_wait`. Absent for kthreads. */
      readonly syscall?: string;
      /** What a program sees when a signal round wakes it: the call goes on by itself, or returns EINTR. */
      readonly onSignal?: 'restarts' | 'EINTR';
      /** False when the stack can't be walked reliably. */
      readonly reliable?: boolean;
      /** TASK_FREEZABLE: since 6.16 the task looks at its own stack on the way into it. */
      readonly freezable?: boolean;
    }
  /** Forks a child that lives for `childLives` and then exits; takes no time itself. */
  | {
      readonly do: 'fork';
      readonly childLives: Duration /** What it runs; absent: the same. */;
      readonly childComm?: string;
    }
  /** Leaves. A group whose tasks exit shrinks. */
  | { readonly do: 'exit' };

export type SleepState = 'interruptible' | 'uninterruptible' | 'killable' | 'idle' | 'stopped' | 'traced';

/** How long, in microseconds: evenly drawn between min and max; `mean` draws from an exponential distribution within them. */
export interface Duration {
  readonly min: number;
  /** `'forever'`: it ends only by a wake-up from outside. */
  readonly max: number | 'forever';
  readonly mean?: number;
}
