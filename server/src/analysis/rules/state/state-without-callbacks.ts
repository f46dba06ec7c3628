import { CALLBACK_NAMES, type LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { calledNames, objectEntries } from '../queries.ts';
import { GOOD_STATES, stateExample } from './state-example.ts';

export const rule: Rule = {
  id: 'state-without-callbacks',
  severity: 'information',
  severityReason: 'It may be there only so that this patch is allowed to replace one that has the state.',
  group: 'state',
  summary: 'A patch has states, but nothing in the module uses them.',
  since: { major: 5, minor: 5 },
  kernel: {
    outcome: 'accepted',
    text: 'States do nothing by themselves: the kernel only compares their ids and versions when another patch is loaded.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'A state names a change of the system that callbacks or shadow variables make, so that the next patch knows what it ' +
    'finds. Without either, the table has one effect: a patch with `.replace` that does not list the ids in at least ' +
    'these versions is refused. That is right for a cumulative patch that keeps the state of an earlier one. Otherwise ' +
    'callbacks are missing.',
  examples: {
    bad: [
      {
        title: 'States and nothing else',
        code: exampleModule({
          patch: `
static struct klp_state states[] = {
	{
		.id = 1,
		.version = 1,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states, //~
};`,
        }),
      },
    ],
    good: [{ title: 'Callbacks that use the state', code: stateExample(GOOD_STATES) }],
  },
  check(module) {
    if (!module.complete || usesStates(module)) return [];
    return module.patches.flatMap(({ states, fields }): RuleFinding[] => {
      if (states.kind !== 'known' || states.table.open) return [];
      const entries = states.table.entries.filter(({ terminator }) => !terminator);
      // A proposal on the mailing list gives each state callbacks of its own.
      if (entries.length === 0 || entries.some((entry) => entry.fields.some(({ name }) => /^callbacks\b/.test(name)))) {
        return [];
      }
      const field = fields.find(({ name }) => name === 'states');
      return [
        {
          range: field ? { ...field.nameRange, end: field.valueRange.end } : states.range,
          message:
            'The patch has states, but no callbacks and no shadow variables. States do nothing by themselves: the kernel only compares them with those of other patches.',
        },
      ];
    });
  },
};

function usesStates(module: LivepatchModule): boolean {
  const sets = [...objectEntries(module).map(({ callbacks }) => callbacks), ...module.callbackSets];
  return (
    sets.some((set) => CALLBACK_NAMES.some((name) => set[name].kind !== 'absent')) ||
    module.runtimeWrites.some(({ target }) => /callbacks|_patch\b|_unpatch\b/.test(target)) ||
    calledNames(module).some((name) => /^klp_(?:get_|shadow_)/.test(name))
  );
}
