import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { definitionsOf } from '../queries.ts';
import { kernelCalls } from './kernel-calls.ts';

export const rule: Rule = {
  id: 'kallsyms-lookup-name-used',
  severity: 'error',
  severityReason: 'The module cannot be built for this kernel.',
  group: 'versions',
  summary: 'kallsyms_lookup_name() is called, which modules cannot use any more.',
  since: { major: 5, minor: 7 },
  kernel: {
    outcome: 'build-error',
    text: 'The function is not exported since Linux 5.7. modpost stops: "kallsyms_lookup_name" is undefined.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    'Livepatches used to find functions and variables that are not exported with `kallsyms_lookup_name()` and ' +
    '`kallsyms_on_each_symbol()`. Since Linux 5.7 neither is exported. A livepatch does not need them: livepatch ' +
    'relocations, made by klp-build, klp-convert or kpatch-build, bind to any symbol of the kernel or of a module.',
  examples: {
    bad: [
      {
        title: 'Looking up a variable by its name',
        code: exampleModule({
          includes: '#include <linux/kallsyms.h>',
          functions: `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	unsigned long address = kallsyms_lookup_name("saved_command_line"); //~

	seq_printf(m, "%s\\n", address ? "found" : "not found");
	return 0;
}`,
        }),
      },
    ],
    good: [{ title: 'Nothing is looked up', code: exampleModule({}) }],
  },
  check(module) {
    // The kernel's own livepatch core is no module.
    if (definitionsOf(module, 'klp_enable_patch').length > 0) return [];
    return ['kallsyms_lookup_name', 'kallsyms_on_each_symbol'].flatMap((name) =>
      kernelCalls(module, name).map(
        ({ calleeRange }): RuleFinding => ({
          range: calleeRange,
          message: `${name}() is not exported since Linux 5.7. modpost stops; use a livepatch relocation.`,
        }),
      ),
    );
  },
};
