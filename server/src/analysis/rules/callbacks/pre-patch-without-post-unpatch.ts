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

static char *text;`;

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
        title: 'Memory that nobody frees',
        code: exampleModule({
          includes: '#include <linux/slab.h>',
          functions: `${FUNCTION}

static int prepare(struct klp_object *obj)
{
	text = kzalloc(PAGE_SIZE, GFP_KERNEL); //~
	return text ? 0 : -ENOMEM;
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
        title: 'post_unpatch frees it',
        code: exampleModule({
          includes: '#include <linux/slab.h>',
          functions: `${FUNCTION}

static int prepare(struct klp_object *obj)
{
	text = kzalloc(PAGE_SIZE, GFP_KERNEL);
	return text ? 0 : -ENOMEM;
}

static void clean_up(struct klp_object *obj)
{
	kfree(text);
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
