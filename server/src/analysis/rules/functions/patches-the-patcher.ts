import type { Rule } from '../../rule.ts';
import { exampleModule, exampleReplacing } from '../example-module.ts';
import { namedTargets, words } from './named-targets.ts';

/** What a transition itself calls, besides kernel/livepatch/. */
const NAMES = words(
  `arch_stack_walk_reliable ftrace_location ftrace_set_filter_ip kallsyms_lookup_size_offset kallsyms_on_each_match_symbol
  kallsyms_on_each_symbol module_kallsyms_on_each_symbol register_ftrace_function schedule_on_each_cpu
  stack_trace_save_tsk_reliable unregister_ftrace_function`,
);

export const rule: Rule = {
  id: 'patches-the-patcher',
  severity: 'warning',
  severityReason: 'A replacement that does exactly what the original does would work.',
  group: 'functions',
  summary: 'A function is replaced that livepatch itself needs for the transition.',
  kernel: {
    outcome: 'hazard',
    text: 'The replacement is in force for tasks that have switched, among them those that run the transition. A mistake in it, and the patch can be neither completed nor disabled.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Livepatch enables, checks and disables patches with these functions. What goes wrong in a replacement of one of them ' +
    'takes away the means to take the patch back; only a reboot helps. Many of them cannot be hooked at all, as they are ' +
    '`notrace`.',
  examples: {
    bad: [
      {
        title: 'No task is ever switched again',
        code: exampleReplacing('klp_try_switch_task', 'fixed_klp_try_switch_task', {
          marked: true,
          includes: '#include <linux/sched.h>',
          functions: `
static bool fixed_klp_try_switch_task(struct task_struct *task)
{
	return false;
}`,
        }),
      },
    ],
    good: [{ title: 'A function that livepatch does not use', code: exampleModule({}) }],
  },
  check: (module) =>
    namedTargets(
      module,
      (name) => NAMES.has(name) || (name.startsWith('klp_') && !name.startsWith('klp_shadow_')),
      ({ name }) =>
        `Livepatch itself uses ${name}() for the transition. If the replacement does not work, the patch can be neither completed nor taken back.`,
    ),
};
