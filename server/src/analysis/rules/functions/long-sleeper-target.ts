import type { Rule } from '../../rule.ts';
import { exampleModule, exampleReplacing } from '../example-module.ts';
import { namedTargets, words } from './named-targets.ts';

/** Functions that programs sleep in until something happens that may never happen: read, poll, wait, accept, futex. */
const NAMES = words(
  `__futex_wait __skb_wait_for_more_packets common_nsleep core_sys_select do_accept do_epoll_wait do_futex
  do_mq_timedreceive do_msgrcv do_nanosleep do_poll do_select do_sigtimedwait do_sys_poll do_wait ep_poll eventfd_read
  futex_wait hrtimer_nanosleep inet_csk_accept inotify_read io_cqring_wait kernel_wait4 n_tty_read pipe_read read_events
  signalfd_read signalfd_read_iter sigsuspend sk_wait_data syslog_print timerfd_read unix_accept
  unix_stream_read_generic wait_woken`,
);

export const rule: Rule = {
  id: 'long-sleeper-target',
  severity: 'information',
  severityReason: 'It works, and takes its time; the forecast says how long.',
  group: 'functions',
  summary: 'Programs sleep in the function for long, and hold the transition up until they get a signal.',
  kernel: {
    outcome: 'hazard',
    text: 'Tasks that sleep in the old function do not switch. After 15 seconds livepatch interrupts them: most system calls restart unseen, but epoll_wait() returns EINTR to the program.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'A task switches when the old function is not on its stack. In these functions programs wait for input, timers or ' +
    'children, perhaps for days. The transition is done only after the signals, 16 to 18 seconds from its start, and ' +
    'again when the patch is disabled; a task in uninterruptible sleep takes longer. If there is a function further down that returns before the task sleeps, replace that ' +
    'one.',
  examples: {
    bad: [
      {
        title: 'Readers of sockets wait in it',
        code: exampleReplacing('unix_stream_read_generic', 'fixed_unix_stream_read_generic', {
          marked: true,
          functions: `
static int fixed_unix_stream_read_generic(void *state, bool freezable)
{
	return -EAGAIN;
}`,
        }),
      },
    ],
    good: [{ title: 'A function that returns at once', code: exampleModule({}) }],
  },
  check: (module) =>
    namedTargets(
      module,
      (name) => NAMES.has(name),
      ({ name }) =>
        `Programs sleep in ${name}(). The transition waits for them until livepatch interrupts them after 15 seconds, when enabling and again when disabling.`,
    ),
};
