import type { KernelSymbol } from '../../../kernel/knowledge.ts';
import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { certainty, objectText, sourceText, targets } from '../targets.ts';
import { setSympos } from './sympos-field.ts';

const REPLACEMENT = `
static int fixed_m_show(struct seq_file *m, void *p)
{
	return 0;
}`;

export const rule: Rule = {
  id: 'old-name-ambiguous',
  severity: 'error',
  severityReason: 'The kernel always refuses it. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'The target kernel has several symbols of this name, and no position is given.',
  since: { major: 4, minor: 5 },
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: unresolvable ambiguity for symbol 'm_show' in object 'vmlinux'",
    text: 'insmod fails with EINVAL: the kernel does not guess.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Static functions of different files may share a name, with each other and with variables. `.old_sympos = N` says ' +
    'which one is meant: the N-th symbol of that name, counted from 1; in vmlinux by ascending address, in a module in ' +
    'the order of its symbol table. All symbols count, variables too. The order is that of one build: look it up for ' +
    'each kernel that the module is for.',
  examples: {
    bad: [
      {
        title: 'A name that two static functions have',
        code: exampleModule({
          functions: REPLACEMENT,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "m_show", //~
		.new_func = fixed_m_show,
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'The first of the two',
        code: exampleModule({
          functions: REPLACEMENT,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "m_show",
		.new_func = fixed_m_show,
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
      const { name, objectName, range, sympos } = target;
      const symbols = sympos === 0 ? knowledge.lookup(name, objectName) : [];
      if (symbols.length < 2) return [];
      const fixes = symbols.filter(mayBeMeant).flatMap(({ position, size }): Fix[] => {
        const edit = setSympos(target, position);
        const bytes = size === null ? '' : `, ${size} bytes`;
        return edit ? [{ title: `Add .old_sympos = ${position}${bytes}`, safety: 'suggestion', edits: [edit] }] : [];
      });
      return [
        {
          range,
          message: `${objectText(objectName)} has ${symbols.length} symbols "${name}" (${sourceText(knowledge)}): insmod fails with EINVAL. Say which one with .old_sympos.`,
          fixes: fixes.slice(0, 8),
          ...certainty(knowledge),
        },
      ];
    });
  },
};

const mayBeMeant = ({ kind, traceable }: KernelSymbol) => kind === 'function' && traceable !== false;
