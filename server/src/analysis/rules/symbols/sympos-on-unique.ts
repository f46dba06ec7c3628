import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { objectText, sourceText, targets } from '../targets.ts';
import { removeSympos } from './sympos-field.ts';

export const rule: Rule = {
  id: 'sympos-on-unique',
  severity: 'hint',
  severityReason: 'It makes no difference.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'A position is given for a name that is there once.',
  since: { major: 4, minor: 5 },
  kernel: {
    outcome: 'accepted',
    text: 'For a name that is there once, position 1 is the same as none.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Without a position the kernel demands that the name is unique, and refuses the patch when another build has a second ' +
    'symbol of that name. With position 1 it takes the first one, whichever that is. For a name that is unique on the ' +
    'target kernel, the form without position is the safer one.',
  examples: {
    bad: [
      {
        title: 'The first of one',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.old_sympos = 1, //~
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'No position', code: exampleModule({}) }],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    return targets(module).flatMap((target): RuleFinding[] => {
      const { name, objectName, sympos, func } = target;
      if (sympos !== 1 || func.oldSympos.kind !== 'known' || knowledge.coverage(objectName) !== 'complete') return [];
      if (knowledge.lookup(name, objectName).length !== 1) return [];
      const edit = removeSympos(module, target);
      const fixes: Fix[] = edit ? [{ title: 'Take the position out', safety: 'suggestion', edits: [edit] }] : [];
      return [
        {
          range: func.oldSympos.range,
          message: `${objectText(objectName)} has one symbol "${name}" (${sourceText(knowledge)}). Position 1 means the same as none, but lets the kernel guess on other builds.`,
          fixes,
        },
      ];
    });
  },
};
