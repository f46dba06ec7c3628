import type { KernelKnowledge } from './knowledge.ts';
import { decodeReference } from './reference-format.ts';
import { type FunctionOrder, ReferenceTypes } from './reference-types.ts';
import type { Steps } from './steps.ts';
import { SYMBOLS_IN_A_STEP, type SymbolTable, TRACEABLE } from './symbol-table.ts';
import { type Coverage, TableKnowledge } from './table-knowledge.ts';

/**
 * What the built-in reference kernel knows.
 *
 * @param symbols its file of symbols, decompressed
 * @param types its file of types, decompressed
 * @param asOwn whether to treat it as the user's own kernel: tests do, so that rules say of it what they say of others
 * @throws Error when the bytes are something else: they are a part of the program
 */
export function* referenceKnowledge(
  symbols: Uint8Array,
  types: Uint8Array,
  { asOwn = false } = {},
): Steps<KernelKnowledge> {
  const { label, table, objects, modules, builtIn } = yield* decodeReference(symbols);
  const kernelTypes = new ReferenceTypes(yield* orderOf(table), types);
  yield;
  return new TableKnowledge({
    label: `built-in reference kernel, ${label}`,
    reference: !asOwn,
    tables: new Map(objects.map((object) => [object, table])),
    details: new Map(),
    coverage: new Map<string | null, Coverage>(objects.map((object) => [object, 'complete'])),
    modules: new Set(modules),
    builtIn: new Set(builtIn),
    types: new Map(objects.map((object) => [object, object === null ? kernelTypes : kernelTypes.ofModule(object)])),
    btf: null,
  });
}

/** The order of the names that traceableNames() gives for one object after the other; the table's names are sorted. */
function* orderOf(table: SymbolTable): Steps<FunctionOrder> {
  const places = new Int32Array(table.count).fill(-1);
  let count = 0;
  let last = -1;
  for (let symbol = 0; symbol < table.count; symbol++) {
    if (symbol % SYMBOLS_IN_A_STEP === 0) yield;
    if (!isHooked(table, symbol)) continue;
    const isAnother = last < 0 || table.object[symbol] !== table.object[last] || !table.isSameName(symbol, last);
    if (isAnother) count++;
    places[symbol] = count - 1;
    last = symbol;
  }
  return {
    count,
    placeOf(name, object) {
      const number = table.objectNumber(object);
      let symbol = table.find(name);
      while (symbol >= 0 && (places[symbol] === -1 || table.object[symbol] !== number)) symbol = table.after(symbol);
      return symbol < 0 ? -1 : (places[symbol] as number);
    },
  };
}

function isHooked(table: SymbolTable, symbol: number): boolean {
  return table.traceable[symbol] === TRACEABLE.yes && table.isFunction(symbol);
}

/** The functions of an object (null: vmlinux) that ftrace can hook, each name once, sorted. */
export function traceableNames(table: SymbolTable, object: string | null): string[] {
  const names = new Set<string>();
  const number = table.objectNumber(object);
  for (let symbol = 0; symbol < table.count; symbol++) {
    if (table.object[symbol] === number && isHooked(table, symbol)) names.add(table.nameOf(symbol));
  }
  return [...names].sort();
}
