import type { Rule } from '../../rule.ts';
import { exampleModule, exampleReplacing } from '../example-module.ts';
import { namedTargets, words } from './named-targets.ts';

/** kernel/exit.c: a task is in them when it is taken off the list of tasks. */
const NAMES = words('do_exit do_group_exit do_task_dead exit_notify make_task_dead release_task');

export const rule: Rule = {
  id: 'exit-path-target',
  severity: 'warning',
  severityReason: 'Nothing happens as long as the replacement’s module stays in memory.',
  group: 'functions',
  summary: 'The function is run by tasks that end and that livepatch no longer sees.',
  kernel: {
    outcome: 'hazard',
    text: 'A task that was taken off the list of tasks no longer holds a transition up, but still runs this code. When the patch is then replaced or disabled and its module removed, the task runs freed memory.',
    evidence: 'documentation',
  },
  explanation:
    'livepatch looks at the tasks on the kernel’s list. A task that ends leaves the list in the middle of these functions, ' +
    'and goes on in them for a while. If they are replacements, their module must not be freed at that moment, and ' +
    'nobody checks. Replace a function that is called earlier on the way out, or never remove the module of such a patch.',
  examples: {
    bad: [
      {
        title: 'What a task that made the kernel oops ends in',
        code: exampleReplacing('make_task_dead', 'fixed_make_task_dead', {
          marked: true,
          includes: '#include <linux/sched.h>',
          functions: `
static void fixed_make_task_dead(int signr)
{
	for (;;)
		schedule();
}`,
        }),
      },
    ],
    good: [{ title: 'A function that returns to its caller', code: exampleModule({}) }],
  },
  check: (module) =>
    namedTargets(
      module,
      (name) => NAMES.has(name),
      ({ name }) =>
        `A task in ${name}() leaves the list of tasks, and livepatch no longer waits for it. If the module is removed then, the task runs freed memory.`,
    ),
};
