import type { KlpInitialiser, KlpTable, LivepatchModule } from '../../../../shared/src/model/index.ts';
import type { RuleFinding, TextEdit } from '../rule.ts';
import { addTerminator } from './edits.ts';
import { entryLabel } from './tables.ts';

/** A finding for each table that certainly does not end in an all-zero entry. */
export function missingTerminators<T extends KlpInitialiser>(
  module: LivepatchModule,
  tables: readonly KlpTable<T>[],
  consequence: string,
): RuleFinding[] {
  return tables
    .filter(({ terminated, open }) => terminated === 'no' && !open)
    .map((table) => {
      const last = table.entries.at(-1);
      const single = last !== undefined && last.range.start === table.range.start;
      const edits = single ? null : terminatorEdits(module, table);
      const named = table.name === null ? '' : ` "${table.name}"`;
      return {
        range: last ? entryLabel(last) : (table.nameRange ?? table.range),
        message: `${single ? `A single entry${named} has no empty entry behind it` : `The array${named} does not end in an empty entry`}. ${consequence}`,
        fixes: edits ? [{ title: 'Add the empty entry that ends it', safety: 'safe' as const, edits }] : [],
      };
    });
}

/** The empty entry, and one more element in the brackets when they hold a plain number. */
function terminatorEdits<T extends KlpInitialiser>(module: LivepatchModule, table: KlpTable<T>): TextEdit[] | null {
  const edits = addTerminator(module, table);
  if (table.declaredLength.kind === 'absent') return edits;
  if (table.declaredLength.kind === 'unknown') return null;
  const { range, value } = table.declaredLength;
  const text = module.files.find(({ file }) => file === range.file)?.text.slice(range.start, range.end);
  return text?.trim() === String(value) ? [{ range, newText: String(value + 1) }, ...edits] : null;
}
