/**
 * System calls that give up with EINTR as soon as signal_pending() is true, whatever the signal: fs/eventpoll.c,
 * ipc/sem.c, kernel/signal.c (do_sigtimedwait), fs/aio.c. Seen on 6.1 and 6.12 for epoll_wait, the others follow from
 * the sources.
 */
const EINTR_CALLS: ReadonlySet<string> = new Set([
  'epoll_wait',
  'epoll_pwait',
  'epoll_pwait2',
  'semop',
  'semtimedop',
  'rt_sigtimedwait',
  'io_getevents',
  'io_pgetevents',
]);

/**
 * What a program sees of a transition's notify signal while it sleeps in a system call. The other calls end with one of
 * the ERESTART codes; with no signal handler to run they are entered again on the way to user space (seen: read, futex,
 * nanosleep).
 */
export function signalEffect(syscall: string): 'restarts' | 'EINTR' {
  return EINTR_CALLS.has(syscall) ? 'EINTR' : 'restarts';
}
