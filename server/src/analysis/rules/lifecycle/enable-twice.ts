import { areExclusive } from '../../../../../shared/src/model/index.ts';
import type { Rule } from '../../rule.ts';
import { enableCalls, follows } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'enable-twice',
  severity: 'error',
  severityReason: 'The kernel corrupts its lists and does not come back.',
  group: 'lifecycle',
  summary: 'One patch is enabled twice.',
  kernel: {
    outcome: 'crash',
    log: 'tried to init an initialized object, something is seriously wrong.',
    text: 'The second call initialises lists that are in use: "tried to init an initialized object", then a soft lockup.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`klp_enable_patch()` initialises the lists and sysfs objects inside the structures. A second call does so while ' +
    'they are in use. A patch can be enabled once in the life of its module, also after a failed attempt.',
  examples: {
    bad: [
      {
        title: 'Twice in init',
        code: exampleModule({
          init: `
static int __init uptime_fix_init(void)
{
	int ret;

	ret = klp_enable_patch(&patch);
	if (ret)
		return ret;
	return klp_enable_patch(&patch); //~
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
    good: [
      { title: 'Once', code: exampleModule({}) },
      {
        title: 'One of two ways',
        code: exampleModule({
          includes: '#include <linux/moduleparam.h>',
          init: `
static bool quiet;
module_param(quiet, bool, 0444);

static int __init uptime_fix_init(void)
{
	if (quiet)
		return klp_enable_patch(&patch);

	pr_info("uptime will be fixed\\n");
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
  },
  check(module) {
    const calls = enableCalls(module);
    return calls.flatMap((second, index) => {
      const first = calls
        .slice(0, index)
        .find(
          (other) =>
            other.patch !== null &&
            other.patch === second.patch &&
            other.inFunction === second.inFunction &&
            other.call.result.kind !== 'returned' &&
            !areExclusive(other.call.conditions, second.call.conditions) &&
            follows(module, second.inFunction, other.call, second.call),
        );
      if (!first) return [];
      return [
        {
          range: second.call.range,
          message:
            `"${second.patch?.name}" is enabled a second time. The kernel says "tried to init an initialized object" ` +
            'and corrupts its lists.',
          related: [{ range: first.call.range, message: 'It is enabled here first' }],
        },
      ];
    });
  },
};
