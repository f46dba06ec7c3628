import type { CallSite } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { replaceText } from '../edits.ts';
import { callsInHooks, maySleep } from './shadow-calls.ts';
import { shadowExample } from './shadow-example.ts';

/** Functions that sleep, or check that they may. */
const SLEEPS =
  /^(?:mutex_lock(?:_interruptible|_killable|_nested|_io)?|down|down_(?:read|write|interruptible|killable)|msleep(?:_interruptible)?|ssleep|fsleep|usleep_range|schedule|schedule_timeout(?:_\w+)?|cond_resched|might_sleep|wait_event(?:_\w+)?|wait_for_completion(?:_\w+)?|copy_(?:from|to)_user|get_user|put_user|strncpy_from_user|vmalloc|vzalloc|synchronize_(?:rcu|srcu|net)|rcu_barrier|flush_(?:work|workqueue|delayed_work)|cancel_(?:delayed_)?work_sync|kthread_stop|request_module)$/;

/** Allocators, with the place of their flags. */
const ALLOCATORS: { readonly [callee: string]: number } = {
  kmalloc: 1,
  kzalloc: 1,
  kcalloc: 2,
  kmalloc_array: 2,
  kmalloc_node: 1,
  kzalloc_node: 1,
  kvmalloc: 1,
  kvzalloc: 1,
  kstrdup: 1,
  kstrndup: 2,
  kmemdup: 2,
  kasprintf: 0,
  kmem_cache_alloc: 1,
  kmem_cache_zalloc: 1,
};

export const rule: Rule = {
  id: 'shadow-ctor-sleeps',
  severity: 'error',
  severityReason: 'Sleeping there is a bug wherever it happens, and brings the kernel down when it really sleeps.',
  group: 'shadow',
  summary: 'The constructor or destructor of a shadow variable may sleep.',
  since: { major: 4, minor: 15 },
  kernel: {
    outcome: 'crash',
    log: 'BUG: scheduling while atomic',
    text: 'Constructors and destructors run under a spinlock with interrupts off. One that sleeps gives "scheduling while atomic"; one that merely may sleep works until it does.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The kernel calls both with `klp_shadow_lock` held and interrupts disabled, so that nobody sees a half made shadow ' +
    'variable. Allocate and fetch whatever takes time before the call and hand it over by `ctor_data`. An allocation ' +
    'that must be in there needs `GFP_ATOMIC` or `GFP_NOWAIT`.',
  examples: {
    bad: [
      {
        title: 'A constructor that takes its time',
        code: shadowExample({
          includes: '\n#include <linux/delay.h>',
          hooks: `
static int start_at_zero(void *obj, void *shadow_data, void *ctor_data)
{
	int *reads = shadow_data;

	msleep(20); //~
	*reads = 0;
	return 0;
}`,
          body: `
	reads = klp_shadow_get_or_alloc(&init_uts_ns, UPTIME_READS, sizeof(*reads), GFP_KERNEL, start_at_zero, NULL);
	if (reads)
		(*reads)++;`,
        }),
      },
    ],
    good: [
      {
        title: 'A constructor that only stores',
        code: shadowExample({
          hooks: `
static int start_at(void *obj, void *shadow_data, void *ctor_data)
{
	int *reads = shadow_data;
	int *start = ctor_data;

	*reads = *start;
	return 0;
}`,
          body: `	int start = 0;

	reads = klp_shadow_get_or_alloc(&init_uts_ns, UPTIME_READS, sizeof(*reads), GFP_KERNEL, start_at, &start);
	if (reads)
		(*reads)++;`,
        }),
      },
    ],
  },
  check(module) {
    return callsInHooks(module).flatMap(({ kind, definition, by, call }): RuleFinding[] => {
      const flags = sleepingFlags(call);
      if (!flags && !SLEEPS.test(call.callee)) return [];
      return [
        {
          range: flags ? flags.range : call.calleeRange,
          message: `${definition.name}() is the ${kind} of a shadow variable and runs under a spinlock. ${call.callee}() ${flags ? `with ${flags.text} ` : ''}may sleep there.`,
          related: by.hook ? [{ range: by.hook.range, message: `It is the ${kind} here.` }] : [],
          fixes: flags
            ? [{ title: 'Use GFP_ATOMIC', safety: 'suggestion', edits: [replaceText(flags.range, 'GFP_ATOMIC')] }]
            : [],
        },
      ];
    });
  },
};

function sleepingFlags({ callee, arguments: list }: CallSite) {
  const place = Object.hasOwn(ALLOCATORS, callee) ? ALLOCATORS[callee] : undefined;
  const flags = place === undefined ? undefined : list[place];
  return flags && maySleep(flags.text) ? flags : null;
}
