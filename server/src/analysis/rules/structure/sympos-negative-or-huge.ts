import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { seenFuncs } from '../tables.ts';

/** No name stands nearly as often in a kernel's symbol table. */
const MOST = 100_000;

export const rule: Rule = {
  id: 'sympos-negative-or-huge',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'A symbol position is negative or larger than any that exists.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: symbol position 18446744073709551615 for symbol 'uptime_proc_show' in object 'vmlinux' not found",
    text: 'The position is an unsigned long; no symbol has so many namesakes and klp_enable_patch() returns -EINVAL.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`.old_sympos` counts the symbols of one name in the object, from 1. Leave it out, or write 0, when the name is ' +
    'unique. It is unsigned: -1 is the largest number there is, not "the last one" or "any".',
  examples: {
    bad: [
      {
        title: 'Minus one',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
		.old_sympos = -1, //~
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'The first',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
		.old_sympos = 1,
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module) {
    return seenFuncs(module).flatMap(({ entry: { oldSympos } }) => {
      if (
        oldSympos.kind !== 'known' ||
        !Number.isInteger(oldSympos.value) ||
        (oldSympos.value >= 0 && oldSympos.value <= MOST)
      )
        return [];
      return [
        {
          range: oldSympos.range,
          message:
            `No name has a symbol at position ${oldSympos.value}. The kernel says "symbol position ` +
            `${BigInt.asUintN(64, BigInt(oldSympos.value))} … not found" and refuses it with -EINVAL.`,
          fixes: [
            {
              title: 'Write 0: the name is unique',
              safety: 'suggestion' as const,
              edits: [{ range: oldSympos.range, newText: '0' }],
            },
          ],
        },
      ];
    });
  },
};
