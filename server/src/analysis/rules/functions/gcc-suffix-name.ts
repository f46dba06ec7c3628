import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { funcEntries } from '../queries.ts';

export const rule: Rule = {
  id: 'gcc-suffix-name',
  severity: 'warning',
  severityReason: 'It works when it was made for exactly this kernel build and for the changed parameters.',
  group: 'functions',
  summary: 'The old function’s name has a suffix that the compiler made.',
  kernel: {
    outcome: 'hazard',
    text: 'On the build that has the symbol its parameters may differ from the source’s. On any other build the symbol is not found and insmod fails with EINVAL.',
    evidence: 'documentation',
  },
  explanation:
    '`.isra`, `.constprop`, `.part` and `.llvm` mark copies of a function that the compiler changed: parameters are ' +
    'removed or passed in another way, or only a part of the function is in there. A replacement with the source’s ' +
    'parameters then reads the wrong registers. The number at the end differs between builds of the same source. ' +
    'Replace the callers of the function instead, or write the replacement for the parameters that the copy has.',
  examples: {
    bad: [
      {
        title: 'A copy made by interprocedural optimisation',
        code: exampleModule({
          includes: '#include <linux/sysinfo.h>',
          functions: `
static int fixed_do_sysinfo(struct sysinfo *info)
{
	return -EPERM;
}`,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "do_sysinfo.isra.0", //~
		.new_func = fixed_do_sysinfo,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'A function that the compiler left as it is', code: exampleModule({}) }],
  },
  check(module) {
    return funcEntries(module).flatMap(({ oldName }): RuleFinding[] => {
      if (oldName.kind !== 'known' || oldName.value.endsWith('.cold')) return [];
      const suffix = /\.(?:isra|constprop|part|llvm|lto_priv)\.\d+/.exec(oldName.value)?.[0];
      if (suffix === undefined) return [];
      return [
        {
          range: oldName.range,
          message: `"${suffix}" was made by the compiler. The parameters of this copy may differ from the source, and other builds of the kernel don't have it.`,
        },
      ];
    });
  },
};
