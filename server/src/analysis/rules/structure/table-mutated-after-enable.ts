import type { LivepatchModule, RuntimeWrite } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { enableCalls } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';
import { isLocal } from '../local-variable.ts';
import { definitionsOf, replacements } from '../queries.ts';

export const rule: Rule = {
  id: 'table-mutated-after-enable',
  severity: 'warning',
  severityReason: 'Most fields are read when the patch is enabled and never again; then the write has no effect.',
  group: 'structure',
  summary: 'A table is changed when the patch is enabled already.',
  kernel: {
    outcome: 'hazard',
    text: 'The kernel has read most fields by then and does not look again. Others, such as new_func, it reads at each call, on all processors and without a lock.',
    evidence: 'kernel source',
  },
  explanation:
    '`klp_enable_patch()` hands the tables over to the kernel. Each call of a patched function reads `new_func` from ' +
    'them, so tasks get one or the other version without any regard to the transition; names and positions are resolved ' +
    'already. Set everything before the patch is enabled. What has to change later is a new patch.',
  examples: {
    bad: [
      {
        title: 'Another replacement, too late',
        code: exampleModule({
          more: `
static int better_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.01 0.01\\n");
	return 0;
}`,
          init: `
static int __init uptime_fix_init(void)
{
	int ret = klp_enable_patch(&patch);

	if (ret)
		return ret;
	funcs[0].new_func = better_uptime_proc_show; //~
	return 0;
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
    good: [
      {
        title: 'Before the patch is enabled',
        code: exampleModule({
          includes: '\nstatic bool replace;\nmodule_param(replace, bool, 0444);',
          init: `
static int __init uptime_fix_init(void)
{
	patch.replace = replace;
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
  },
  check(module) {
    if (module.runtimeWrites.length === 0) return [];
    const replacing = new Set(replacements(module).map(({ reference }) => reference.name));
    return module.runtimeWrites.flatMap((write): RuleFinding[] => {
      const late = replacing.has(write.inFunction) || isBehindEnable(module, write);
      if (!late || write.conditions.length > 0) return [];
      // A variable of the function may have the same name as the patch or a table.
      if (definitionsOf(module, write.inFunction).some((one) => isLocal(module, one, write.variable))) return [];
      return [
        {
          range: write.range,
          message: `The patch is enabled when ${write.target} is written. The kernel has read it already, or reads it in the middle of the change.`,
        },
      ];
    });
  },
};

/** Whether init writes it behind the call that enables the patch, and there is no such call behind the write. */
function isBehindEnable(module: LivepatchModule, { inFunction, range }: RuntimeWrite): boolean {
  const calls = enableCalls(module).filter((enable) => enable.inFunction.name === inFunction);
  return calls.length > 0 && calls.every(({ call }) => call.range.file === range.file && call.range.end < range.start);
}
