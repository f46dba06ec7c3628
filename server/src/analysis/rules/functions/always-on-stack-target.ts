import type { Rule } from '../../rule.ts';
import { exampleModule, exampleReplacing } from '../example-module.ts';
import { ALWAYS_ON_STACK, namedTargets } from './named-targets.ts';

export const rule: Rule = {
  id: 'always-on-stack-target',
  severity: 'error',
  severityReason: 'On every kernel there are tasks that never leave these functions, and no signal changes that.',
  group: 'functions',
  summary: 'Some task is always inside of the function, so the transition never ends.',
  kernel: {
    outcome: 'hazard',
    text: 'The transition does not end: a task switches only when the old function is not on its stack, and there it always is. Meanwhile no other patch can be enabled or disabled.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Every sleeping task has `schedule()` on its stack, every kernel thread has `kthread()`, every kworker `worker_thread()`. ' +
    'A task that sleeps is switched only when its stack holds no function that is replaced, and the signals that livepatch ' +
    'sends after 15 seconds do not make kernel threads return from their main loops. Replace a function that is called ' +
    'from there and returns.',
  examples: {
    bad: [
      {
        title: 'The loop of every kworker',
        code: exampleReplacing('worker_thread', 'fixed_worker_thread', {
          marked: true,
          includes: '#include <linux/kthread.h>',
          functions: `
static int fixed_worker_thread(void *worker)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}`,
        }),
      },
    ],
    good: [{ title: 'A function that returns', code: exampleModule({}) }],
  },
  check: (module) =>
    namedTargets(
      module,
      (name) => ALWAYS_ON_STACK.has(name),
      ({ name }) =>
        `Some task is always in ${name}(), also while it sleeps. The transition never ends, and blocks all other patches. Replace a function that it calls.`,
    ),
};
