#!/usr/bin/env node
/**
 * Prints samples/machines/compute-node.json: a recording, as the capture script writes it, of a machine that does not exist. It has
 * what holds live patching up in one model or another: a kernel thread that waits for a dead disk, a computation on a CPU
 * without a tick, a task that waits for an NFS server which is gone, and 300 tasks that do nothing unusual. The stacks are
 * those of Linux 6.12 on x86-64.
 */
const SYSCALL = ['do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];
const KTHREAD = ['kthread', 'ret_from_fork', 'ret_from_fork_asm'];
/** Numbers of system calls on x86-64. */
const CALLS = { read: 0, poll: 7, nanosleep: 230, wait4: 61, fsync: 74, futex: 202, epoll_wait: 232, ppoll: 271 };
const WAITS = {
  epoll_wait: ['do_epoll_wait', '__x64_sys_epoll_wait'],
  poll: ['do_sys_poll', '__x64_sys_poll'],
  ppoll: ['do_sys_poll', '__x64_sys_ppoll'],
  nanosleep: ['hrtimer_nanosleep', 'common_nsleep', '__x64_sys_clock_nanosleep'],
  futex: ['futex_wait', 'do_futex', '__x64_sys_futex'],
  wait4: ['do_wait', 'kernel_wait4', '__do_sys_wait4'],
};
const SECONDS = 5;
const CPUS = '0-15';
const ALL_CPUS = CPUS;

let pid = 1;
const early = [];
const late = [];

/** `wakes` is how often it wakes in a second, `runs` how many nanoseconds it runs each time. */
function add(comm, kind, more, { wakes = 0, runs = 100_000 } = {}) {
  const task = {
    pid: pid,
    tid: pid,
    ppid: kind === 'kthread' ? 2 : 1,
    comm,
    kind,
    state: 'S',
    started: 100 + pid,
    cpus: ALL_CPUS,
    voluntary: 40,
    involuntary: 2,
    runtime: 40 * runs,
    utime: 0,
    stime: 0,
    syscall: 0,
    trusted: true,
    stack: [],
    ...more,
  };
  const times = Math.round(wakes * SECONDS);
  early.push(task);
  late.push({ ...task, voluntary: task.voluntary + times, runtime: task.runtime + times * runs, ...more.later });
  pid++;
}

function sleeper(comm, count, call, rate) {
  const more = { syscall: CALLS[call], stack: [...WAITS[call], ...SYSCALL] };
  for (let i = 0; i < count; i++) add(comm, 'user', more, rate);
}

sleeper('systemd', 1, 'epoll_wait', { wakes: 0.2 });
add('kthreadd', 'kthread', { stack: ['kthreadd', 'ret_from_fork', 'ret_from_fork_asm'] });
for (let cpu = 0; cpu < 16; cpu++) {
  const bound = { cpus: String(cpu) };
  for (const name of ['cpuhp', 'migration', 'ksoftirqd']) {
    add(
      `${name}/${cpu}`,
      'kthread',
      { ...bound, stack: ['smpboot_thread_fn', ...KTHREAD] },
      { wakes: 0.4, runs: 20_000 },
    );
  }
  const worker = { ...bound, state: 'I', stack: ['worker_thread', ...KTHREAD] };
  add(`kworker/${cpu}:0`, 'kthread', worker, { wakes: 4, runs: 30_000 });
  add(`kworker/${cpu}:1`, 'kthread', worker, { wakes: 0.6, runs: 30_000 });
}
add('kswapd0', 'kthread', { stack: ['kswapd', ...KTHREAD] });
add('khugepaged', 'kthread', { stack: ['khugepaged', ...KTHREAD] }, { wakes: 0.2 });
add('jbd2/sda1-8', 'kthread', { stack: ['kjournald2 [jbd2]', ...KTHREAD] }, { wakes: 0.4 });
// A disk that does not answer any more: no signal ends this, and it never comes back to its loop.
add('jbd2/sdb1-8', 'kthread', {
  state: 'D',
  voluntary: 4,
  stack: [
    '__wait_on_bit',
    'out_of_line_wait_on_bit',
    'jbd2_journal_commit_transaction [jbd2]',
    'kjournald2 [jbd2]',
    ...KTHREAD,
  ],
});
sleeper('systemd-journal', 1, 'epoll_wait', { wakes: 1 });
sleeper('dbus-daemon', 1, 'epoll_wait', { wakes: 0.2 });
sleeper('cron', 1, 'nanosleep', { wakes: 0.2 });
sleeper('sshd', 12, 'ppoll', { wakes: 0.2 });
sleeper('bash', 10, 'wait4', { wakes: 0.2 });
sleeper('slurmd', 8, 'poll', { wakes: 1 });
sleeper('slurmstepd', 20, 'poll', { wakes: 0.4 });
sleeper('node_exporter', 10, 'futex', { wakes: 2 });
sleeper('mpirun', 6, 'epoll_wait', { wakes: 10 });
sleeper('orted', 15, 'epoll_wait', { wakes: 4 });
sleeper('python3', 61, 'futex', { wakes: 2 });
sleeper('nginx', 30, 'epoll_wait', { wakes: 20, runs: 60_000 });
sleeper('ldmsd', 40, 'nanosleep', { wakes: 1 });
// A page that was written waits for a server that is gone.
add('rsync', 'user', {
  state: 'D',
  voluntary: 4,
  syscall: CALLS.fsync,
  stack: [
    'folio_wait_bit_common',
    'folio_wait_writeback',
    '__filemap_fdatawait_range',
    'file_write_and_wait_range',
    'nfs_file_fsync [nfs]',
    'do_fsync',
    '__x64_sys_fsync',
    ...SYSCALL,
  ],
});
// It computes, makes no system call, and its CPU has no tick.
add('xhpl', 'user', {
  state: 'R',
  cpus: '15',
  voluntary: 3,
  involuntary: 1,
  syscall: null,
  trusted: false,
  stack: [],
  runtime: 3_600_000_000_000,
  utime: 360_000,
  later: { runtime: 3_605_000_000_000, utime: 360_500 },
});

const rows = (tasks) => tasks.map(({ later: _, ...task }) => JSON.stringify(task)).join(',\n');
process.stdout.write(`{"format":"livepatch-capture","version":1,"captured":"2026-11-21T12:00:00Z","anonymised":false,"seconds":${SECONDS},"recorder":null,
"kernel":"6.12.0-sample","machine":"x86_64","cpus":"${CPUS}","hz":250,"clockTicks":100,"nohzFull":"12-15",
"modules":["ext4","jbd2","nfs","sunrpc"],
"livepatches":[],
"samples":[{"uptime":4000.0,"tasks":[
${rows(early)}
]},{"uptime":${4000 + SECONDS}.0,"tasks":[
${rows(late)}
]}],
"problems":[]}
`);
