import type { CallSite } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { calledNames, definitionsOf, runAsReplacements } from '../queries.ts';

interface Deferral {
  /** What hands the function over, and its place among the arguments. */
  readonly calls: RegExp;
  readonly argument: number;
  /** What waits until it no longer runs. */
  readonly waits: RegExp;
  readonly advice: string;
}

const DEFERRALS: readonly Deferral[] = [
  {
    calls: /^call_(?:rcu|rcu_hurry|rcu_tasks\w*)$/,
    argument: 1,
    waits: /^rcu_barrier(?:_tasks\w*)?$/,
    advice: 'rcu_barrier()',
  },
  {
    calls: /^(?:timer_setup|timer_setup_on_stack)$/,
    argument: 1,
    waits: /^(?:try_to_)?(?:del_timer|timer_delete|timer_shutdown)(?:_sync)?$/,
    advice: 'timer_delete_sync()',
  },
  {
    calls: /^INIT_(?:DELAYED_)?(?:DEFERRABLE_)?WORK$/,
    argument: 1,
    waits: /^(?:cancel|flush|disable)_(?:delayed_)?work(?:_sync)?$|^(?:flush|drain|destroy)_workqueue$/,
    advice: 'cancel_work_sync()',
  },
  { calls: /^tasklet_setup$/, argument: 1, waits: /^tasklet_kill$/, advice: 'tasklet_kill()' },
  { calls: /^kthread_(?:run|create)$/, argument: 0, waits: /^kthread_stop(?:_put)?$/, advice: 'kthread_stop()' },
];

const INCLUDES = '#include <linux/slab.h>\n#include <linux/rcupdate.h>';

const REPLACEMENT = `
struct reading {
	struct rcu_head rcu;
};

static void free_reading(struct rcu_head *rcu)
{
	kfree(container_of(rcu, struct reading, rcu));
}

static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	struct reading *reading = kzalloc(sizeof(*reading), GFP_KERNEL);

	if (!reading)
		return -ENOMEM;
	call_rcu(&reading->rcu, free_reading);
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`;

export const rule: Rule = {
  id: 'deferred-callback-into-module',
  severity: 'warning',
  severityReason: 'It goes wrong only when the module is removed.',
  group: 'functions',
  summary: 'A replacement hands a function of the module to RCU, a timer or a work item, and nothing waits for it.',
  kernel: {
    outcome: 'hazard',
    text: 'The transition waits for tasks, not for what is still to be called back. When the patch is disabled or replaced and its module removed, the kernel runs freed memory.',
    evidence: 'documentation',
  },
  explanation:
    'After a completed transition no task runs the module’s code, and the module may be removed. An RCU callback, timer or ' +
    'work item that a replacement started may still be pending then. Wait for it in the exit function or in `post_unpatch`: `rcu_barrier()`, ' +
    '`timer_delete_sync()`, `cancel_work_sync()`. Or hand over a function of the kernel.',
  examples: {
    bad: [
      {
        title: 'An RCU callback in the module',
        code: exampleModule({
          includes: INCLUDES,
          functions: REPLACEMENT.replace('free_reading);', 'free_reading); //~'),
        }),
      },
    ],
    good: [
      {
        title: 'Exit waits for all callbacks',
        code: exampleModule({
          includes: INCLUDES,
          functions: REPLACEMENT,
          exit: `
static void __exit uptime_fix_exit(void)
{
	rcu_barrier();
}
module_exit(uptime_fix_exit);`,
        }),
      },
    ],
  },
  check(module) {
    if (!module.complete) return [];
    const names = calledNames(module);
    const open = DEFERRALS.filter(
      ({ calls, waits }) => names.some((name) => calls.test(name)) && !names.some((name) => waits.test(name)),
    );
    if (open.length === 0) return [];
    const started = runAsReplacements(module);
    return started.flatMap(({ calls }) =>
      calls.flatMap((call): RuleFinding[] => {
        const deferral = open.find((one) => one.calls.test(call.callee));
        const handed = deferral ? functionIn(call, deferral.argument) : null;
        if (!deferral || handed === null || definitionsOf(module, handed).length === 0) return [];
        return [
          {
            range: call.arguments[deferral.argument]?.range ?? call.range,
            message: `${handed}() may be called when the module is gone: the transition does not wait for it. Call ${deferral.advice} before the module can be removed.`,
          },
        ];
      }),
    );
  },
};

function functionIn(call: CallSite, argument: number): string | null {
  return /^&?\s*(\w+)$/.exec(call.arguments[argument]?.text ?? '')?.[1] ?? null;
}
