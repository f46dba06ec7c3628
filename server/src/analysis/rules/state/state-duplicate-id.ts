import { areExclusive, type KlpState } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { GOOD_STATES, stateExample } from './state-example.ts';

export const rule: Rule = {
  id: 'state-duplicate-id',
  severity: 'warning',
  severityReason: 'The kernel takes it, and uses only one of the two.',
  group: 'state',
  summary: 'Two states of a patch have one id.',
  since: { major: 5, minor: 5 },
  kernel: {
    outcome: 'ignored',
    text: 'klp_get_state() finds the first one only. The second is never used, and its version does not count for a replacing patch.',
    evidence: 'kernel source',
  },
  explanation:
    'A state is found by its id, and the search ends at the first match. The second entry’s `data` stays unused, and ' +
    'nothing is said about it. Give it an id of its own, or merge the two.',
  examples: {
    bad: [
      {
        title: 'One id twice',
        code: stateExample(`
static struct klp_state states[] = {
	{
		.id = UPTIME_STATE,
		.version = 1,
	},
	{
		.id = 1, //~
		.version = 2,
	},
	{ }
};`),
      },
    ],
    good: [{ title: 'Each id once', code: stateExample(GOOD_STATES) }],
  },
  check(module) {
    return module.stateTables.flatMap(({ entries }) =>
      entries.flatMap((state, index): RuleFinding[] => {
        const earlier = entries.slice(0, index).find((other) => sameId(other, state));
        if (!earlier || state.id.kind !== 'known' || earlier.id.kind !== 'known') return [];
        return [
          {
            range: state.id.range,
            message: `There is another state with the id ${state.id.value} above. klp_get_state() finds only that one.`,
            related: [{ range: earlier.id.range, message: 'The one that is found.' }],
          },
        ];
      }),
    );
  },
};

function sameId(a: KlpState, b: KlpState): boolean {
  if (a.id.kind !== 'known' || b.id.kind !== 'known' || a.id.value === 0) return false;
  return a.id.value === b.id.value && !areExclusive(conditionsOf(a), conditionsOf(b));
}

function conditionsOf(state: KlpState) {
  return [
    ...state.conditions,
    ...state.fields.filter(({ name }) => name === 'id').flatMap((field) => field.conditions),
  ];
}
