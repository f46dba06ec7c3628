import { EXPORTED, type SymbolTable } from './symbol-table.ts';

/** One line of Module.symvers: a symbol that a module, or vmlinux (null), exports. */
export interface SymversExport {
  readonly symbol: string;
  readonly object: string | null;
  readonly gpl: boolean;
  readonly namespace: string | null;
}

export interface SymversReading {
  readonly exports: readonly SymversExport[];
  /** The first line (from 1) that is not of the format; null when all are. */
  readonly badLine: number | null;
}

/** Reads `crc symbol module export-type namespace` lines, fields between tabs (scripts/mod/modpost.c writes them). */
export function readSymvers(text: string): SymversReading {
  const exports: SymversExport[] = [];
  let badLine: number | null = null;
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const [crc = '', symbol = '', module = '', kind = '', namespace = ''] = line.replace(/\r$/, '').split('\t');
    if (!/^0x[0-9a-f]{8,16}$/.test(crc) || symbol === '' || module === '' || !kind.startsWith('EXPORT_SYMBOL')) {
      badLine ??= index + 1;
      return;
    }
    exports.push({
      symbol,
      object: module === 'vmlinux' ? null : moduleName(module),
      gpl: kind.includes('GPL'),
      namespace: namespace === '' ? null : namespace,
    });
  });
  return { exports, badLine };
}

/** Marks what is exported in the tables of its objects; what the list leaves out of an object that it names is not. */
export function markSymvers(exports: readonly SymversExport[], tables: ReadonlyMap<string | null, SymbolTable>): void {
  for (const object of new Set(exports.map((entry) => entry.object))) {
    const table = tables.get(object);
    const number = table?.objectNumber(object) ?? -1;
    for (let symbol = 0; table && symbol < table.count; symbol++) {
      if (table.object[symbol] === number) table.exported[symbol] = EXPORTED.no;
    }
  }
  for (const { symbol: name, object, gpl, namespace } of exports) {
    const table = tables.get(object);
    if (!table) continue;
    const number = table.objectNumber(object);
    const all: number[] = [];
    for (let symbol = table.find(name); symbol >= 0; symbol = table.after(symbol)) {
      if (table.object[symbol] === number) all.push(symbol);
    }
    // An exported symbol is global; a static one of the same name is another.
    const globals = all.length === 1 ? all : all.filter((symbol) => ((table.type[symbol] as number) & 0x20) === 0);
    for (const symbol of globals) {
      table.exported[symbol] = gpl ? EXPORTED.gpl : EXPORTED.yes;
      if (namespace !== null) table.namespaces.set(symbol, namespace);
    }
  }
}

/** `ext4` from `fs/ext4/ext4`, `dm_mod` from `kernel/drivers/md/dm-mod.ko.xz`. */
export function moduleName(path: string): string {
  return path
    .replace(/^.*\//, '')
    .replace(/\.ko(?:\.\w+)?$/, '')
    .replaceAll('-', '_');
}

/** The modules that `modules.builtin` lists, a path each line. */
export function builtInModules(text: string): Set<string> {
  return new Set(
    text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => moduleName(line.trim())),
  );
}
