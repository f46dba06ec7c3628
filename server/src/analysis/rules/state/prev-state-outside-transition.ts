import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { callsOf, isOwnName, runAsReplacements } from '../queries.ts';
import { GOOD_STATES, stateExample } from './state-example.ts';

export const rule: Rule = {
  id: 'prev-state-outside-transition',
  severity: 'warning',
  severityReason: 'The code may know how to live without an answer.',
  group: 'state',
  summary: 'A replacement asks for the state of the previous patch, which is known only during the transition.',
  since: { major: 5, minor: 5 },
  kernel: {
    outcome: 'hazard',
    text: 'Once the transition is over, klp_get_prev_state() warns in the log, once, and returns NULL.',
    evidence: 'kernel source',
  },
  explanation:
    '`klp_get_prev_state()` looks at the patches that were there before the one in transition. A replacement runs long after ' +
    'that, when there is nothing to look at: the previous patch is perhaps gone. Ask in `pre_patch` or `post_patch`, and keep ' +
    'what was found in a variable or in the patch’s own state.',
  examples: {
    bad: [
      {
        title: 'Asked at each call',
        code: exampleModule({
          functions: `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	if (klp_get_prev_state(1)) //~
		seq_puts(m, "1.00 1.00\\n");
	else
		seq_puts(m, "0.00 0.00\\n");
	return 0;
}`,
        }),
      },
    ],
    good: [{ title: 'The patch’s own state, in a callback', code: stateExample(GOOD_STATES) }],
  },
  check(module) {
    const calls = callsOf(module, 'klp_get_prev_state');
    if (calls.length === 0 || isOwnName(module, 'klp_get_prev_state')) return [];
    const late = new Set(runAsReplacements(module));
    return calls
      .filter(({ inFunction }) => late.has(inFunction))
      .map(
        ({ call }): RuleFinding => ({
          range: call.range,
          message:
            'A replacement runs when the transition is over, too. Then klp_get_prev_state() warns in the log and returns NULL.',
        }),
      );
  },
};
