import { Btf } from './btf.ts';
import { ElfFile, EM_X86_64, SHT_RELA, textAt, viewOf } from './elf.ts';
import { type ElfSymbols, readElfSymbols, SHN_UNDEF } from './elf-symbols.ts';
import {
  EXPORTED,
  INIT,
  isFunctionType,
  lowerBound,
  type SymbolTable,
  SymbolTableBuilder,
  TRACEABLE,
  textOf,
  UNKNOWN_SIZE,
} from './symbol-table.ts';

/** What a module's file (`.ko`) tells of it. */
export interface ModuleFile {
  /** As `mod->name` has it. */
  readonly name: string;
  /** The kernel release it was built for, from its vermagic; null when it does not say. */
  readonly release: string | null;
  /** Its symbols, in the order in which `old_sympos` counts. */
  readonly table: SymbolTable;
  /** Its own types, to be read with the kernel's as their base; null when it has none. */
  readonly btf: Uint8Array | null;
}

const RELA_LENGTH = 24;

/** Reads a module's file, decompressed. Returns what is wrong, in a sentence, when it can't be used. */
export async function readModuleFile(bytes: Uint8Array): Promise<ModuleFile | string> {
  const elf = await ElfFile.open(async (offset, length) => bytes.subarray(offset, offset + length));
  if (typeof elf === 'string') return elf;
  const info = modinfo(await elf.content(elf.section('.modinfo')));
  const name = info.get('name');
  if (name === undefined || !/^[\w-]{1,63}$/.test(name)) return 'It is an ELF file, but no kernel module.';
  const symbols = await readElfSymbols(elf);
  if (!symbols) return 'Its symbol table is missing or cut off.';
  const read = new ModuleSymbols(elf, symbols, name.replaceAll('-', '_'));
  await read.markTraceable();
  await read.markExports();
  const btf = elf.section('.BTF');
  return {
    name: name.replaceAll('-', '_'),
    release: info.get('vermagic')?.split(' ')[0] ?? null,
    table: read.table,
    // A copy: the file itself, 10 times as large, is not kept for it.
    btf: btf ? (await elf.content(btf)).slice() : null,
  };
}

/** The types of a module, on top of the kernel's. Null when it has none, or they don't fit. */
export function moduleTypes(file: ModuleFile, kernel: Btf | null): Btf | null {
  if (!file.btf || !kernel) return null;
  const btf = Btf.read(file.btf, kernel);
  return typeof btf === 'string' ? null : btf;
}

class ModuleSymbols {
  readonly table: SymbolTable;
  private readonly elf: ElfFile;
  private readonly symbols: ElfSymbols;
  /** Index in the ELF file of each symbol in the table. */
  private readonly source: Uint32Array;

  constructor(elf: ElfFile, symbols: ElfSymbols, name: string) {
    this.elf = elf;
    this.symbols = symbols;
    const builder = new SymbolTableBuilder(symbols.count);
    const object = builder.objectNumber(name);
    const source: number[] = [];
    for (let i = 0; i < symbols.count; i++) {
      const length = symbols.nameLength[i] as number;
      if (length === 0 || symbols.section[i] === SHN_UNDEF) continue;
      const start = symbols.nameStart[i] as number;
      const type = symbols.type[i] as number;
      const size = isFunctionType(type) && symbols.size[i] === 0 ? UNKNOWN_SIZE : (symbols.size[i] as number);
      builder.add(object, symbols.strings, start, start + length, type, size);
      source.push(i);
    }
    this.table = builder.build();
    this.source = Uint32Array.from(source);
    this.table.markGlobals(object);
    source.forEach((index, symbol) => {
      const section = elf.sections[symbols.section[index] as number];
      // module_init_section() in kernel/module/main.c goes by the name, too.
      if (section) this.table.init[symbol] = section.name.startsWith('.init') ? INIT.yes : INIT.no;
    });
  }

  /** Functions that `__mcount_loc` has a place in, on machines where it lies inside of the function. */
  async markTraceable(): Promise<void> {
    const { elf, symbols, table, source } = this;
    const index = elf.sections.findIndex(({ name }) => name === '__mcount_loc');
    const relocations = elf.sections.find(({ type, info }) => type === SHT_RELA && info === index);
    if (elf.machine !== EM_X86_64 || index < 0 || !relocations) return;
    const bytes = await elf.content(relocations);
    if (bytes.length < relocations.size) return;
    const view = viewOf(bytes);
    const places = new Map<number, number[]>();
    for (let at = 0; at + RELA_LENGTH <= bytes.length; at += RELA_LENGTH) {
      const symbol = view.getUint32(elf.little ? at + 12 : at + 8, elf.little);
      if (symbol >= symbols.count) continue;
      const section = symbols.section[symbol] as number;
      const addend = view.getUint32(elf.little ? at + 16 : at + 20, elf.little);
      const list = places.get(section) ?? [];
      list.push((symbols.value[symbol] as number) + addend);
      places.set(section, list);
    }
    for (const list of places.values()) list.sort((a, b) => a - b);
    for (let symbol = 0; symbol < table.count; symbol++) {
      if (!table.isFunction(symbol)) {
        table.traceable[symbol] = TRACEABLE.no;
        continue;
      }
      const from = source[symbol] as number;
      const start = symbols.value[from] as number;
      const size = Math.max(1, symbols.size[from] as number);
      const list = places.get(symbols.section[from] as number) ?? [];
      const first = list[lowerBound(list, start)];
      table.traceable[symbol] = first !== undefined && first < start + size ? TRACEABLE.yes : TRACEABLE.no;
    }
  }

  /** Symbols that an entry `__ksymtab_NAME` exports; the entry's section says to whom. */
  async markExports(): Promise<void> {
    const { elf, symbols, table, source } = this;
    table.exported.fill(EXPORTED.no);
    const strings = await elf.content(elf.section('__ksymtab_strings'));
    for (let symbol = 0; symbol < table.count; symbol++) {
      const start = table.nameStart[symbol] as number;
      if (table.names[start] !== 0x5f || table.names[start + 1] !== 0x5f || table.names[start + 2] !== 0x6b) continue;
      const name = textOf(table.names, start, start + (table.nameLength[symbol] as number));
      const exported = /^__ksymtab_(.+)$/.exec(name)?.[1];
      if (exported === undefined) continue;
      const target = table.find(exported);
      if (target < 0) continue;
      const section = elf.sections[symbols.section[source[symbol] as number] as number];
      table.exported[target] = section?.name.includes('ksymtab_gpl') ? EXPORTED.gpl : EXPORTED.yes;
      const namespaceSymbol = table.find(`__kstrtabns_${exported}`);
      if (namespaceSymbol < 0) continue;
      const namespace = textAt(strings, symbols.value[source[namespaceSymbol] as number] as number);
      if (namespace !== '') table.namespaces.set(target, namespace);
    }
  }
}

/** `key=value` texts, each ending in a zero. The first of a key counts. */
function modinfo(bytes: Uint8Array): Map<string, string> {
  const info = new Map<string, string>();
  for (let at = 0; at < bytes.length; ) {
    const zero = bytes.indexOf(0, at);
    const end = zero < 0 ? bytes.length : zero;
    const text = end - at > 4096 ? '' : textOf(bytes, at, end);
    const equals = text.indexOf('=');
    if (equals > 0 && !info.has(text.slice(0, equals))) info.set(text.slice(0, equals), text.slice(equals + 1));
    at = end + 1;
  }
  return info;
}
