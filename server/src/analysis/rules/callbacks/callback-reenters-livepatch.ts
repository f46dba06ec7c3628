import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { callbackUses, definitionsOf, reachable } from '../queries.ts';

const REENTERS = /^klp_(?:enable|disable|register|unregister)_patch$/;

export const rule: Rule = {
  id: 'callback-reenters-livepatch',
  severity: 'error',
  severityReason: 'The kernel waits for itself for ever.',
  group: 'callbacks',
  summary: 'A callback enables or disables a patch.',
  kernel: {
    outcome: 'crash',
    text: 'Callbacks run with klp_mutex held, and the call wants it as well: it waits for ever, and so does every later load or removal of a module.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The kernel holds `klp_mutex` while callbacks run, and enabling a patch takes the same mutex. A module has one patch ' +
    'and enables it once, from its init function. What one patch needs of another belongs into one patch.',
  examples: {
    bad: [
      {
        title: 'Enabling a patch from pre_patch',
        code: exampleModule({
          functions: `
static struct klp_patch patch;

static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}

static int prepare(struct klp_object *obj)
{
	return klp_enable_patch(&patch); //~
}`,
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.pre_patch = prepare,
		},
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'Enabled from the module’s init function',
        code: exampleModule({}),
      },
    ],
  },
  check(module) {
    const seen = new Set<string>();
    return callbackUses(module).flatMap(({ callback, reference, definitions }) =>
      reachable(module, definitions).flatMap(({ calls }) =>
        calls.flatMap(({ callee, calleeRange }): RuleFinding[] => {
          const place = `${calleeRange.file}:${calleeRange.start}`;
          if (!REENTERS.test(callee) || definitionsOf(module, callee).length > 0 || seen.has(place)) return [];
          seen.add(place);
          return [
            {
              range: calleeRange,
              message: `The ${callback} callback runs with klp_mutex held, and ${callee}() needs klp_mutex. It waits for ever.`,
              related: [{ range: reference.range, message: `The ${callback} callback.` }],
            },
          ];
        }),
      ),
    );
  },
};
