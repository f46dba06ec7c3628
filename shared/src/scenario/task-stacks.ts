import type { Phase, TaskGroup } from '../simulator/workload.ts';
import { type ScenarioTask, SIGNALS, type TaskActivity } from './scenario.ts';

/**
 * What a scenario's tasks look like to the simulator. Stacks were read in /proc/PID/stack of Debian's 6.1.192 and 6.12.117
 * while the guest's helper program did these things; that file leaves the scheduler's own functions out, those of 6.12 are
 * put back as the workloads have them.
 */

type Sleep = Extract<Phase, { do: 'sleep' }>;

const FOREVER = { min: 0, max: 'forever' } as const;
const SCHEDULE = ['__schedule', 'schedule'];
const SYSCALL = ['do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];
/** ret_from_fork_asm() came between the two kernels that were looked at. */
const KTHREAD61 = ['kthread', 'ret_from_fork'];
const KTHREAD = [...KTHREAD61, 'ret_from_fork_asm'];
const HRTIMEOUT = 'schedule_hrtimeout_range_clock';

interface Call {
  readonly frames: readonly string[];
  /** Where 6.1 differs. */
  readonly frames61?: readonly string[];
  readonly syscall: string;
  readonly onSignal?: 'EINTR';
  readonly state?: 'killable' | 'stopped';
  /** It is left for pause() when it returns. */
  readonly once?: boolean;
}

const PAUSE: Call = { frames: ['__do_sys_pause'], syscall: 'pause' };

const CALLS: { readonly [does in TaskActivity]?: Call } = {
  read: { frames: ['pipe_read', 'vfs_read', 'ksys_read'], syscall: 'read' },
  epoll: { frames: [HRTIMEOUT, 'do_epoll_wait', '__x64_sys_epoll_wait'], syscall: 'epoll_wait', onSignal: 'EINTR' },
  poll: { frames: [HRTIMEOUT, 'do_sys_poll', '__x64_sys_poll'], syscall: 'poll', once: true },
  select: {
    frames: [HRTIMEOUT, 'do_select', 'core_sys_select', 'do_pselect.constprop.0', '__x64_sys_pselect6'],
    syscall: 'pselect6',
    once: true,
  },
  futex: {
    frames: ['futex_wait_queue', '__futex_wait', 'futex_wait', 'do_futex', '__x64_sys_futex'],
    frames61: ['futex_wait_queue', 'futex_wait', 'do_futex', '__x64_sys_futex'],
    syscall: 'futex',
  },
  nanosleep: {
    frames: ['do_nanosleep', 'hrtimer_nanosleep', 'common_nsleep_timens', '__x64_sys_clock_nanosleep'],
    syscall: 'clock_nanosleep',
  },
  pause: PAUSE,
  traced: PAUSE,
  wait4: { frames: ['do_wait', 'kernel_wait4', '__do_sys_wait4'], syscall: 'wait4' },
  vfork: {
    frames: ['schedule_timeout', '__wait_for_common', 'wait_for_completion_state', 'kernel_clone', '__do_sys_vfork'],
    syscall: 'vfork',
    state: 'killable',
    once: true,
  },
  accept: {
    frames: ['schedule_timeout', 'inet_csk_accept', 'inet_accept', 'do_accept', '__sys_accept4', '__x64_sys_accept'],
    syscall: 'accept',
  },
  recv: {
    frames: [
      'schedule_timeout',
      'unix_stream_read_generic',
      'unix_stream_recvmsg',
      'sock_recvmsg',
      '__sys_recvfrom',
      '__x64_sys_recvfrom',
    ],
    frames61: [
      'schedule_timeout',
      'unix_stream_read_generic',
      'unix_stream_recvmsg',
      '__sys_recvfrom',
      '__x64_sys_recvfrom',
    ],
    syscall: 'recvfrom',
  },
  semop: { frames: [HRTIMEOUT, '__do_semtimedop', 'do_semtimedop'], syscall: 'semop', onSignal: 'EINTR' },
  sigwait: {
    frames: [HRTIMEOUT, 'do_sigtimedwait.isra.0', '__x64_sys_rt_sigtimedwait'],
    frames61: [HRTIMEOUT, 'do_sigtimedwait', '__x64_sys_rt_sigtimedwait'],
    syscall: 'rt_sigtimedwait',
    onSignal: 'EINTR',
  },
  sigsuspend: { frames: ['sigsuspend', '__x64_sys_rt_sigsuspend'], syscall: 'rt_sigsuspend' },
  stopped: {
    frames: ['do_signal_stop', 'get_signal', 'arch_do_signal_or_restart', 'syscall_exit_to_user_mode'],
    frames61: [
      'do_signal_stop',
      'get_signal',
      'arch_do_signal_or_restart',
      'exit_to_user_mode_prepare',
      'syscall_exit_to_user_mode',
    ],
    syscall: 'kill',
    state: 'stopped',
    once: true,
  },
};

/** How a task sleeps, as a workload tells it. */
export interface Sleeping {
  /** With the scheduler's own functions and the system call's entry, innermost first. */
  readonly stack: readonly string[];
  readonly state: string;
  readonly syscall: string | null;
  readonly onSignal: 'restarts' | 'EINTR' | null;
}

/**
 * What the guest's helper program can do in place of a user task that sleeps: in the same state, with the same functions of
 * a patch on its stack, and with a system call that signals end alike. Null when it can do nothing of that kind.
 *
 * @param patched functions that a patch replaces
 */
export function activityLike(
  { stack, state, syscall, onSignal }: Sleeping,
  patched: ReadonlySet<string>,
  kernel: string,
): TaskActivity | null {
  const own = stack.filter((frame) => !SCHEDULE.includes(frame) && !SYSCALL.includes(frame));
  const met = (frames: readonly string[]): string => frames.filter((frame) => patched.has(frame)).join();
  const fitting = Object.entries(CALLS)
    .map(([does, call]) => ({ does: does as TaskActivity, call, frames: framesOf(call, kernel) }))
    .filter(({ does, call, frames }) => {
      if (does === 'traced' || (call.state ?? 'interruptible') !== state || met(frames) !== met(own)) return false;
      return state === 'stopped' || (call.onSignal ?? 'restarts') === (onSignal ?? 'restarts');
    });
  const exact = fitting.find(({ frames }) => frames.join() === own.join());
  const sameCall = fitting.find(({ call }) => call.syscall === syscall);
  // Where nothing of the patch is on the stack, another system call would show nothing about this one.
  return (exact ?? sameCall ?? (met(own) === '' ? undefined : fitting[0]))?.does ?? null;
}

/** The system call that an activity sleeps in, as programs name it: `epoll_wait`. */
export const systemCallOf = (does: TaskActivity): string => CALLS[does]?.syscall ?? does;

/** The group for a named task. A started one comes with its step, a kernel thread is there from the beginning. */
export function taskGroup(name: string, task: ScenarioTask, kernel: string): TaskGroup {
  if (task.does === 'kernel-thread') {
    const outermost = kernelIsBefore612(kernel) ? KTHREAD61 : KTHREAD;
    const sleep = (frames: readonly string[]): Sleep => ({
      do: 'sleep',
      for: FOREVER,
      stack: [...SCHEDULE, ...frames, ...outermost.filter((frame) => !frames.includes(frame))],
      state: task.state,
    });
    const stack = task.stack ?? [];
    const phases = task.afterWake ? [sleep(stack), sleep(task.afterWake)] : [sleep(stack)];
    return { comm: name, kind: 'kthread', count: 1, behaviour: { phases, begins: 'first-phase' } };
  }
  return {
    comm: name,
    kind: 'user',
    count: 1,
    starts: 'by-step',
    ...(task.does === 'sigwait' ? { handles: [SIGNALS.USR1] } : {}),
    behaviour: { phases: userPhases(task, kernel), begins: 'first-phase' },
  };
}

/** The name of the task that the guest's helper program starts besides a named one, on the simulator. */
export const companionName = (name: string): string => `${name}'s child`;

/**
 * What that task does; null when there is none. The child of a vfork() reads the pipe on which the byte comes that lets
 * both go on; those of wait4 and traced sleep for ever.
 */
export function companionGroup(name: string, task: ScenarioTask, kernel: string): TaskGroup | null {
  const group = (phases: Phase[]): TaskGroup => ({
    comm: companionName(name),
    kind: 'user',
    count: 1,
    starts: 'by-step',
    behaviour: { phases, begins: 'first-phase' },
  });
  switch (task.does) {
    case 'vfork':
      return group([callPhase(CALLS.read ?? PAUSE, kernel, FOREVER), { do: 'exit' }]);
    case 'wait4':
      return group([callPhase(PAUSE, kernel, FOREVER)]);
    case 'traced':
      return group([{ ...callPhase(CALLS.stopped ?? PAUSE, kernel, FOREVER), state: 'traced' }]);
    default:
      return null;
  }
}

function userPhases(task: ScenarioTask, kernel: string): Phase[] {
  switch (task.does) {
    case 'spin':
      return [{ do: 'user', for: FOREVER }];
    case 'calls':
      return [
        { do: 'user', for: { min: 1, max: 3 } },
        { do: 'kernel', for: { min: 1, max: 2 }, stack: SYSCALL },
      ];
    case 'kernel':
      return [
        {
          do: 'kernel',
          for: { min: 50_000, max: 100_000 },
          stack: ['read_zero', 'vfs_read', 'ksys_read', ...SYSCALL],
          condResched: true,
        },
        { do: 'user', for: { min: 1, max: 10 } },
      ];
    case 'fork':
      return [
        { do: 'user', for: { min: 20, max: 60 } },
        { do: 'fork', childLives: { min: 100, max: 400 } },
        callPhase(CALLS.wait4 ?? PAUSE, kernel, { min: 200, max: 600 }),
        callPhase(CALLS.nanosleep ?? PAUSE, kernel, { min: 5000, max: 5100 }),
      ];
    default:
      break;
  }
  const call = CALLS[task.does] ?? PAUSE;
  if (task.stack !== null) {
    const own: Sleep = {
      do: 'sleep',
      for: FOREVER,
      stack: [...SCHEDULE, ...task.stack, ...SYSCALL],
      state: task.state,
      syscall: call.syscall,
      onSignal: task.onSignal,
    };
    return [own, callPhase(PAUSE, kernel, FOREVER)];
  }
  const micros = task.seconds === null ? null : task.seconds * 1_000_000;
  const first = callPhase(call, kernel, micros === null ? FOREVER : { min: micros, max: micros });
  return call.once ? [first, callPhase(PAUSE, kernel, FOREVER)] : [first];
}

function callPhase(call: Call, kernel: string, time: Sleep['for']): Sleep {
  return {
    do: 'sleep',
    for: time,
    stack: [...SCHEDULE, ...framesOf(call, kernel), ...SYSCALL],
    state: call.state ?? 'interruptible',
    syscall: call.syscall,
    onSignal: call.onSignal ?? 'restarts',
  };
}

function framesOf(call: Call, kernel: string): readonly string[] {
  return kernelIsBefore612(kernel) ? (call.frames61 ?? call.frames) : call.frames;
}

/** Versions between the two that were looked at are taken for the older one. */
function kernelIsBefore612(kernel: string): boolean {
  const [major = 6, minor = 12] = kernel.split('.').map(Number);
  return major * 1000 + minor < 6012;
}

/** The guest's first process and the one that carries the steps out: they look around all the time. */
export function guestTasks(kernel: string): TaskGroup[] {
  const looks = (micros: number): TaskGroup => ({
    comm: 'init',
    kind: 'user',
    count: 1,
    behaviour: {
      phases: [
        callPhase(CALLS.nanosleep ?? PAUSE, kernel, { min: micros, max: micros }),
        { do: 'user', for: { min: 20, max: 400 } },
      ],
    },
  });
  return [looks(20_000), looks(100_000)];
}
