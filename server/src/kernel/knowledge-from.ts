import { Btf } from './btf.ts';
import type { ModuleFile } from './module-file.ts';
import { addFilterFunctions, markTraceable } from './read-filter-functions.ts';
import { type KallsymsReading, readKallsyms } from './read-kallsyms.ts';
import { builtInModules, markSymvers, readSymvers } from './read-symvers.ts';
import { finish, type Steps } from './steps.ts';
import { EXPORTED, INIT, type SymbolTable, SymbolTableBuilder, UNKNOWN_SIZE } from './symbol-table.ts';
import { type Coverage, TableKnowledge } from './table-knowledge.ts';
import type { VmlinuxFile } from './vmlinux-file.ts';

/** What tells of one kernel. Each is optional; text may come as bytes. */
export interface KernelSources {
  /** Where it is from, for people: see KernelKnowledge.label. */
  readonly label: string;
  /** Whether it is the built-in reference kernel. */
  readonly reference?: boolean | undefined;
  /** /proc/kallsyms. */
  readonly kallsyms?: Uint8Array | string | undefined;
  /** /sys/kernel/tracing/available_filter_functions, with or without addresses. */
  readonly filterFunctions?: Uint8Array | string | undefined;
  /** System.map. */
  readonly systemMap?: Uint8Array | string | undefined;
  readonly vmlinux?: VmlinuxFile | undefined;
  /** /sys/kernel/btf/vmlinux; that of vmlinux's file when not given. */
  readonly btf?: Uint8Array | undefined;
  /** /sys/kernel/btf/MODULE, by module. */
  readonly moduleBtf?: ReadonlyMap<string, Uint8Array> | undefined;
  readonly moduleFiles?: readonly ModuleFile[] | undefined;
  /** Module.symvers. */
  readonly symvers?: string | undefined;
  /** modules.builtin. */
  readonly modulesBuiltin?: string | undefined;
  /** Modules that there are files of. */
  readonly modules?: readonly string[] | undefined;
}

/** A source that could not be used, or not all of it. */
export interface SourceProblem {
  readonly source: Exclude<keyof KernelSources, 'label' | 'reference'>;
  /** What is wrong with it, as a sentence without its name: `Line 3 is not in the format of /proc/kallsyms.` */
  readonly message: string;
}

export interface KernelReading {
  /** Null when no source gave anything. */
  readonly knowledge: TableKnowledge | null;
  readonly problems: readonly SourceProblem[];
}

/** What the sources' symbols are. */
export interface SymbolsReading {
  /** By object: the table that has its symbols. */
  readonly tables: ReadonlyMap<string | null, SymbolTable>;
  readonly details: ReadonlyMap<string | null, SymbolTable>;
  readonly coverage: ReadonlyMap<string | null, Coverage>;
  readonly problems: readonly SourceProblem[];
}

/** Puts together what some sources tell of a kernel. Never throws on what they contain. */
export function knowledgeFrom(sources: KernelSources): KernelReading {
  return finish(knowledgeInSteps(sources));
}

/** The same in steps. */
export function* knowledgeInSteps(sources: KernelSources): Steps<KernelReading> {
  const problems: SourceProblem[] = [];
  const types = readTypes(sources, problems);
  yield;
  const symbols = yield* symbolsInSteps(sources, types.get(null) ?? null);
  yield;
  problems.push(...symbols.problems);
  const modules = new Set<string>(sources.modules);
  for (const object of symbols.coverage.keys()) if (object !== null) modules.add(object);
  if (sources.symvers !== undefined) {
    const { exports, badLine } = readSymvers(sources.symvers);
    if (badLine !== null) {
      problems.push({ source: 'symvers', message: `Line ${badLine} is not in the format of Module.symvers.` });
    }
    markSymvers(exports, symbols.tables);
    for (const { object } of exports) if (object !== null) modules.add(object);
  }
  const builtIn = sources.modulesBuiltin === undefined ? null : builtInModules(sources.modulesBuiltin);
  const files = sources.moduleFiles ?? [];
  if (symbols.tables.size === 0 && types.size === 0 && modules.size === 0 && files.length === 0 && !builtIn) {
    return { knowledge: null, problems };
  }
  const { label, reference = false } = sources;
  const { tables, details, coverage } = symbols;
  const base = new TableKnowledge({
    label,
    reference,
    tables,
    details,
    coverage,
    modules,
    builtIn,
    types,
    btf: types.get(null) ?? null,
  });
  return { knowledge: files.length > 0 ? base.withModules(files) : base, problems };
}

function readTypes(sources: KernelSources, problems: SourceProblem[]): Map<string | null, Btf> {
  const types = new Map<string | null, Btf>();
  const kernel = sources.btf ?? sources.vmlinux?.btf ?? null;
  if (!kernel || kernel.length === 0) return types;
  const base = Btf.read(kernel);
  if (typeof base === 'string') {
    problems.push({ source: sources.btf ? 'btf' : 'vmlinux', message: base });
    return types;
  }
  types.set(null, base);
  for (const [module, bytes] of sources.moduleBtf ?? []) {
    const own = Btf.read(bytes, base);
    if (typeof own === 'string') problems.push({ source: 'moduleBtf', message: `${module}: ${own}` });
    else types.set(module, own);
  }
  return types;
}

/** The symbols alone, each object's from the best source that lists it. */
export function symbolsFrom(sources: Omit<KernelSources, 'label'>): SymbolsReading {
  return finish(symbolsInSteps(sources, null));
}

/** @param types of the kernel, for its functions' names when no list of symbols has them */
function* symbolsInSteps(sources: Omit<KernelSources, 'label'>, types: Btf | null): Steps<SymbolsReading> {
  const problems: SourceProblem[] = [];
  const coverage = new Map<string | null, Coverage>();
  const kallsyms = bytesOf(sources.kallsyms);
  const map = bytesOf(sources.systemMap);
  const filter = bytesOf(sources.filterFunctions);
  const elf = sources.vmlinux?.table ?? null;
  // A line of kallsyms has 40 to 50 bytes.
  const builder = new SymbolTableBuilder(Math.ceil(((kallsyms ?? map ?? filter)?.length ?? 0) / 42));
  const isNew = (object: string | null) => !coverage.has(object);

  function* read(
    source: 'kallsyms' | 'systemMap',
    text: Uint8Array,
    accept: (object: string | null) => boolean,
  ): Steps<KallsymsReading> {
    const reading = yield* readKallsyms(text, builder, accept);
    const message = kallsymsProblem(reading, source === 'kallsyms' ? '/proc/kallsyms' : 'System.map');
    if (message) problems.push({ source, message });
    for (const object of reading.objects) coverage.set(object, reading.complete ? 'complete' : 'partial');
    return reading;
  }
  const fromKallsyms = kallsyms ? yield* read('kallsyms', kallsyms, () => true) : null;
  const elfOwns = elf !== null && coverage.get(null) !== 'complete';
  if (elfOwns) coverage.set(null, 'complete');
  const fromMap = map && isNew(null) ? yield* read('systemMap', map, (object) => object === null) : null;
  yield;
  if (filter) {
    const wanted = new Set<string | null>();
    const reading = addFilterFunctions(filter, builder, (object) => {
      if (isNew(object)) wanted.add(object);
      return isNew(object);
    });
    for (const object of wanted) coverage.set(object, 'partial');
    const message = filterProblem(reading);
    if (message) problems.push({ source: 'filterFunctions', message });
  }
  if (types && isNew(null)) {
    addFunctions(types.functionNames(), builder);
    coverage.set(null, 'partial');
  }

  const table = yield* builder.buildInSteps();
  const loaded = [fromKallsyms, fromMap].find((reading) => reading?.objects.has(null));
  if (loaded?.complete) {
    table.markGlobals(0);
    loaded.exports.mark(table);
    markInit(table, loaded);
  }
  if (fromKallsyms?.complete) markModules(table, fromKallsyms.objects);
  yield;
  const tables = new Map<string | null, SymbolTable>();
  for (const object of coverage.keys()) tables.set(object, object === null && elfOwns && elf ? elf : table);
  const details = new Map<string | null, SymbolTable>(elf && !elfOwns ? [[null, elf]] : []);
  if (filter) {
    for (const each of new Set(tables.values())) markTraceable(filter, each);
  }
  return { tables, details, coverage, problems };
}

/** What a partly known kernel calls its functions, for completion. */
function addFunctions(names: readonly string[], builder: SymbolTableBuilder): void {
  const encoder = new TextEncoder();
  for (const name of new Set(names)) {
    const bytes = encoder.encode(name.slice(0, 500));
    if (bytes.length > 0) builder.add(0, bytes, 0, bytes.length, 0x74, UNKNOWN_SIZE);
  }
}

function markInit(table: SymbolTable, { initText }: KallsymsReading): void {
  if (!initText) return;
  const [start, end] = initText;
  for (let symbol = 0; symbol < table.count; symbol++) {
    if (table.object[symbol] === 0 && table.isFunction(symbol)) table.init[symbol] = INIT.no;
  }
  for (let symbol = start; symbol < end; symbol++) table.init[symbol] = INIT.yes;
  // At one address the section's own symbol comes last: what stands before it may be the section's first function.
  if (start > 0) table.init[start - 1] = INIT.unknown;
}

/**
 * Of a module that runs, what is left is not `__init`. What it exports has an entry `__ksymtab_NAME`; the kernel looks
 * for it among the entries of EXPORT_SYMBOL only when it prints a capital letter (is_exported() in
 * kernel/module/kallsyms.c), so a small one with an entry is EXPORT_SYMBOL_GPL.
 */
function markModules(table: SymbolTable, objects: ReadonlySet<string | null>): void {
  const numbers = new Set([...objects].map((object) => (object === null ? -1 : table.objectNumber(object))));
  const entries: number[] = [];
  for (let symbol = 0; symbol < table.count; symbol++) {
    if (!numbers.has(table.object[symbol] as number)) continue;
    table.init[symbol] = INIT.no;
    table.exported[symbol] = EXPORTED.no;
    const start = table.nameStart[symbol] as number;
    if (table.names[start] === 0x5f && table.names[start + 2] === 0x6b) entries.push(symbol);
  }
  for (const entry of entries) {
    const exported = /^__ksymtab_(.+)$/.exec(table.nameOf(entry))?.[1];
    let symbol = exported === undefined ? -1 : table.find(exported);
    for (; symbol >= 0; symbol = table.after(symbol)) {
      if (table.object[symbol] !== table.object[entry]) continue;
      table.exported[symbol] = (table.type[symbol] as number) & 0x20 ? EXPORTED.gpl : EXPORTED.yes;
    }
  }
}

function kallsymsProblem(reading: KallsymsReading, format: string): string | null {
  if (reading.symbols === 0) return `It holds no symbols in the format of ${format}.`;
  if (reading.badLine !== null) return `Line ${reading.badLine} is not in the format of ${format}.`;
  if (!reading.ended) return 'It ends in the middle of a line: what it does not list is taken as not known.';
  if (!reading.complete)
    return 'It has no symbol _text, so it is a part only: what it does not list is taken as not known.';
  return null;
}

function filterProblem(reading: ReturnType<typeof addFilterFunctions>): string | null {
  if (reading.functions === 0) return 'It lists no functions.';
  if (reading.badLine !== null) return `Line ${reading.badLine} is not in the format of available_filter_functions.`;
  if (!reading.complete) return 'It ends in the middle of a line: what it does not list is taken as not known.';
  return null;
}

function bytesOf(source: Uint8Array | string | undefined): Uint8Array | null {
  return typeof source === 'string' ? new TextEncoder().encode(source) : (source ?? null);
}
