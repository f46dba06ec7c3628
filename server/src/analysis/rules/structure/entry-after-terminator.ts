import type { KlpInitialiser, KlpTable, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { addTerminator, removeEntry } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { entryLabel, isAlwaysThere } from '../tables.ts';

export const rule: Rule = {
  id: 'entry-after-terminator',
  severity: 'warning',
  severityReason: 'The module loads and works, but not all of it.',
  group: 'structure',
  summary: 'An entry stands behind the one that ends the array.',
  kernel: {
    outcome: 'ignored',
    text: 'The kernel stops reading at the empty entry and never sees what stands behind it.',
    evidence: 'kernel source',
  },
  explanation:
    'Arrays of objects, functions and states end at their first empty entry. What follows is compiled, and the ' +
    'kernel never looks at it: the function is not patched, and the log says `patching complete` all the same.',
  examples: {
    bad: [
      {
        title: 'A function behind the end',
        code: exampleModule({
          more: `
static int fixed_loadavg_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00 0.00 1/1 1\\n");
	return 0;
}`,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	{ },
	{
		.old_name = "loadavg_proc_show", //~
		.new_func = fixed_loadavg_proc_show,
	},
};`,
        }),
      },
    ],
    good: [{ title: 'The empty entry comes last', code: exampleModule({}) }],
  },
  check(module) {
    return [module.objectTables, module.funcTables, module.stateTables].flatMap((tables) =>
      tables.flatMap((table: KlpTable<KlpInitialiser & { readonly terminator: boolean }>) => behindEnd(module, table)),
    );
  },
};

function behindEnd(
  module: LivepatchModule,
  table: KlpTable<KlpInitialiser & { readonly terminator: boolean }>,
): RuleFinding[] {
  const end = table.entries.findIndex((entry) => entry.terminator && isAlwaysThere(entry, table));
  const terminator = table.entries[end];
  if (!terminator) return [];
  const fix = moveEnd(module, table, terminator);
  return table.entries
    .slice(end + 1)
    .filter((entry) => !entry.terminator)
    .map((entry) => ({
      range: entryLabel(entry),
      message: 'This entry stands behind the one that ends the array. The kernel ignores it silently.',
      related: [{ range: terminator.range, message: 'The array ends here' }],
      fixes: [fix],
    }));
}

function moveEnd(
  module: LivepatchModule,
  table: KlpTable<KlpInitialiser & { readonly terminator: boolean }>,
  terminator: KlpInitialiser,
): Fix {
  const endsAnyway = table.entries.at(-1)?.terminator === true;
  return {
    title: 'Move the empty entry to the end',
    safety: 'suggestion',
    edits: [removeEntry(module, terminator.range), ...(endsAnyway ? [] : addTerminator(module, table))],
  };
}
