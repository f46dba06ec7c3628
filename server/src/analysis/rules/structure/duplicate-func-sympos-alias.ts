import type { Rule } from '../../rule.ts';
import { repeatedFuncs } from '../duplicates.ts';
import { removeEntry } from '../edits.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'duplicate-func-sympos-alias',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'A function stands in one object without position and with position 1.',
  kernel: {
    outcome: 'rejected',
    errno: 'EEXIST',
    log: 'kobject_add_internal failed for uptime_proc_show,1 with -EEXIST',
    text: 'Without a position, sysfs calls the function NAME,1 as it does with position 1; klp_enable_patch() returns -EEXIST.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`.old_sympos = 0`, or none, means "the only symbol of this name"; 1 means "the first one". For a name that is ' +
    'unique both are the same function, and for one that is not, 0 is refused. In sysfs both are called `NAME,1`. ' +
    'Number all entries of such a name from 1, or keep one.',
  examples: {
    bad: [
      {
        title: 'No position and position 1',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	{
		.old_name = "uptime_proc_show", //~
		.new_func = fixed_uptime_proc_show,
		.old_sympos = 1,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'Once', code: exampleModule({}) }],
  },
  check(module) {
    return module.funcTables.flatMap((table) =>
      repeatedFuncs(table)
        .filter(({ firstSympos, secondSympos }) => firstSympos !== secondSympos)
        .map(({ first, second, name, firstSympos, secondSympos }) => ({
          range: second.oldName.kind === 'known' ? second.oldName.range : second.range,
          message:
            `Positions ${firstSympos} and ${secondSympos} of "${name}" are the same function. ` +
            `klp_enable_patch() returns -EEXIST: kobject_add_internal failed for ${name},1.`,
          related: [
            {
              range: first.oldName.kind === 'known' ? first.oldName.range : first.range,
              message: `Position ${firstSympos} stands here`,
            },
          ],
          fixes: [
            {
              title: 'Remove this entry',
              safety: 'suggestion' as const,
              edits: [removeEntry(module, second.range)],
            },
          ],
        })),
    );
  },
};
