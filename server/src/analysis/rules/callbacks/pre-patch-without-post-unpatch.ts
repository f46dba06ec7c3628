import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { callbackUses } from '../queries.ts';
import { releases, setUps } from './resource-pairs.ts';

const FUNCTION = `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}

static void report(struct timer_list *timer)
{
	pr_info("the patch is in\\n");
}

static DEFINE_TIMER(report_timer, report);`;

export const rule: Rule = {
  id: 'pre-patch-without-post-unpatch',
  severity: 'warning',
  severityReason: 'What is left behind does harm only when enabling fails, or later.',
  group: 'callbacks',
  summary: 'pre_patch sets something up that nothing takes down.',
  kernel: {
    outcome: 'hazard',
    text: 'When enabling fails or is reversed, and when the patch is disabled, it stays. A timer, a work item or a registration then runs code of a module that may be gone.',
    evidence: 'kernel source',
  },
  explanation:
    '`post_unpatch` is the counterpart of `pre_patch`: the kernel calls it for each object whose `pre_patch` returned ' +
    '0, when a later object fails, when the transition is reversed and when the patch has been disabled. ' +
    'The module’s exit function is no substitute: it does not run when enabling fails.',
  examples: {
    bad: [
      {
        title: 'A timer that nobody stops',
        code: exampleModule({
          includes: '#include <linux/timer.h>',
          functions: `${FUNCTION}

static int prepare(struct klp_object *obj)
{
	mod_timer(&report_timer, jiffies + HZ); //~
	return 0;
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
        title: 'post_unpatch stops it',
        code: exampleModule({
          includes: '#include <linux/timer.h>',
          functions: `${FUNCTION}

static int prepare(struct klp_object *obj)
{
	mod_timer(&report_timer, jiffies + HZ);
	return 0;
}

static void clean_up(struct klp_object *obj)
{
	del_timer_sync(&report_timer);
}`,
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.pre_patch = prepare,
			.post_unpatch = clean_up,
		},
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module) {
    if (!module.complete) return [];
    const seen = new Set<string>();
    return callbackUses(module)
      .filter(({ callback }) => callback === 'pre_patch')
      .flatMap(({ set, definitions }) =>
        setUps(module, definitions).flatMap(({ call, what, release }): RuleFinding[] => {
          const place = `${call.range.file}:${call.range.start}`;
          // Anything of the module that takes it down may do so in time: only where nothing does, it is sure.
          if (releases(module, module.functions, release) || seen.has(place)) return [];
          if (set.post_unpatch.kind === 'unknown') return [];
          seen.add(place);
          return [
            {
              range: call.calleeRange,
              message: `pre_patch sets up ${what} with ${call.callee}(), and nothing takes it down. It stays when enabling fails and when the patch is disabled.`,
            },
          ];
        }),
      );
  },
};
