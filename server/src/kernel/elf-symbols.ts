import { address48, type ElfFile, SHF_ALLOC, SHF_EXECINSTR, SHF_WRITE, SHT_NOBITS, SHT_SYMTAB, viewOf } from './elf.ts';
import { LONGEST_NAME } from './symbol-table.ts';

const SYMBOL_LENGTH = 24;
export const SHN_UNDEF = 0;
const SHN_ABS = 0xfff1;
const STB_WEAK = 2;
const STB_LOCAL = 0;
const STT_OBJECT = 1;
const STT_SECTION = 3;
const STT_FILE = 4;

/** The symbol table of an ELF file in columns. */
export interface ElfSymbols {
  readonly count: number;
  /** The strings; names end in a zero. */
  readonly strings: Uint8Array;
  readonly nameStart: Uint32Array;
  /** 0 for what has no usable name: files, sections, names that are too long. */
  readonly nameLength: Uint16Array;
  /** Index of its section; SHN_UNDEF for what others define. */
  readonly section: Uint16Array;
  /** The low 48 bits. */
  readonly value: Float64Array;
  readonly size: Uint32Array;
  /** The letter that nm gives it, as a character code. */
  readonly type: Uint8Array;
}

/** Reads `.symtab`; null when the file has none (stripped), or a broken one. */
export async function readElfSymbols(elf: ElfFile): Promise<ElfSymbols | null> {
  const section = elf.sections.find(({ type }) => type === SHT_SYMTAB);
  const stringSection = section && elf.sections[section.link];
  if (!section || !stringSection) return null;
  const table = await elf.content(section);
  const strings = await elf.content(stringSection);
  const count = Math.floor(table.length / SYMBOL_LENGTH);
  if (count === 0 || strings.length === 0 || table.length < section.size) return null;
  const view = viewOf(table);
  const { little } = elf;
  const symbols = {
    count,
    strings,
    nameStart: new Uint32Array(count),
    nameLength: new Uint16Array(count),
    section: new Uint16Array(count),
    value: new Float64Array(count),
    size: new Uint32Array(count),
    type: new Uint8Array(count),
  };
  const letters = elf.sections.map(({ flags, type }) => sectionLetter(flags, type));
  for (let i = 0; i < count; i++) {
    const at = i * SYMBOL_LENGTH;
    const info = table[at + 4] as number;
    const index = view.getUint16(at + 6, little);
    const start = view.getUint32(at, little);
    symbols.section[i] = index;
    symbols.value[i] = address48(view, at + 8, little);
    symbols.size[i] = view.getUint32(little ? at + 16 : at + 20, little);
    symbols.type[i] = letterOf(info >> 4, info & 0xf, index, letters[index] ?? 'n').charCodeAt(0);
    symbols.nameStart[i] = start;
    if ((info & 0xf) === STT_FILE || (info & 0xf) === STT_SECTION || start >= strings.length) continue;
    const end = strings.indexOf(0, start);
    if (end > start && end - start <= LONGEST_NAME) symbols.nameLength[i] = end - start;
  }
  return symbols;
}

/** As nm names sections; `n` for those that are not loaded. */
function sectionLetter(flags: number, type: number): string {
  if (!(flags & SHF_ALLOC)) return 'n';
  if (flags & SHF_EXECINSTR) return 't';
  if (!(flags & SHF_WRITE)) return 'r';
  return type === SHT_NOBITS ? 'b' : 'd';
}

function letterOf(binding: number, kind: number, section: number, letter: string): string {
  if (section === SHN_UNDEF) return binding === STB_WEAK ? 'w' : 'U';
  if (binding === STB_WEAK) return kind === STT_OBJECT ? 'V' : 'W';
  const own = section === SHN_ABS ? 'a' : letter;
  return binding === STB_LOCAL ? own : own.toUpperCase();
}
