import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { callbackUses, definitionsOf, reachable } from '../queries.ts';

const FUNCTION = `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`;

export const rule: Rule = {
  id: 'callback-loads-module',
  severity: 'warning',
  severityReason: 'It hangs only when the module really has to be loaded.',
  group: 'callbacks',
  summary: 'A callback waits for a module to be loaded.',
  kernel: {
    outcome: 'hazard',
    text: 'Callbacks run with klp_mutex held, and loading a module takes klp_mutex in another process: when the module is not there yet, the two wait for each other for ever.',
    evidence: 'kernel source',
  },
  explanation:
    '`request_module()` starts modprobe and waits for it. Every module that is loaded goes through livepatch, because it ' +
    'may be one that has to be patched, and there it waits for `klp_mutex`, which the kernel holds while callbacks ' +
    'run. On a machine that has the module loaded already nothing happens, so tests may not show it. Load the module ' +
    'before `klp_enable_patch()`, or with a `MODULE_SOFTDEP()`.',
  examples: {
    bad: [
      {
        title: 'From post_patch',
        code: exampleModule({
          includes: '#include <linux/kmod.h>',
          functions: `${FUNCTION}

static void start(struct klp_object *obj)
{
	request_module("crc16"); //~
}`,
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.post_patch = start,
		},
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'Before the patch is enabled',
        code: exampleModule({
          includes: '#include <linux/kmod.h>',
          init: `
static int __init uptime_fix_init(void)
{
	request_module("crc16");
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
  },
  check(module) {
    const seen = new Set<string>();
    return callbackUses(module).flatMap(({ callback, reference, definitions }) =>
      reachable(module, definitions).flatMap(({ calls }) =>
        calls.flatMap(({ callee, calleeRange }): RuleFinding[] => {
          const place = `${calleeRange.file}:${calleeRange.start}`;
          if (callee !== 'request_module' || definitionsOf(module, callee).length > 0 || seen.has(place)) return [];
          seen.add(place);
          return [
            {
              range: calleeRange,
              message: `The ${callback} callback runs with klp_mutex held, and loading a module needs klp_mutex. When the module is not there yet, both wait for ever.`,
              related: [{ range: reference.range, message: `The ${callback} callback.` }],
            },
          ];
        }),
      ),
    );
  },
};
