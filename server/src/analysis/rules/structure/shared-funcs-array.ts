import { areExclusive, type KlpObject, type LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { seenEntries, type TableEntry } from '../tables.ts';

export const rule: Rule = {
  id: 'shared-funcs-array',
  severity: 'error',
  severityReason: 'The kernel corrupts its lists when the module is loaded.',
  group: 'structure',
  summary: 'Two objects share one array of functions.',
  kernel: {
    outcome: 'crash',
    log: 'tried to init an initialized object, something is seriously wrong.',
    text: 'The kernel links each function into the list of its object. Linking it twice corrupts both lists.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    "A `struct klp_func` holds the kernel's own list pointers and sysfs object, so it can belong to one object only. " +
    'Copy the array for the second object. An array with nothing but the empty entry may be shared: there is nothing ' +
    'in it to be linked.',
  examples: {
    bad: [
      {
        title: 'One array for two objects',
        code: exampleModule({
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{
		.name = "loop",
		.funcs = funcs, //~
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'An empty array may be shared',
        code: exampleModule({
          objs: `
static struct klp_func no_funcs[] = {
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{
		.name = "loop",
		.funcs = no_funcs,
	},
	{
		.name = "nbd",
		.funcs = no_funcs,
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module) {
    const before: TableEntry<KlpObject>[] = [];
    const findings: RuleFinding[] = [];
    for (const here of usedObjects(module)) {
      const { funcs } = here.entry;
      if (funcs.kind !== 'known' || seenEntries(funcs.table).length === 0) continue;
      const first = before.find(({ entry, table }) => {
        const sameArray = entry.funcs.kind === 'known' && entry.funcs.table.id === funcs.table.id;
        const both = [...table.conditions, ...entry.conditions];
        return sameArray && !areExclusive(both, [...here.table.conditions, ...here.entry.conditions]);
      });
      if (first) {
        findings.push({
          range: funcs.range,
          message:
            'Another object has this array of functions already. The kernel initialises each function twice and ' +
            'corrupts its lists.',
          related:
            first.entry.funcs.kind === 'known'
              ? [{ range: first.entry.funcs.range, message: 'The array is used here first' }]
              : [],
        });
      }
      before.push(here);
    }
    return findings;
  },
};

/** The objects of all arrays that a patch is known to use. */
function usedObjects(module: LivepatchModule): TableEntry<KlpObject>[] {
  const used = new Set(module.patches.flatMap(({ objs }) => (objs.kind === 'known' ? [objs.table] : [])));
  return [...used].flatMap((table) => seenEntries(table).map((entry) => ({ table, entry })));
}
