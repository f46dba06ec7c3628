import type { CallSite } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { callbackUses, definitionsOf, reachable } from '../queries.ts';

/** How many milliseconds one unit of a function's argument is. */
const UNIT_MS: { readonly [callee: string]: number } = {
  msleep: 1,
  msleep_interruptible: 1,
  mdelay: 1,
  ssleep: 1000,
};
const LONG_MS = 1000;

export const rule: Rule = {
  id: 'callback-sleeps-long',
  severity: 'warning',
  severityReason: 'It works, but holds up everything else that concerns modules.',
  group: 'callbacks',
  summary: 'A callback sleeps for a second or longer.',
  kernel: {
    outcome: 'hazard',
    text: 'Callbacks run with klp_mutex held: meanwhile no module can be loaded or removed, no patch enabled or disabled, and no transition goes on.',
    evidence: 'kernel source',
  },
  explanation:
    'Sleeping is allowed in a callback, but `klp_mutex` is held all the time. Loading and removing modules, the sysfs ' +
    'files of all patches and the work that completes transitions wait for it. For something that takes long, start a ' +
    'work item in `post_patch` and cancel it in `pre_unpatch`.',
  examples: {
    bad: [
      {
        title: 'Waiting for others to finish',
        code: exampleModule({
          includes: '#include <linux/delay.h>',
          more: `
static void settle(struct klp_object *obj)
{
	msleep(5000); //~
}`,
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.post_patch = settle,
		},
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'A short sleep',
        code: exampleModule({
          includes: '#include <linux/delay.h>',
          more: `
static void settle(struct klp_object *obj)
{
	msleep(20);
}`,
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.post_patch = settle,
		},
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module) {
    const seen = new Set<string>();
    return callbackUses(module).flatMap(({ callback, definitions }) =>
      reachable(module, definitions).flatMap(({ calls }) =>
        calls.flatMap((call): RuleFinding[] => {
          const { file, start } = call.range;
          const ms = sleepMs(call);
          if (ms < LONG_MS || definitionsOf(module, call.callee).length > 0 || seen.has(`${file}:${start}`)) return [];
          seen.add(`${file}:${start}`);
          return [
            {
              range: call.range,
              message: `The ${callback} callback sleeps for ${ms / 1000} s with klp_mutex held. Until it returns no module can be loaded or removed.`,
            },
          ];
        }),
      ),
    );
  },
};

/** 0 when it does not sleep, or for how long can't be told. */
function sleepMs({ callee, arguments: [time] }: CallSite): number {
  const unit = Object.hasOwn(UNIT_MS, callee) ? (UNIT_MS[callee] ?? 0) : 0;
  return time?.constant.kind === 'known' ? time.constant.value * unit : 0;
}
