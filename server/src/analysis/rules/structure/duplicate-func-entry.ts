import { knownValue } from '../../../../../shared/src/model/index.ts';
import type { Rule } from '../../rule.ts';
import { repeatedFuncs } from '../duplicates.ts';
import { removeEntry } from '../edits.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'duplicate-func-entry',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'A function stands twice in one object.',
  kernel: {
    outcome: 'rejected',
    errno: 'EEXIST',
    log: 'kobject_add_internal failed for uptime_proc_show,1 with -EEXIST',
    text: 'The second entry wants the same sysfs directory as the first; klp_enable_patch() returns -EEXIST, even when the object is a module that is not loaded.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Each function has a directory in sysfs that is called after its name and position. Two entries for one function ' +
    'want the same one, and the kernel refuses the patch. Merge the two replacements into one.',
  examples: {
    bad: [
      {
        title: 'Twice the same function',
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
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'Only one of them is compiled',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
#ifdef CONFIG_SMP
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
#else
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
#endif
	{ }
};`,
        }),
      },
    ],
  },
  check(module) {
    return module.funcTables.flatMap((table) =>
      repeatedFuncs(table)
        .filter(({ firstSympos, secondSympos }) => firstSympos === secondSympos)
        .map(({ first, second, name, secondSympos }) => {
          const replacement = knownValue(first.newFunc)?.name;
          const same = replacement !== undefined && replacement === knownValue(second.newFunc)?.name;
          return {
            range: second.oldName.kind === 'known' ? second.oldName.range : second.range,
            message:
              `"${name}" stands twice in this array. ` +
              `klp_enable_patch() returns -EEXIST: kobject_add_internal failed for ${name},${secondSympos || 1}.`,
            related: [
              {
                range: first.oldName.kind === 'known' ? first.oldName.range : first.range,
                message: 'It stands here first',
              },
            ],
            fixes: [
              {
                title: 'Remove this entry',
                safety: same ? ('safe' as const) : ('suggestion' as const),
                edits: [removeEntry(module, second.range)],
              },
            ],
          };
        }),
    );
  },
};
