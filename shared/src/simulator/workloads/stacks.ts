/**
 * Where tasks sleep in Linux 6.12 on x86-64: the frames that the kernel's stack check walks, innermost first. The waits in
 * system calls and those of the kernel threads that every machine has were read on Debian's 6.12.117 (sched_switch stack
 * traces); waits for disks are put together from the sources. What the compiler inlined there has no frame (ep_poll() is
 * part of do_epoll_wait()), and a function that is left by a tail call has none either (__x64_sys_read()).
 */

const SCHEDULE = ['__schedule', 'schedule'];
const SYSCALL = ['do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];
const KTHREAD = ['kthread', 'ret_from_fork', 'ret_from_fork_asm'];

const inSyscall = (...frames: string[]): readonly string[] => [...SCHEDULE, ...frames, ...SYSCALL];
const inKthread = (...frames: string[]): readonly string[] => [...SCHEDULE, ...frames, ...KTHREAD];

/** User tasks, by the system call they wait in. */
export const EPOLL_WAIT = inSyscall('schedule_hrtimeout_range_clock', 'do_epoll_wait', '__x64_sys_epoll_wait');
export const POLL = inSyscall('schedule_hrtimeout_range_clock', 'do_sys_poll', '__x64_sys_poll');
export const PPOLL = inSyscall('schedule_hrtimeout_range_clock', 'do_sys_poll', '__x64_sys_ppoll');
export const SELECT = inSyscall(
  'schedule_hrtimeout_range_clock',
  'do_select',
  'core_sys_select',
  'do_pselect.constprop.0',
  '__x64_sys_pselect6',
);
export const NANOSLEEP = inSyscall('do_nanosleep', 'hrtimer_nanosleep', 'common_nsleep', '__x64_sys_clock_nanosleep');
export const FUTEX = inSyscall('futex_wait_queue', '__futex_wait', 'futex_wait', 'do_futex', '__x64_sys_futex');
export const WAIT4 = inSyscall('do_wait', 'kernel_wait4', '__do_sys_wait4');
export const PIPE_READ = inSyscall('pipe_read', 'vfs_read', 'ksys_read');
export const TTY_READ = inSyscall('schedule_timeout', 'wait_woken', 'n_tty_read', 'tty_read', 'vfs_read', 'ksys_read');
export const SIGSUSPEND = inSyscall('sigsuspend', '__x64_sys_rt_sigsuspend');

/** Waits for a disk, which no signal ends. */
export const FSYNC = inSyscall(
  'jbd2_log_wait_commit [jbd2]',
  'ext4_sync_file [ext4]',
  'do_fsync',
  '__x64_sys_fdatasync',
);
export const PAGE_READ = inSyscall(
  'io_schedule',
  'folio_wait_bit_common',
  'filemap_get_pages',
  'filemap_read',
  'vfs_read',
  'ksys_read',
);

/** Kernel threads. */
export const KTHREADD = [...SCHEDULE, 'kthreadd', 'ret_from_fork', 'ret_from_fork_asm'];
export const WORKER = inKthread('worker_thread');
export const WORKER_BUSY = ['process_one_work', 'worker_thread', ...KTHREAD];
export const KTHREAD_WORKER = inKthread('kthread_worker_fn');
export const RESCUER = inKthread('rescuer_thread');
export const SMPBOOT = inKthread('smpboot_thread_fn');
export const RCU_GP = inKthread('schedule_timeout', 'rcu_gp_fqs_loop', 'rcu_gp_kthread');
export const RCU_TASKS = inKthread('rcu_tasks_one_gp', 'rcu_tasks_kthread');
export const KSWAPD = inKthread('kswapd');
export const KCOMPACTD = inKthread('schedule_timeout', 'kcompactd');
export const KHUGEPAGED = inKthread('schedule_timeout', 'khugepaged');
export const KSMD = inKthread('ksm_scan_thread');
export const OOM_REAPER = inKthread('oom_reaper');
export const KDEVTMPFS = inKthread('devtmpfs_work_loop', 'devtmpfsd');
export const KAUDITD = inKthread('kauditd_thread');
export const KHUNGTASKD = inKthread('schedule_timeout', 'watchdog');
