import type { Btf } from './btf.ts';
import { ClosestSymbol } from './closest-symbol.ts';
import type { KernelKnowledge, KernelSymbol, Prototype, StructLayout } from './knowledge.ts';
import { type ModuleFile, moduleTypes } from './module-file.ts';
import { SymbolSearch } from './symbol-search.ts';
import { EXPORTED, GLOBAL, INIT, type SymbolTable, TRACEABLE, textOf, UNKNOWN_SIZE } from './symbol-table.ts';

/** How far the symbols of an object are known. */
export type Coverage = 'complete' | 'partial' | 'none';

/** Answers about types. */
export interface TypeSource {
  prototype(name: string): Prototype | null;
  layout(name: string): StructLayout | null;
}

/** What the sources said, put together. */
export interface KnownKernel {
  readonly label: string;
  readonly reference: boolean;
  /** Tables by object (null: vmlinux), each with what the best source lists of it, in the order of positions. */
  readonly tables: ReadonlyMap<string | null, SymbolTable>;
  /** Other tables, for what those above don't say: sizes, exports. */
  readonly details: ReadonlyMap<string | null, SymbolTable>;
  /** Those that are missing have none. */
  readonly coverage: ReadonlyMap<string | null, Coverage>;
  /** Modules that the kernel has, whether or not their symbols are known. */
  readonly modules: ReadonlySet<string>;
  /** Modules that are built into vmlinux; null when not known. */
  readonly builtIn: ReadonlySet<string> | null;
  readonly types: ReadonlyMap<string | null, TypeSource>;
  /** The kernel's own BTF, on which that of modules builds. */
  readonly btf: Btf | null;
}

/** Answers from tables of symbols and from BTF. Objects for symbols are made when somebody asks for them. */
export class TableKnowledge implements KernelKnowledge {
  readonly label: string;
  readonly reference: boolean;
  private readonly known: KnownKernel;
  private readonly searches = new Map<SymbolTable, SymbolSearch>();
  private readonly closestNames = new Map<SymbolTable, ClosestSymbol>();
  private readonly dotted = new Map<SymbolTable, ReadonlyMap<string, readonly number[]>>();

  constructor(known: KnownKernel) {
    this.known = known;
    this.label = known.label;
    this.reference = known.reference;
  }

  /** The same with what some modules' files tell. Where kallsyms has a module, the file only adds sizes and exports. */
  withModules(files: readonly ModuleFile[]): TableKnowledge {
    const { known } = this;
    const tables = new Map(known.tables);
    const details = new Map(known.details);
    const coverage = new Map(known.coverage);
    const types = new Map(known.types);
    for (const file of files) {
      if (coverage.get(file.name) === 'complete') details.set(file.name, file.table);
      else {
        tables.set(file.name, file.table);
        coverage.set(file.name, 'complete');
      }
      const own = types.has(file.name) ? null : moduleTypes(file, known.btf);
      if (own) types.set(file.name, own);
    }
    const modules = new Set([...known.modules, ...files.map(({ name }) => name)]);
    return new TableKnowledge({ ...known, tables, details, coverage, types, modules });
  }

  coverage(object: string | null): Coverage {
    return this.known.coverage.get(object) ?? 'none';
  }

  lookup(name: string, object: string | null): readonly KernelSymbol[] {
    const table = this.known.tables.get(object);
    return table ? indicesOf(table, name, object).map((symbol, i) => this.symbol(table, symbol, name, i + 1)) : [];
  }

  everywhere(name: string): readonly KernelSymbol[] {
    const found: KernelSymbol[] = [];
    for (const object of this.known.tables.keys()) found.push(...this.lookup(name, object));
    return found.sort((a, b) => compareText(a.module ?? '', b.module ?? '') || a.position - b.position);
  }

  variants(name: string, object: string | null): readonly KernelSymbol[] {
    const table = this.known.tables.get(object);
    if (!table) return [];
    let dotted = this.dotted.get(table);
    if (!dotted) {
      dotted = dottedFunctions(table);
      this.dotted.set(table, dotted);
    }
    const number = table.objectNumber(object);
    return (dotted.get(name) ?? [])
      .filter((symbol) => table.object[symbol] === number)
      .map((symbol) => this.symbolAt(table, symbol));
  }

  search(typed: string, object: string | null, limit: number): readonly KernelSymbol[] {
    const table = this.known.tables.get(object);
    if (!table) return [];
    return this.searchIn(table)
      .search(typed, table.objectNumber(object), limit)
      .map((symbol) => this.symbolAt(table, symbol));
  }

  closest(name: string, object: string | null): string | null {
    const table = this.known.tables.get(object);
    if (!table) return null;
    let closest = this.closestNames.get(table);
    if (!closest) {
      closest = new ClosestSymbol(table, table.functions());
      this.closestNames.set(table, closest);
    }
    const found = closest.find(name, table.objectNumber(object));
    return found >= 0 ? table.nameOf(found) : null;
  }

  modules(): readonly string[] {
    return [...this.known.modules].sort();
  }

  isBuiltIn(module: string): boolean | null {
    const { builtIn, modules } = this.known;
    if (builtIn) return builtIn.has(module);
    return modules.has(module) ? false : null;
  }

  prototype(name: string, object: string | null): Prototype | null {
    const prototype = this.known.types.get(object)?.prototype(name) ?? null;
    if (!prototype || prototype.linkage !== null) return prototype;
    const functions = this.lookup(name, object).filter(({ kind }) => kind === 'function');
    const [first] = functions;
    if (!first || first.global === null || functions.length > 1) return prototype;
    return { ...prototype, linkage: first.global ? 'global' : 'static' };
  }

  layout(structName: string): StructLayout | null {
    const kernel = this.known.types.get(null)?.layout(structName);
    if (kernel) return kernel;
    const found: StructLayout[] = [];
    for (const types of this.known.types.values()) {
      const layout = types.layout(structName);
      if (layout) found.push(layout);
    }
    const [first] = found;
    const text = JSON.stringify(first);
    return first && found.every((layout) => JSON.stringify(layout) === text) ? first : null;
  }

  private searchIn(table: SymbolTable): SymbolSearch {
    let search = this.searches.get(table);
    if (!search) {
      search = new SymbolSearch(table, table.functions());
      this.searches.set(table, search);
    }
    return search;
  }

  private symbolAt(table: SymbolTable, symbol: number): KernelSymbol {
    const name = table.nameOf(symbol);
    const object = table.objects[table.object[symbol] as number] ?? null;
    return this.symbol(table, symbol, name, indicesOf(table, name, object).indexOf(symbol) + 1);
  }

  private symbol(table: SymbolTable, symbol: number, name: string, position: number): KernelSymbol {
    const object = table.objects[table.object[symbol] as number] ?? null;
    const own = factsOf(table, symbol);
    const other = this.detailOf(table, object, name, position);
    return {
      name,
      module: object,
      position,
      kind: table.isFunction(symbol) ? 'function' : 'data',
      // An ELF file knows the size; kallsyms counts the padding behind it.
      size: other?.size ?? own.size,
      global: own.global ?? other?.global ?? null,
      init: own.init ?? other?.init ?? null,
      traceable: own.traceable ?? other?.traceable ?? null,
      exported: own.exported ?? other?.exported ?? null,
      namespace: own.namespace ?? other?.namespace ?? null,
    };
  }

  /** What the other table says of the symbol of that name and position, when both have as many. */
  private detailOf(table: SymbolTable, object: string | null, name: string, position: number): Facts | null {
    const details = this.known.details.get(object);
    if (!details) return null;
    const others = indicesOf(details, name, object);
    const same = others[position - 1];
    return same !== undefined && others.length === indicesOf(table, name, object).length
      ? factsOf(details, same)
      : null;
  }
}

type Facts = Pick<KernelSymbol, 'size' | 'global' | 'init' | 'traceable' | 'exported' | 'namespace'>;

function factsOf(table: SymbolTable, symbol: number): Facts {
  const size = table.size[symbol] as number;
  const traceable = table.traceable[symbol];
  const init = table.init[symbol];
  const global = table.global[symbol];
  return {
    size: size === UNKNOWN_SIZE ? null : size,
    global: global === GLOBAL.unknown ? null : global === GLOBAL.yes,
    init: init === INIT.unknown ? null : init === INIT.yes,
    traceable: traceable === TRACEABLE.unknown ? null : traceable === TRACEABLE.yes,
    exported: exportedWord(table.exported[symbol] as number),
    namespace: table.namespaces.get(symbol) ?? null,
  };
}

/** All symbols of a name in an object, in the order of positions. */
function indicesOf(table: SymbolTable, name: string, object: string | null): number[] {
  const number = table.objectNumber(object);
  const indices: number[] = [];
  for (let symbol = table.find(name); symbol >= 0; symbol = table.after(symbol)) {
    if (table.object[symbol] === number) indices.push(symbol);
  }
  return indices;
}

function exportedWord(exported: number): KernelSymbol['exported'] {
  if (exported === EXPORTED.unknown) return null;
  return exported === EXPORTED.yes ? 'yes' : exported === EXPORTED.gpl ? 'gpl' : 'no';
}

/** Functions with something behind a dot, by what stands before it. */
function dottedFunctions(table: SymbolTable): Map<string, number[]> {
  const dotted = new Map<string, number[]>();
  const { names, nameStart, nameLength } = table;
  let symbol = 0;
  // Few names have a dot: the pool of all is searched for them.
  for (let dot = names.indexOf(DOT); dot >= 0; dot = names.indexOf(DOT, dot + 1)) {
    while (symbol + 1 < table.count && (nameStart[symbol + 1] as number) <= dot) symbol++;
    const start = nameStart[symbol] as number;
    if (dot === start) continue;
    const end = start + (nameLength[symbol] as number);
    if (table.isFunction(symbol)) {
      const base = textOf(names, start, dot);
      const list = dotted.get(base);
      if (list) list.push(symbol);
      else dotted.set(base, [symbol]);
    }
    // The first dot counts.
    dot = end - 1;
  }
  return dotted;
}

const DOT = 0x2e;

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
