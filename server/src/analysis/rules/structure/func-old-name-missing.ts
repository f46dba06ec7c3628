import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { seenFuncs } from '../tables.ts';

export const rule: Rule = {
  id: 'func-old-name-missing',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'A replacement does not say which function it replaces.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    text: 'klp_enable_patch() returns -EINVAL before it writes anything to the log.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`.old_name` is the name of the function to replace, as `/proc/kallsyms` shows it. `klp_enable_patch()` refuses an ' +
    'entry that has a `.new_func` and no `.old_name`, and the log does not say why.',
  examples: {
    bad: [
      {
        title: 'No name',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.new_func = fixed_uptime_proc_show, //~
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'Name and replacement', code: exampleModule({}) }],
  },
  check(module) {
    return seenFuncs(module).flatMap(({ entry }) =>
      // Code that sets new_func of some entry makes it unknown in all of them, the last one too.
      entry.oldName.kind === 'absent' && entry.newFunc.kind !== 'absent' && entry.fields.length > 0
        ? [
            {
              range: entry.newFunc.range,
              message: 'This entry has no .old_name. klp_enable_patch() returns -EINVAL and the log says nothing.',
            },
          ]
        : [],
    );
  },
};
