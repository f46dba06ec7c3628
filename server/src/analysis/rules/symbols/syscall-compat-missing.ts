import { knownValue } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule, exampleReplacing } from '../example-module.ts';
import { SYSCALLS_WITHOUT_ARGUMENTS } from '../functions/named-targets.ts';
import { sourceText, targets } from '../targets.ts';

const REPLACEMENT = `
static long fixed_newuname(const struct pt_regs *regs)
{
	return -EPERM;
}`;

export const rule: Rule = {
  id: 'syscall-compat-missing',
  severity: 'information',
  severityReason: 'Perhaps no 32-bit programs run on the machines.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'A system call is replaced for 64-bit programs, and not for 32-bit ones.',
  since: { major: 4, minor: 17 },
  kernel: {
    outcome: 'accepted',
    text: '32-bit programs come in by another entry, and go on running the old code.',
    evidence: 'kernel source',
  },
  explanation:
    'A system call with arguments has two entries on x86-64: `__x64_sys_NAME` for 64-bit programs and `__ia32_sys_NAME`, or ' +
    '`__ia32_compat_sys_NAME`, for 32-bit ones, which fetch the arguments from other registers. What is wrong in the one ' +
    'is most likely wrong in the other. Where both call a common function, replace that one.',
  examples: {
    bad: [
      {
        title: 'Only the 64-bit entry',
        code: exampleReplacing('__x64_sys_newuname', 'fixed_newuname', { marked: true, functions: REPLACEMENT }),
      },
    ],
    good: [
      {
        title: 'Both entries',
        code: exampleModule({
          functions: REPLACEMENT,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "__x64_sys_newuname",
		.new_func = fixed_newuname,
	},
	{
		.old_name = "__ia32_sys_newuname",
		.new_func = fixed_newuname,
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    const replaced = new Set(
      module.funcTables.flatMap(({ entries }) => entries.map(({ oldName }) => knownValue(oldName))),
    );
    return targets(module).flatMap(({ name, range }): RuleFinding[] => {
      const call = /^__x64_sys_(\w+)$/.exec(name)?.[1];
      // Without arguments both names are one address, see two-entries-one-address.
      if (call === undefined || SYSCALLS_WITHOUT_ARGUMENTS.has(call)) return [];
      const entries = [`__ia32_compat_sys_${call}`, `__ia32_sys_${call}`];
      const other = entries.find((entry) => knowledge.lookup(entry, null).length > 0);
      if (other === undefined || entries.some((entry) => replaced.has(entry))) return [];
      return [
        {
          range,
          message: `32-bit programs enter this system call by ${other}() (${sourceText(knowledge)}), which is not replaced. They go on running the old code.`,
        },
      ];
    });
  },
};
