import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { GOOD_STATES, stateExample } from './state-example.ts';

export const rule: Rule = {
  id: 'state-id-zero',
  severity: 'error',
  severityReason: 'The kernel silently ignores the state and all that follow it.',
  group: 'state',
  summary: 'A state has the id 0, which ends the table.',
  since: { major: 5, minor: 5 },
  kernel: {
    outcome: 'ignored',
    text: 'An entry whose id is 0 ends the table: this state and those behind it do not exist for the kernel.',
    evidence: 'kernel source',
  },
  explanation:
    'The kernel goes through `.states` until it meets an id of 0, whatever else the entry says. `klp_get_state()` ' +
    'returns NULL for the states behind it, and they take no part in the test whether one patch may replace another. ' +
    'Give every state an id from 1 up.',
  examples: {
    bad: [
      {
        title: 'Counting from 0',
        code: exampleModule({
          patch: `
static struct klp_state states[] = {
	{
		.id = 0, //~
		.version = 1,
	},
	{
		.id = 1,
		.version = 1,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
};`,
        }),
      },
    ],
    good: [{ title: 'Counting from 1', code: stateExample(GOOD_STATES) }],
  },
  check(module) {
    return module.stateTables.flatMap(({ entries }) =>
      entries.flatMap(({ terminator, id, fields, range }): RuleFinding[] => {
        if (terminator || fields.length === 0 || id.kind === 'unknown') return [];
        if (id.kind === 'known' && id.value !== 0) return [];
        const field = fields.find(({ name }) => name === 'id');
        const missing = id.kind === 'absent' && !field;
        return [
          {
            range: field ? field.valueRange : (fields[0]?.nameRange ?? range),
            message: `${missing ? 'This state has no id' : 'The id of this state is 0'}, which ends the table. The kernel ignores it and the states behind it.`,
          },
        ];
      }),
    );
  },
};
