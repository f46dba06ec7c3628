import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { certainty, objectText, sourceText, targets } from '../targets.ts';
import { removeSympos, setSympos } from './sympos-field.ts';

export const rule: Rule = {
  id: 'sympos-out-of-range',
  severity: 'error',
  severityReason: 'The kernel always refuses it. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'The target kernel has fewer symbols of this name than the position says.',
  since: { major: 4, minor: 5 },
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: symbol position 2 for symbol 'uptime_proc_show' in object 'vmlinux' not found",
    text: 'insmod fails with EINVAL.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`.old_sympos` counts the symbols of this name from 1, within the object. A position from another build may not ' +
    'exist in this one: how many there are, and their order, follows from the configuration and the linker.',
  examples: {
    bad: [
      {
        title: 'The second of one',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.old_sympos = 2, //~
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'A name that is there once needs no position', code: exampleModule({}) }],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    return targets(module).flatMap((target): RuleFinding[] => {
      const { name, objectName, sympos, func } = target;
      if (knowledge.coverage(objectName) !== 'complete' || func.oldSympos.kind !== 'known') return [];
      const { length } = knowledge.lookup(name, objectName);
      // A negative number is huge, and sympos-negative-or-huge reports it.
      if (sympos === null || length === 0 || sympos <= length || sympos > 100_000) return [];
      const edit = length === 1 ? removeSympos(module, target) : setSympos(target, length);
      const title = length === 1 ? 'Take the position out' : `Write .old_sympos = ${length}`;
      const fixes: Fix[] = edit ? [{ title, safety: 'suggestion', edits: [edit] }] : [];
      const count = length === 1 ? 'one symbol' : `${length} symbols`;
      return [
        {
          range: func.oldSympos.range,
          message: `${objectText(objectName)} has ${count} "${name}" (${sourceText(knowledge)}), so position ${sympos} does not exist. insmod fails with EINVAL.`,
          fixes,
          ...certainty(knowledge),
        },
      ];
    });
  },
};
