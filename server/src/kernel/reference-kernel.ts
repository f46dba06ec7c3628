import type { KernelKnowledge } from './knowledge.ts';
import { decodeReference } from './reference-format.ts';
import { ReferenceTypes } from './reference-types.ts';
import type { SymbolTable } from './symbol-table.ts';
import { TRACEABLE } from './symbol-table.ts';
import { type Coverage, TableKnowledge } from './table-knowledge.ts';

/**
 * What the built-in reference kernel knows.
 *
 * @param symbols its file of symbols, decompressed
 * @param types its file of types, decompressed
 * @param asOwn whether to treat it as the user's own kernel: tests do, so that rules say of it what they say of others
 * @throws Error when the bytes are something else: they are a part of the program
 */
export function referenceKnowledge(symbols: Uint8Array, types: Uint8Array, { asOwn = false } = {}): KernelKnowledge {
  const { label, table, objects, modules, builtIn } = decodeReference(symbols);
  return new TableKnowledge({
    label: `built-in reference kernel, ${label}`,
    reference: !asOwn,
    tables: new Map(objects.map((object) => [object, table])),
    details: new Map(),
    coverage: new Map<string | null, Coverage>(objects.map((object) => [object, 'complete'])),
    modules: new Set(modules),
    builtIn: new Set(builtIn),
    types: new Map([[null, new ReferenceTypes(() => traceableNames(table), types)]]),
    btf: null,
  });
}

/** The functions of vmlinux that ftrace can hook, each name once, sorted. */
export function traceableNames(table: SymbolTable): string[] {
  const names = new Set<string>();
  for (let symbol = 0; symbol < table.count; symbol++) {
    const isHooked = table.object[symbol] === 0 && table.traceable[symbol] === TRACEABLE.yes;
    if (isHooked && table.isFunction(symbol)) names.add(table.nameOf(symbol));
  }
  return [...names].sort();
}
