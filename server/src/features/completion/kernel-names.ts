import { type CompletionItem, CompletionItemKind, type CompletionList } from 'vscode-languageserver';
import { knownValue, type LivepatchModule } from '../../../../shared/src/model/index.ts';
import { initialiserAt } from '../../analysis/initialiser-at.ts';
import type { KernelKnowledge, KernelSymbol } from '../../kernel/knowledge.ts';
import { symbolText } from '../kernel-symbol-text.ts';

/** The client asks again with each letter, so a list need not hold more than people scroll through. */
const MOST_NAMES = 100;

/** A name that is being written as a string, and where: offsets of what is there of it. */
export interface NamePlace {
  readonly field: 'old_name' | 'name';
  readonly typed: string;
  readonly start: number;
  /** Whether the opening quote is still to be written. */
  readonly quotes: boolean;
}

/** Whether a function's or a module's name belongs at an offset: in or before the string of `.old_name` or `.name`. */
export function namePlaceAt(text: string, offset: number): NamePlace | null {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  const match = /^(.*?\.(old_name|name)\s*=\s*)("?)(\w*)$/s.exec(
    line.slice(line.lastIndexOf('.', line.lastIndexOf('='))),
  );
  if (!match) return null;
  const [, , field, quote = '', typed = ''] = match;
  const start = offset - typed.length;
  const place = initialiserAt(text, start - quote.length);
  if (place === null || place.field !== field) return null;
  if (field === 'old_name' && place.struct === 'klp_func') return { field, typed, start, quotes: quote === '' };
  if (field === 'name' && place.struct === 'klp_object') return { field, typed, start, quotes: quote === '' };
  return null;
}

/** The kernel's own names for such a place. `offset` is where the name begins. */
export function kernelNames(
  place: NamePlace,
  file: string,
  module: LivepatchModule,
  knowledge: KernelKnowledge,
  item: (text: string, more: Omit<CompletionItem, 'label'>) => CompletionItem,
): CompletionList {
  const write = (name: string): string => (place.quotes ? `"${name}"` : name);
  if (place.field === 'name') {
    const typed = place.typed.toLowerCase();
    const names = knowledge.modules().filter((name) => name.includes(typed));
    const items = names
      .slice(0, MOST_NAMES)
      .map((name) => item(write(name), { kind: CompletionItemKind.Module, filterText: write(name) }));
    return { isIncomplete: names.length > MOST_NAMES, items };
  }
  const object = objectAt(module, file, place.start);
  if (object === undefined) return { isIncomplete: false, items: [] };
  const symbols = knowledge.search(place.typed, object, MOST_NAMES);
  const items = symbols.map((symbol, rank) =>
    item(write(symbol.name), {
      kind: CompletionItemKind.Function,
      detail: symbolText(symbol, knowledge),
      filterText: write(symbol.name),
      sortText: sortText(symbol, rank),
    }),
  );
  // The next letter may bring names that were not among the best so far.
  return { isIncomplete: true, items };
}

/** What ftrace can't hook can't be replaced: it stands behind all others. */
const sortText = ({ traceable }: KernelSymbol, rank: number): string =>
  `${traceable === false ? 1 : 0}${String(rank).padStart(4, '0')}`;

/** The object whose functions stand at a place: null for vmlinux, undefined when it can't be told. */
function objectAt(module: LivepatchModule, file: string, offset: number): string | null | undefined {
  const table = module.funcTables.find(
    ({ range }) => range.file === file && range.start <= offset && offset <= range.end,
  );
  const objects = module.objectTables
    .flatMap(({ entries }) => entries)
    .filter(({ funcs }) => funcs.kind === 'known' && funcs.table === table);
  const names = new Set(objects.map(({ name }) => (name.kind === 'unknown' ? undefined : (knownValue(name) ?? null))));
  // A table that nothing refers to yet is most likely one of vmlinux.
  return names.size === 0 ? null : names.size === 1 ? [...names][0] : undefined;
}
