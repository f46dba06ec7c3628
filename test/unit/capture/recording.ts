/** Recordings as the capture script writes them, in short. */

export const EPOLL = ['do_epoll_wait', '__x64_sys_epoll_wait', 'do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];
export const WORKER = ['worker_thread', 'kthread', 'ret_from_fork', 'ret_from_fork_asm'];

export type Json = Record<string, unknown>;

let tid = 1000;

/** A task that sleeps in epoll_wait(2) and was started 100 s after boot. */
export function task(fields: Json = {}): Json {
  tid += 1;
  return {
    pid: tid,
    tid,
    comm: 'nginx',
    kind: 'user',
    state: 'S',
    started: 10_000,
    cpus: '0-3',
    voluntary: 500,
    involuntary: 3,
    runtime: 50_000_000,
    utime: 4,
    stime: 1,
    syscall: 232,
    trusted: true,
    stack: EPOLL,
    ...fields,
  };
}

/** A recording of two samples, 10 s apart, 1000 s after boot. */
export function recording(first: readonly Json[], second: readonly Json[] = first, fields: Json = {}): Json {
  return {
    format: 'livepatch-capture',
    version: 1,
    captured: '2026-11-21T14:00:00Z',
    anonymised: false,
    seconds: 10,
    recorder: 1,
    kernel: '6.12.117+deb12-cloud-amd64',
    machine: 'x86_64',
    cpus: '0-3',
    hz: 250,
    clockTicks: 100,
    nohzFull: '',
    modules: ['ext4', 'jbd2'],
    livepatches: [],
    samples: [
      { uptime: 1000, tasks: first },
      { uptime: 1010, tasks: second },
    ],
    problems: [],
    ...fields,
  };
}
