import type { Rule, RuleFinding } from '../../rule.ts';
import { replaceText } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { funcEntries } from '../queries.ts';

const COLD = /\.cold(?:\.\d+)?$/;

export const rule: Rule = {
  id: 'cold-part-target',
  severity: 'error',
  severityReason: 'The kernel always refuses it.',
  group: 'functions',
  summary: 'The old function is the cold part of a function.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    text: 'A cold part has no call to ftrace at its start, so it cannot be replaced: insmod fails with EINVAL.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The compiler moves the seldom used parts of a function away and gives them the function’s name with `.cold`. ' +
    'They are reached by a jump from the function itself, never by a call, and have no place where ftrace could hook in. ' +
    'Replace the whole function: its replacement brings its own cold part along.',
  examples: {
    bad: [
      {
        title: 'The cold part in place of the function',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show.cold", //~
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'The function itself', code: exampleModule({}) }],
  },
  check(module) {
    return funcEntries(module).flatMap(({ oldName }): RuleFinding[] => {
      if (oldName.kind !== 'known' || !COLD.test(oldName.value)) return [];
      const parent = oldName.value.replace(COLD, '');
      return [
        {
          range: oldName.range,
          message: `"${oldName.value}" is the cold part of ${parent}(), which ftrace cannot hook. insmod fails with EINVAL.`,
          fixes: [
            {
              title: `Replace ${parent}() as a whole`,
              safety: 'suggestion',
              edits: [replaceText(oldName.range, `"${parent}"`)],
            },
          ],
        },
      ];
    });
  },
};
