import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { certainty, objectText, sourceText, symbolOf, targets } from '../targets.ts';
import { setSympos } from './sympos-field.ts';

const REPLACEMENT = `
static void fixed_verbose(void *private_data, const char *fmt, ...)
{
}`;

export const rule: Rule = {
  id: 'sympos-counts-data',
  severity: 'error',
  severityReason: 'The kernel always refuses it. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'The position is that of a variable, though there is a function of this name.',
  since: { major: 4, minor: 5 },
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: failed to find location for function 'verbose'",
    text: 'A variable has no place where ftrace could hook in: insmod fails with EINVAL.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Positions count every symbol of the name in the object, variables as well as functions. Count them all: ' +
    '`grep " NAME$" /proc/kallsyms` lists those of vmlinux in the right order.',
  examples: {
    bad: [
      {
        title: 'The second symbol is a variable',
        code: exampleModule({
          functions: REPLACEMENT,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "verbose",
		.new_func = fixed_verbose,
		.old_sympos = 2, //~
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'The first is the function',
        code: exampleModule({
          functions: REPLACEMENT,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "verbose",
		.new_func = fixed_verbose,
		.old_sympos = 1,
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    return targets(module).flatMap((target): RuleFinding[] => {
      const { name, objectName, sympos, func } = target;
      if (func.oldSympos.kind !== 'known' || symbolOf(knowledge, target)?.kind !== 'data') return [];
      const functions = knowledge.lookup(name, objectName).filter(({ kind }) => kind === 'function');
      if (functions.length === 0) return [];
      const fixes = functions.flatMap(({ position }): Fix[] => {
        const edit = setSympos(target, position);
        return edit ? [{ title: `Write .old_sympos = ${position}`, safety: 'suggestion', edits: [edit] }] : [];
      });
      const places = functions.map(({ position }) => position).join(', ');
      return [
        {
          range: func.oldSympos.range,
          message: `Symbol ${sympos} of the name "${name}" in ${objectText(objectName)} is a variable (${sourceText(knowledge)}): insmod fails with EINVAL. Functions have position ${places}.`,
          fixes,
          ...certainty(knowledge),
        },
      ];
    });
  },
};
