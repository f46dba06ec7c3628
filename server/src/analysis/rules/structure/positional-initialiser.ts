import type { KlpInitialiser } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { insertAt } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { mayHoldMore } from '../tables.ts';

export const rule: Rule = {
  id: 'positional-initialiser',
  severity: 'warning',
  severityReason: 'It works on the kernel it was written for; another one may have other fields in these places.',
  group: 'structure',
  summary: 'Fields of a livepatch structure are set by their place.',
  kernel: {
    outcome: 'accepted',
    text: 'The same values land in other fields on a kernel whose structures have other fields: they changed in 4.5, 4.12, 4.16, 5.1 and 5.5.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The structures of livepatch got and lost fields over the years: `old_addr` became `old_sympos` in 4.5, ' +
    '`immediate` came with 4.12 and went with 4.16, `replace` came with 5.1, `states` with 5.5. Values that are set by ' +
    'their place can land in another field on another kernel. Name the fields.',
  examples: {
    bad: [
      {
        title: 'By place',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{ "uptime_proc_show", fixed_uptime_proc_show }, //~
	{ }
};`,
        }),
      },
    ],
    good: [
      { title: 'By name', code: exampleModule({}) },
      {
        title: 'An empty entry may hold zeros',
        code: exampleModule({
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{ NULL }
};`,
        }),
      },
    ],
  },
  check(module) {
    return [
      ...module.patches.filter((patch) => !mayHoldMore(module, patch)).flatMap((patch) => positionalFields(patch)),
      ...[module.objectTables, module.funcTables, module.stateTables].flatMap((tables) =>
        tables.flatMap(({ entries }) =>
          entries
            .filter((entry) => !entry.terminator && !mayHoldMore(module, entry))
            .flatMap((entry) => positionalFields(entry)),
        ),
      ),
    ];
  },
};

function positionalFields(initialiser: KlpInitialiser): RuleFinding[] {
  const fields = initialiser.fields.filter(({ positional }) => positional);
  const first = fields[0];
  if (!first) return [];
  const nameable = fields.every(({ name }) => /^\w+$/.test(name));
  return [
    {
      range: first.valueRange,
      message: `This sets .${first.name} by its place. On a kernel with other fields the value lands in another one.`,
      fixes: nameable
        ? [
            {
              title: 'Name the fields',
              // Before 5.5, which put `states` in front of it, the third place of a patch was that of `replace`.
              safety: fields.every(({ name }) => name !== 'states' && name !== 'replace')
                ? ('safe' as const)
                : ('suggestion' as const),
              edits: fields.map(({ name, valueRange }) => insertAt(valueRange.file, valueRange.start, `.${name} = `)),
            },
          ]
        : [],
    },
  ];
}
