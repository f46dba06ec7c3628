import type { Rule } from '../../rule.ts';
import { exampleEmptyObject, exampleModule } from '../example-module.ts';
import { kernelCalls } from '../versions/kernel-calls.ts';

export const rule: Rule = {
  id: 'module-notifier-in-livepatch',
  severity: 'information',
  severityReason: 'It works when everything is right.',
  group: 'lifecycle',
  summary: 'A livepatch has a module notifier, where an object with callbacks would do.',
  kernel: {
    outcome: 'accepted',
    text: 'The notifier is called for each module that comes and goes.',
    evidence: 'kernel source',
  },
  explanation:
    'Livepatches used to look up symbols of modules in a notifier. Since 4.7 livepatch relocations do that, and since 4.15 ' +
    'an object’s `pre_patch` and `post_unpatch` callbacks run when its module comes and goes, at the right moment: ' +
    'after the module’s relocations and before its init function. A notifier has to find that moment itself, and must be taken back when enabling fails.',
  since: { major: 4, minor: 15 },
  examples: {
    bad: [
      {
        title: 'Waiting for a module',
        code: exampleModule({
          more: `
static int on_module(struct notifier_block *nb, unsigned long action, void *data)
{
	return NOTIFY_DONE;
}

static struct notifier_block notifier = {
	.notifier_call = on_module,
};`,
          init: `
static int __init uptime_fix_init(void)
{
	int ret = register_module_notifier(&notifier); //~

	if (ret)
		return ret;
	ret = klp_enable_patch(&patch);
	if (ret)
		unregister_module_notifier(&notifier);
	return ret;
}
module_init(uptime_fix_init);`,
          exit: `
static void __exit uptime_fix_exit(void)
{
	unregister_module_notifier(&notifier);
}
module_exit(uptime_fix_exit);`,
        }),
      },
    ],
    good: [
      {
        title: 'An object for the module',
        code: exampleEmptyObject('.name = "loop",', true),
      },
    ],
  },
  check(module) {
    if (module.role !== 'livepatch') return [];
    return kernelCalls(module, 'register_module_notifier').map((call) => ({
      range: call.calleeRange,
      message:
        'An object for the module, with pre_patch and post_unpatch callbacks, does what this notifier does, at the right moment and without a race.',
    }));
  },
};
