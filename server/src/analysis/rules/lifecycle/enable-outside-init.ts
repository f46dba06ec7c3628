import type { Rule } from '../../rule.ts';
import { enableCalls, functionsCalledByInit } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';
import { mentions } from '../mentions.ts';
import { definitionsOf } from '../queries.ts';

export const rule: Rule = {
  id: 'enable-outside-init',
  severity: 'warning',
  severityReason: 'It works the first time.',
  group: 'lifecycle',
  summary: 'klp_enable_patch() is called by something other than module init.',
  kernel: {
    outcome: 'hazard',
    text: 'A patch can be enabled once in the life of its module: a second call says "tried to init an initialized object".',
    evidence: 'kernel source',
  },
  explanation:
    '`klp_enable_patch()` is meant for the init function: a failure then unloads the module, and it cannot be called ' +
    'twice. From a timer, a work item, a sysfs file or a notifier its errors reach nobody, and a second call hands ' +
    'objects to the kernel that it has initialised before. To go back and forth, write to ' +
    '`/sys/kernel/livepatch/<patch>/enabled` and load the module anew.',
  examples: {
    bad: [
      {
        title: 'From a work item',
        code: exampleModule({
          includes: '#include <linux/workqueue.h>',
          init: `
static void enable_later(struct work_struct *work)
{
	int ret = klp_enable_patch(&patch); //~

	if (ret)
		pr_err("uptime is not fixed: %d\\n", ret);
}
static DECLARE_WORK(fix_work, enable_later);

static int __init uptime_fix_init(void)
{
	schedule_work(&fix_work);
	return 0;
}
module_init(uptime_fix_init);`,
          exit: `
static void __exit uptime_fix_exit(void)
{
	cancel_work_sync(&fix_work);
}
module_exit(uptime_fix_exit);`,
        }),
      },
    ],
    good: [
      { title: 'From init', code: exampleModule({}) },
      {
        title: 'From a function that init calls',
        code: exampleModule({
          init: `
static int uptime_fix_enable(void)
{
	return klp_enable_patch(&patch);
}

static int __init uptime_fix_init(void)
{
	return uptime_fix_enable();
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
  },
  check(module) {
    if (!module.complete || module.init.length === 0) return [];
    const known = module.init.every(({ function: name }) => definitionsOf(module, name).length > 0);
    if (!known) return [];
    const reached = functionsCalledByInit(module);
    return (
      enableCalls(module)
        .filter(({ inFunction }) => !reached.has(inFunction.name))
        // A macro may be what calls it from init.
        .filter(({ inFunction }) => !module.macros.some(({ body }) => mentions(body, inFunction.name)))
        .map(({ call, inFunction }) => ({
          range: call.calleeRange,
          message:
            `Module init does not call ${inFunction.name}(). A patch can be enabled once only: ` +
            'a second call says "tried to init an initialized object".',
        }))
    );
  },
};
