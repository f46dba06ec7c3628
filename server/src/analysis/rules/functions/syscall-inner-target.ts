import type { Rule, RuleFinding } from '../../rule.ts';
import { replaceText } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { funcEntries } from '../queries.ts';

/** System calls, by the names that their entries have in the kernel; other functions may begin with `sys_` too. */
const SYSCALLS = new Set(
  `accept accept4 access acct add_key adjtimex alarm bind bpf brk capget capset chdir chmod chown chroot clock_adjtime
  clock_getres clock_gettime clock_nanosleep clock_settime clone clone3 close close_range connect copy_file_range creat
  delete_module dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_wait eventfd eventfd2 execve execveat
  exit exit_group faccessat faccessat2 fadvise64 fallocate fanotify_init fanotify_mark fchdir fchmod fchmodat fchown
  fchownat fcntl fdatasync fgetxattr finit_module flistxattr flock fork fremovexattr fsconfig fsetxattr fsmount fsopen
  fspick fsync ftruncate futex futex_waitv get_mempolicy get_robust_list getcpu getcwd getdents getdents64 getegid
  geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid getpriority getrandom getresgid getresuid
  getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday getuid getxattr init_module inotify_add_watch
  inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_setup io_submit io_uring_enter
  io_uring_register io_uring_setup ioctl ioperm iopl ioprio_get ioprio_set kcmp kexec_file_load kexec_load keyctl kill
  landlock_add_rule landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen listxattr
  llistxattr lremovexattr lseek lsetxattr madvise mbind membarrier memfd_create memfd_secret migrate_pages mincore mkdir
  mkdirat mknod mknodat mlock mlock2 mlockall mmap modify_ldt mount mount_setattr move_mount move_pages mprotect
  mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink mremap msgctl msgget msgrcv msgsnd msync munlock
  munlockall munmap name_to_handle_at nanosleep newfstat newfstatat newlstat newstat newuname open open_by_handle_at
  open_tree openat openat2 pause perf_event_open personality pidfd_getfd pidfd_open pidfd_send_signal pipe pipe2
  pivot_root pkey_alloc pkey_free pkey_mprotect poll ppoll prctl pread64 preadv preadv2 prlimit64 process_madvise
  process_mrelease process_vm_readv process_vm_writev pselect6 ptrace pwrite64 pwritev pwritev2 quotactl quotactl_fd read
  readahead readlink readlinkat readv reboot recvfrom recvmmsg recvmsg remap_file_pages removexattr rename renameat
  renameat2 request_key restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
  rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min sched_getaffinity
  sched_getattr sched_getparam sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
  sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop sendfile64 sendmmsg sendmsg sendto
  set_mempolicy set_robust_list set_tid_address setdomainname setfsgid setfsuid setgid setgroups sethostname setitimer
  setns setpgid setpriority setregid setresgid setresuid setreuid setrlimit setsid setsockopt settimeofday setuid setxattr
  shmat shmctl shmdt shmget shutdown sigaltstack signalfd signalfd4 socket socketpair splice statfs statx swapoff swapon
  symlink symlinkat sync sync_file_range syncfs sysinfo syslog tee tgkill time timer_create timer_delete timer_getoverrun
  timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask umount uname unlink
  unlinkat unshare userfaultfd utime utimensat utimes vfork vhangup vmsplice wait4 waitid write writev`.split(/\s+/),
);

export const rule: Rule = {
  id: 'syscall-inner-target',
  severity: 'warning',
  severityReason: 'Some architectures still have symbols with these names.',
  group: 'functions',
  summary: 'A system call is named as in the source, not as x86-64 names its entry.',
  since: { major: 4, minor: 17 },
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: symbol 'sys_getpid' not found in symbol table",
    text: 'x86-64 has no such symbol since 4.17: insmod fails with EINVAL.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Since Linux 4.17 the entry of a system call on x86-64 is `__x64_sys_NAME`; it takes one parameter, ' +
    '`const struct pt_regs *regs`, and fetches the arguments from there. 32-bit programs come in by `__ia32_sys_NAME` or ' +
    '`__ia32_compat_sys_NAME`: replace these as well. On s390 the prefix is `__s390x_sys_`; powerpc and LoongArch have ' +
    'plain `sys_NAME`. A module for several architectures makes the name with a macro or with `#ifdef`, and this rule ' +
    'keeps quiet there.',
  examples: {
    bad: [
      {
        title: 'The name from the source',
        code: exampleModule({
          includes: '#include <linux/sched.h>',
          functions: `
static long fixed_sys_getpid(const struct pt_regs *regs)
{
	return task_tgid_vnr(current);
}`,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "sys_getpid", //~
		.new_func = fixed_sys_getpid,
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'The entry’s name on x86-64',
        code: exampleModule({
          includes: '#include <linux/sched.h>',
          functions: `
static long fixed_sys_getpid(const struct pt_regs *regs)
{
	return task_tgid_vnr(current);
}`,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "__x64_sys_getpid",
		.new_func = fixed_sys_getpid,
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module, { knowledge }) {
    // The list of symbols knows better: see old-name-not-found.
    if (knowledge?.coverage(null) === 'complete') return [];
    const tables = module.funcTables.filter(({ conditions }) => conditions.length === 0);
    const entries = new Set(tables.flatMap((table) => table.entries));
    return funcEntries(module).flatMap((func): RuleFinding[] => {
      const { oldName, conditions, fields } = func;
      if (oldName.kind !== 'known' || conditions.length > 0 || !entries.has(func)) return [];
      // A name put together by a macro is made for the architecture.
      const field = fields.find(({ name }) => name === 'old_name');
      if (!field || field.conditions.length > 0 || !field.valueText.startsWith('"sys_')) return [];
      const call = oldName.value.slice('sys_'.length);
      if (!SYSCALLS.has(call)) return [];
      return [
        {
          range: oldName.range,
          message: `On x86-64 there is no symbol "${oldName.value}". insmod fails there with EINVAL; the system call's entry is __x64_${oldName.value}().`,
          fixes: [
            {
              title: `Write "__x64_${oldName.value}"`,
              safety: 'suggestion',
              edits: [replaceText(oldName.range, `"__x64_${oldName.value}"`)],
            },
          ],
        },
      ];
    });
  },
};
