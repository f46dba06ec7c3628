import { ElfFile, EM_X86_64, type ReadBytes, textAt, viewOf } from './elf.ts';
import { type ElfSymbols, readElfSymbols } from './elf-symbols.ts';
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

/** What the kernel's ELF file tells of it. */
export interface VmlinuxFile {
  /** Null when it is stripped. */
  readonly table: SymbolTable | null;
  /** Its `.BTF` section; null when it has none. */
  readonly btf: Uint8Array | null;
}

/** Reads `vmlinux`. Returns what is wrong, in a sentence, when the file can't be used. */
export async function readVmlinux(read: ReadBytes): Promise<VmlinuxFile | string> {
  const elf = await ElfFile.open(read);
  if (typeof elf === 'string') return elf;
  const section = elf.section('.BTF');
  const btf = section ? await elf.content(section) : null;
  const table = await tableOf(elf);
  if (!table && (!btf || btf.length === 0)) return 'It has neither symbols nor BTF: it is stripped.';
  return { table, btf };
}

/** Null when it does not have all symbols: distributions' header packages hold a vmlinux of BTF and little else. */
async function tableOf(elf: ElfFile): Promise<SymbolTable | null> {
  const symbols = await readElfSymbols(elf);
  if (!symbols) return null;
  const kept: number[] = [];
  for (let i = 0; i < symbols.count; i++) if (isKept(symbols, i)) kept.push(i);
  // As scripts/kallsyms.c sorts them: positions count by address.
  kept.sort((a, b) => (symbols.value[a] as number) - (symbols.value[b] as number) || a - b);
  const builder = new SymbolTableBuilder(kept.length);
  for (const i of kept) {
    const start = symbols.nameStart[i] as number;
    const type = symbols.type[i] as number;
    const size = isFunctionType(type) && symbols.size[i] === 0 ? UNKNOWN_SIZE : (symbols.size[i] as number);
    builder.add(0, symbols.strings, start, start + (symbols.nameLength[i] as number), type, size, symbols.value[i]);
  }
  const table = builder.build();
  if (table.find('_text') < 0 && table.find('_stext') < 0) return null;
  table.markGlobals(0);
  const places = await ftracePlaces(elf, symbols, kept, table);
  const gplStart = addressOf(table, symbols, kept, '__start___ksymtab_gpl');
  const exportsKnown = gplStart !== null && addressOf(table, symbols, kept, '__start___ksymtab') !== null;
  const strings = exportsKnown ? elf.section('__ksymtab_strings') : null;
  const stringBytes = await elf.content(strings);
  kept.forEach((i, symbol) => {
    const section = elf.sections[symbols.section[i] as number];
    if (section) table.init[symbol] = section.name.startsWith('.init') ? INIT.yes : INIT.no;
    if (exportsKnown) table.exported[symbol] = EXPORTED.no;
    if (places) {
      const start = symbols.value[i] as number;
      const first = places[lowerBound(places, start)];
      const inside = first !== undefined && first < start + Math.max(1, symbols.size[i] as number);
      // ftrace forgets the places in code that is freed: ftrace_free_init_mem().
      const isHooked = inside && table.isFunction(symbol) && table.init[symbol] === INIT.no;
      table.traceable[symbol] = isHooked ? TRACEABLE.yes : TRACEABLE.no;
    }
  });
  if (!exportsKnown) return table;
  for (let symbol = 0; symbol < table.count; symbol++) {
    const start = table.nameStart[symbol] as number;
    if (table.names[start] !== 0x5f || table.names[start + 1] !== 0x5f || table.names[start + 2] !== 0x6b) continue;
    const name = textOf(table.names, start, start + (table.nameLength[symbol] as number));
    const exported = /^__ksymtab_(.+)$/.exec(name)?.[1];
    const target = exported === undefined ? -1 : globalSymbol(table, exported);
    if (target < 0) continue;
    const isGpl = (symbols.value[kept[symbol] as number] as number) >= (gplStart ?? 0);
    table.exported[target] = isGpl ? EXPORTED.gpl : EXPORTED.yes;
    const namespaceAt = addressOf(table, symbols, kept, `__kstrtabns_${exported}`);
    if (namespaceAt === null || !strings) continue;
    const namespace = textAt(stringBytes, namespaceAt - strings.address);
    if (namespace !== '') table.namespaces.set(target, namespace);
  }
  return table;
}

/** The addresses that ftrace can hook, sorted; null when the file does not tell, or not in a way that is known here. */
async function ftracePlaces(
  elf: ElfFile,
  symbols: ElfSymbols,
  kept: readonly number[],
  table: SymbolTable,
): Promise<Float64Array | null> {
  const start = addressOf(table, symbols, kept, '__start_mcount_loc');
  const end = addressOf(table, symbols, kept, '__stop_mcount_loc');
  if (elf.machine !== EM_X86_64 || start === null || end === null || end <= start) return null;
  const bytes = await elf.atAddress(start, end - start);
  const places = new Float64Array(Math.floor(bytes.length / 8));
  const view = viewOf(bytes);
  for (let i = 0; i < places.length; i++) {
    places[i] = (view.getUint32(i * 8 + 4, true) & 0xffff) * 0x100000000 + view.getUint32(i * 8, true);
  }
  // Zeros are places that the linker dropped, or that a relocation still has to fill in.
  const known = places.filter((place) => place !== 0).sort();
  return known.length === 0 ? null : known;
}

function addressOf(table: SymbolTable, symbols: ElfSymbols, kept: readonly number[], name: string): number | null {
  const symbol = table.find(name);
  return symbol < 0 ? null : (symbols.value[kept[symbol] as number] as number);
}

/** An exported function is global; a static one of the same name is another. */
function globalSymbol(table: SymbolTable, name: string): number {
  let symbol = table.find(name);
  while (symbol >= 0 && ((table.type[symbol] as number) & 0x20) !== 0) symbol = table.after(symbol);
  return symbol;
}

/** Whether scripts/mksysmap lets a symbol into the kernel's own table. */
function isKept(symbols: ElfSymbols, i: number): boolean {
  const length = symbols.nameLength[i] as number;
  const letter = String.fromCharCode(symbols.type[i] as number);
  if (length === 0 || /[aNnUw]/.test(letter)) return false;
  const { strings } = symbols;
  const start = symbols.nameStart[i] as number;
  const first = strings[start];
  if (first === 0x24) return false;
  if (first === 0x2e) return strings[start + 1] !== 0x4c;
  if (first !== 0x5f || strings[start + 1] !== 0x5f) return true;
  return !DROPPED.test(textOf(strings, start, start + Math.min(length, 20)));
}

const DROPPED = /^__(?:efistub_|pi_\$|pi_\.L|kvm_nvhe_\$|kvm_nvhe_\.L|\w+Thunk_|kcfi_typeid_|crc_)/;
