import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleReplacing } from '../example-module.ts';
import { codeOf, replacements } from '../queries.ts';
import { words } from './named-targets.ts';

const ENDLESS = /\b(?:for\s*\(\s*;\s*;\s*\)|while\s*\(\s*(?:1|true)\s*\))/;
/** What may end the function or the loop, or the task. */
const ENDS = /\b(?:return|break|goto|do_exit|kthread_exit|kthread_complete_and_exit|make_task_dead|panic|BUG)\b/;

/** kernel/exit.c. */
const NEVER_RETURN = words('do_exit do_group_exit do_task_dead make_task_dead');

export const rule: Rule = {
  id: 'replacement-never-returns',
  severity: 'warning',
  severityReason: 'The patch itself works; it is disabling or replacing it that does not.',
  group: 'functions',
  summary: 'A replacement loops for ever and has no way out.',
  kernel: {
    outcome: 'hazard',
    text: 'A task that has entered it never leaves. When the patch is disabled or replaced, the transition does not end, and the module stays in memory for ever.',
    evidence: 'kernel source',
  },
  explanation:
    'To take a patch back every task has to leave its functions. A loop without `return`, `break` or `goto` holds the task for good, ' +
    'and the signals that livepatch sends do not change that. Give the loop a condition, such as `signal_pending(current)`.',
  examples: {
    bad: [
      {
        title: 'A loop without end',
        code: exampleReplacing('ctrl_alt_del', 'fixed_ctrl_alt_del', {
          includes: '#include <linux/delay.h>',
          functions: `
static void fixed_ctrl_alt_del(void)
{
	for (;;) //~
		msleep(1000);
}`,
        }),
      },
    ],
    good: [
      {
        title: 'A loop that ends',
        code: exampleReplacing('ctrl_alt_del', 'fixed_ctrl_alt_del', {
          includes: '#include <linux/delay.h>\n#include <linux/sched/signal.h>',
          functions: `
static void fixed_ctrl_alt_del(void)
{
	for (;;) {
		if (signal_pending(current))
			return;
		msleep_interruptible(1000);
	}
}`,
        }),
      },
    ],
  },
  check(module) {
    const seen = new Set<string>();
    return replacements(module).flatMap(({ func, definitions }) => {
      // The originals don't return either.
      if (func.oldName.kind === 'known' && NEVER_RETURN.has(func.oldName.value)) return [];
      return definitions.flatMap((definition): RuleFinding[] => {
        if (definition.returns.length > 0 || seen.has(definition.name)) return [];
        const code = codeOf(module, definition);
        const loop = ENDLESS.exec(code);
        // A macro of the module may hold the way out.
        if (!loop || ENDS.test(code) || definition.calls.some(({ callee }) => /^[A-Z0-9_]+$/.test(callee))) return [];
        seen.add(definition.name);
        const start = definition.bodyRange.start + loop.index;
        return [
          {
            range: { file: definition.range.file, start, end: start + loop[0].length },
            message: `A task that has entered ${definition.name}() never leaves it: no return, break or goto ends this loop. The patch can then be neither disabled nor replaced.`,
          },
        ];
      });
    });
  },
};
