import type { Rule, RuleFinding } from '../../rule.ts';
import { releases, setUps } from '../callbacks/resource-pairs.ts';
import { enableCalls, follows } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';

const NOTIFIER = `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}

static int on_reboot(struct notifier_block *nb, unsigned long action, void *data)
{
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = on_reboot,
};`;

const EXIT = `
static void __exit uptime_fix_exit(void)
{
	unregister_reboot_notifier(&reboot_notifier);
}
module_exit(uptime_fix_exit);`;

export const rule: Rule = {
  id: 'init-leaks-on-enable-failure',
  severity: 'information',
  severityReason: 'It goes wrong only when the kernel refuses the patch; some of the kernel’s own tests do it.',
  group: 'lifecycle',
  summary: 'What module init sets up stays when enabling the patch fails.',
  kernel: {
    outcome: 'hazard',
    text: 'When klp_enable_patch() fails, the module is freed without its exit function being called. What init registered then points into freed memory.',
    evidence: 'kernel source',
  },
  explanation:
    'A module whose init fails is freed at once; the exit function is not called. `klp_enable_patch()` fails on any kernel ' +
    'whose symbols differ, and while another transition runs. A notifier, timer or file that init set up before stays, ' +
    'and the next use of it crashes the kernel. Undo it when enabling fails, or set it up in `pre_patch` and take it down in ' +
    '`post_unpatch`: the kernel calls that one also when enabling fails.',
  examples: {
    bad: [
      {
        title: 'A notifier that nobody takes back',
        code: exampleModule({
          includes: '#include <linux/reboot.h>',
          functions: NOTIFIER,
          init: `
static int __init uptime_fix_init(void)
{
	register_reboot_notifier(&reboot_notifier); //~
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
          exit: EXIT,
        }),
      },
    ],
    good: [
      {
        title: 'Taken back when enabling fails',
        code: exampleModule({
          includes: '#include <linux/reboot.h>',
          functions: NOTIFIER,
          init: `
static int __init uptime_fix_init(void)
{
	int ret;

	register_reboot_notifier(&reboot_notifier);
	ret = klp_enable_patch(&patch);
	if (ret)
		unregister_reboot_notifier(&reboot_notifier);
	return ret;
}
module_init(uptime_fix_init);`,
          exit: EXIT,
        }),
      },
    ],
  },
  check(module) {
    if (!module.complete) return [];
    const inits = new Set(module.init.map((entry) => entry.function));
    return enableCalls(module)
      .filter(({ inFunction }) => inits.has(inFunction.name))
      .flatMap(({ call: enable, inFunction }) =>
        setUps(module, [inFunction]).flatMap(({ call, what, release, inFunction: where }): RuleFinding[] => {
          if (where !== inFunction || !follows(module, inFunction, call, enable)) return [];
          if (releases(module, [inFunction], release)) return [];
          return [
            {
              range: call.calleeRange,
              message: `When klp_enable_patch() fails, the module is freed without its exit function, and ${what} of ${call.callee}() stays. Undo it on that path.`,
              related: [{ range: enable.calleeRange, message: 'This may fail.' }],
            },
          ];
        }),
      );
  },
};
