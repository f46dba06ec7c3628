import type { KernelKnowledge, KernelSymbol, Prototype, StructLayout } from './knowledge.ts';
import { SymbolSearch } from './symbol-search.ts';
import { EXPORTED, type SymbolTable, TRACEABLE, UNKNOWN_SIZE } from './symbol-table.ts';

/** How far the symbols of an object are known. */
export type Coverage = 'complete' | 'partial' | 'none';

/** What the sources said, put together. */
export interface KnownKernel {
  readonly label: string;
  readonly reference: boolean;
  readonly table: SymbolTable;
  /** By object (null: vmlinux); those that are missing have none. */
  readonly coverage: ReadonlyMap<string | null, Coverage>;
  /** Modules, sorted. */
  readonly modules: readonly string[];
}

/** Answers from a table of symbols. Objects for symbols are made when somebody asks for them. */
export class TableKnowledge implements KernelKnowledge {
  readonly label: string;
  readonly reference: boolean;
  private readonly known: KnownKernel;
  private readonly table: SymbolTable;
  private lazySearch: SymbolSearch | null = null;
  private lazyVariants: Map<string, number[]> | null = null;

  constructor(known: KnownKernel) {
    this.known = known;
    this.table = known.table;
    this.label = known.label;
    this.reference = known.reference;
  }

  coverage(object: string | null): Coverage {
    return this.known.coverage.get(object) ?? 'none';
  }

  lookup(name: string, object: string | null): readonly KernelSymbol[] {
    const number = this.table.objectNumber(object);
    if (number < 0) return [];
    return this.indicesOf(name)
      .filter((symbol) => this.table.object[symbol] === number)
      .map((symbol, index) => this.symbol(symbol, name, index + 1));
  }

  everywhere(name: string): readonly KernelSymbol[] {
    const { table } = this;
    const positions = new Map<number, number>();
    const symbols = this.indicesOf(name).map((symbol) => {
      const object = table.object[symbol] as number;
      const position = (positions.get(object) ?? 0) + 1;
      positions.set(object, position);
      return this.symbol(symbol, name, position);
    });
    return symbols.sort((a, b) => compareText(a.module ?? '', b.module ?? '') || a.position - b.position);
  }

  variants(name: string, object: string | null): readonly KernelSymbol[] {
    this.lazyVariants ??= variantsIn(this.table);
    const number = this.table.objectNumber(object);
    return (this.lazyVariants.get(name) ?? [])
      .filter((symbol) => this.table.object[symbol] === number)
      .map((symbol) => this.symbolAt(symbol));
  }

  search(typed: string, object: string | null, limit: number): readonly KernelSymbol[] {
    const number = this.table.objectNumber(object);
    if (number < 0) return [];
    return this.searching()
      .search(typed, number, limit)
      .map((symbol) => this.symbolAt(symbol));
  }

  closest(name: string, object: string | null): string | null {
    const number = this.table.objectNumber(object);
    const found = number < 0 ? -1 : this.searching().closest(name, number);
    return found < 0 ? null : this.table.nameOf(found);
  }

  modules(): readonly string[] {
    return this.known.modules;
  }

  isBuiltIn(_module: string): boolean | null {
    return null;
  }

  prototype(_name: string, _object: string | null): Prototype | null {
    return null;
  }

  layout(_structName: string): StructLayout | null {
    return null;
  }

  private searching(): SymbolSearch {
    this.lazySearch ??= new SymbolSearch(this.table);
    return this.lazySearch;
  }

  /** All symbols of a name, in the table's order. */
  private indicesOf(name: string): number[] {
    const indices: number[] = [];
    for (let symbol = this.table.find(name); symbol >= 0; symbol = this.table.after(symbol)) indices.push(symbol);
    return indices;
  }

  private symbolAt(symbol: number): KernelSymbol {
    const { table } = this;
    const name = table.nameOf(symbol);
    const object = table.object[symbol];
    const position = this.indicesOf(name).filter((other) => table.object[other] === object && other <= symbol).length;
    return this.symbol(symbol, name, position);
  }

  private symbol(symbol: number, name: string, position: number): KernelSymbol {
    const { table } = this;
    const size = table.size[symbol] as number;
    const traceable = table.traceable[symbol];
    return {
      name,
      module: table.objects[table.object[symbol] as number] ?? null,
      position,
      kind: table.isFunction(symbol) ? 'function' : 'data',
      size: size === UNKNOWN_SIZE ? null : size,
      traceable: traceable === TRACEABLE.unknown ? null : traceable === TRACEABLE.yes,
      exported: exportedWord(table.exported[symbol] as number),
      namespace: table.namespaces.get(symbol) ?? null,
    };
  }
}

function exportedWord(exported: number): KernelSymbol['exported'] {
  if (exported === EXPORTED.unknown) return null;
  return exported === EXPORTED.yes ? 'yes' : exported === EXPORTED.gpl ? 'gpl' : 'no';
}

/** Functions with something behind a dot, by what stands before it. */
function variantsIn(table: SymbolTable): Map<string, number[]> {
  const variants = new Map<string, number[]>();
  for (let symbol = 0; symbol < table.count; symbol++) {
    if (!table.isFunction(symbol)) continue;
    const start = table.nameStart[symbol] as number;
    const end = start + (table.nameLength[symbol] as number);
    const dot = table.names.indexOf(0x2e, start + 1);
    if (dot < 0) break;
    if (dot >= end) continue;
    const base = table.nameOf(symbol).slice(0, dot - start);
    const list = variants.get(base);
    if (list) list.push(symbol);
    else variants.set(base, [symbol]);
  }
  return variants;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
