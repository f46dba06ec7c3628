import type { KlpFunc, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule } from '../../rule.ts';
import { addField } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { seenFuncs } from '../tables.ts';

export const rule: Rule = {
  id: 'func-new-func-missing',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'A function is named and nothing replaces it.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    text: 'klp_enable_patch() returns -EINVAL before it writes anything to the log.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`.new_func` is the function that runs instead of `.old_name`. `klp_enable_patch()` refuses an entry without it, ' +
    'and the log does not say why. To get the original code back there is no need for an entry: leave it out of a ' +
    'patch with `.replace = true`, or disable the patch.',
  examples: {
    bad: [
      {
        title: 'No replacement',
        code: exampleModule({
          functions: `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	{
		.old_name = "loadavg_proc_show", //~
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
      entry.oldName.kind !== 'absent' && entry.newFunc.kind === 'absent'
        ? [
            {
              range: entry.oldName.range,
              message: 'This entry has no .new_func. klp_enable_patch() returns -EINVAL and the log says nothing.',
              fixes: replacementsByName(module, entry),
            },
          ]
        : [],
    );
  },
};

/** Functions of the module that are called like the original with something in front: `klpp_`, `livepatch_`, `fixed_`. */
function replacementsByName(module: LivepatchModule, entry: KlpFunc): Fix[] {
  if (entry.oldName.kind !== 'known') return [];
  const suffix = `_${entry.oldName.value}`;
  return module.functions
    .filter(({ name }) => name.endsWith(suffix))
    .map(({ name }) => ({
      title: `Add .new_func = ${name}`,
      safety: 'suggestion',
      edits: [addField(module, entry, `.new_func = ${name}`)],
    }));
}
