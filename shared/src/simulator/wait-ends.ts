/** What ends a sleep, read from where on the stack and in which system call a task sleeps. */

/** By system call: what makes it return. */
const CALLS: readonly { readonly calls: RegExp; readonly until: string }[] = [
  { calls: /^epoll_p?wait2?$/, until: 'one of the files that it watches has an event' },
  { calls: /^(p?poll|p?select6?)(_time\d+)?$/, until: 'one of the files that it watches has an event' },
  { calls: /^accept4?$/, until: 'somebody connects to it' },
  { calls: /^recv(from|msg|mmsg)$/, until: 'data comes in on its socket' },
  { calls: /^(wait4|waitid)$/, until: 'a child of it ends' },
  { calls: /^futex(_wait|_waitv)?$/, until: 'another thread wakes its futex' },
  { calls: /^(pause|rt_sigsuspend)$/, until: 'it gets a signal that it handles' },
  { calls: /^rt_sigtimedwait$/, until: 'it gets one of the signals that it waits for' },
  { calls: /^(clock_)?nanosleep$/, until: 'its time is over' },
];

/** By a frame, in this order: what it waits for where the system call says too little. */
const FRAMES: readonly { readonly frame: RegExp; readonly until: string }[] = [
  { frame: /^(anon_)?pipe_read$/, until: 'something is written into its pipe' },
  { frame: /^(anon_)?pipe_write$/, until: 'its pipe is read' },
  { frame: /^n_tty_read$/, until: 'somebody types on its terminal' },
  { frame: /^(kmsg_read|syslog_print|devkmsg_read)$/, until: 'the kernel logs something' },
  { frame: /^inotify_read$/, until: 'a file that it watches changes' },
  { frame: /^signalfd_read_iter$|^signalfd_dequeue$/, until: 'it gets a signal' },
  { frame: /^eventfd_read$|^timerfd_read/, until: 'its event or timer comes' },
];

/** Waits that no event of user space ends, by a frame. */
const EVENTS: readonly { readonly frame: RegExp; readonly waits: string }[] = [
  {
    frame: /^rpc_|^nfs\d*_| \[(nfs|nfsv[234]|sunrpc)\]$/,
    waits:
      'It waits for an NFS server. It goes on when the server answers; umount -f of the mount makes its requests fail, which ends the wait, too.',
  },
  {
    frame: /^(__)?mutex_lock|^rwsem_down_|^down_(read|write|interruptible|killable)|^__down|^rt_mutex_/,
    waits: 'It waits for a lock. It goes on when whoever holds the lock lets go of it: look for that task.',
  },
  {
    frame:
      /^io_schedule|^(out_of_line_)?wait_on_bit|^__wait_on_bit|^wait_on_buffer|^__wait_on_buffer|^(folio|wait_on_page)_wait_|^blk_|^submit_bio_wait|^jbd2_| \[jbd2\]$/,
    waits: 'It waits for a disk. It goes on when the I/O is done or fails.',
  },
];

/** What a task that signals reach waits for: "somebody connects to it"; null when that can't be told. */
export function awaited(stack: readonly string[], syscall: string | null): string | null {
  const byFrame = FRAMES.find(({ frame }) => stack.some((name) => frame.test(name)));
  if (byFrame !== undefined) return byFrame.until;
  return (syscall !== null && CALLS.find(({ calls }) => calls.test(syscall))?.until) || null;
}

/** What a task waits for that no signal reaches, and what ends that, in sentences; null when that can't be told. */
export function kernelEvent(stack: readonly string[]): string | null {
  return EVENTS.find(({ frame }) => stack.some((name) => frame.test(name)))?.waits ?? null;
}
