import type { Rule } from '../../rule.ts';
import { replaceText } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { entryLabel, mayHoldMore } from '../tables.ts';

export const rule: Rule = {
  id: 'terminator-not-empty',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'A function entry has a symbol position and nothing else, so it does not end the array.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    text: 'The kernel takes the entry for a function without a name; klp_enable_patch() returns -EINVAL without a log line.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The array of functions ends at the first entry whose `.old_name`, `.new_func` and `.old_sympos` are all zero. An ' +
    'entry with a symbol position only is not such an end: the kernel takes it for a function that has no name.',
  examples: {
    bad: [
      {
        title: 'A position in the last entry',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	{ .old_sympos = 1 }, //~
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'Empty', code: exampleModule({}) }],
  },
  check(module) {
    return module.funcTables.flatMap(({ entries }) =>
      entries
        .filter((entry) => !entry.terminator && !mayHoldMore(module, entry))
        .filter(
          ({ oldName, newFunc, oldSympos }) =>
            oldName.kind === 'absent' &&
            newFunc.kind === 'absent' &&
            oldSympos.kind === 'known' &&
            oldSympos.value !== 0,
        )
        .map((entry) => ({
          range: entryLabel(entry),
          message:
            'An entry with .old_sympos only does not end the array: it is a function without a name. ' +
            'klp_enable_patch() returns -EINVAL and the log says nothing.',
          fixes: [{ title: 'Empty the entry', safety: 'safe' as const, edits: [replaceText(entry.range, '{ }')] }],
        })),
    );
  },
};
