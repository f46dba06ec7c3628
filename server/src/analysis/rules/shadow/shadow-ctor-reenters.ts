import type { Rule, RuleFinding } from '../../rule.ts';
import { callsInHooks } from './shadow-calls.ts';
import { shadowExample } from './shadow-example.ts';

export const rule: Rule = {
  id: 'shadow-ctor-reenters',
  severity: 'error',
  severityReason: 'The CPU spins for ever on a lock that it holds itself.',
  group: 'shadow',
  summary: 'The constructor or destructor of a shadow variable allocates or frees shadow variables.',
  since: { major: 4, minor: 15 },
  kernel: {
    outcome: 'crash',
    text: 'Constructors and destructors run with klp_shadow_lock held, and the call takes the same lock: the CPU hangs with interrupts off.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'All shadow variables share one spinlock, and it is held while a constructor or destructor runs. ' +
    '`klp_shadow_get()` is allowed there; `klp_shadow_alloc()`, `klp_shadow_get_or_alloc()`, `klp_shadow_free()` and ' +
    '`klp_shadow_free_all()` are not. Make the second call after the first has returned.',
  examples: {
    bad: [
      {
        title: 'A destructor that frees another shadow variable',
        code: shadowExample({
          hooks: `
#define UPTIME_ERRORS 2

static void forget(void *obj, void *shadow_data)
{
	klp_shadow_free(obj, UPTIME_ERRORS, NULL); //~
}`,
          unpatch: `
static void clean_up(struct klp_object *obj)
{
	klp_shadow_free_all(UPTIME_READS, forget);
}`,
        }),
      },
    ],
    good: [
      {
        title: 'One after the other',
        code: shadowExample({
          hooks: `
#define UPTIME_ERRORS 2`,
          body: `	int *errors = klp_shadow_get_or_alloc(&init_uts_ns, UPTIME_ERRORS, sizeof(*errors), GFP_KERNEL, NULL, NULL);

	reads = klp_shadow_get_or_alloc(&init_uts_ns, UPTIME_READS, sizeof(*reads), GFP_KERNEL, NULL, NULL);
	if (reads && errors)
		*reads += *errors;`,
          unpatch: `
static void clean_up(struct klp_object *obj)
{
	klp_shadow_free_all(UPTIME_READS, NULL);
	klp_shadow_free_all(UPTIME_ERRORS, NULL);
}`,
        }),
      },
    ],
  },
  check(module) {
    return callsInHooks(module).flatMap(({ kind, definition, by, call }): RuleFinding[] => {
      if (!/^klp_shadow_(?:alloc|get_or_alloc|free|free_all)$/.test(call.callee)) return [];
      return [
        {
          range: call.calleeRange,
          message: `${definition.name}() is the ${kind} of a shadow variable and runs with klp_shadow_lock held. ${call.callee}() takes that lock: the CPU hangs.`,
          related: by.hook ? [{ range: by.hook.range, message: `It is the ${kind} here.` }] : [],
        },
      ];
    });
  },
};
