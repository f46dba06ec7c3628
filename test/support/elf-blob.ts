/** A section of an ELF file under construction. */
export interface BlobSection {
  readonly name: string;
  /** SHT_PROGBITS (1) unless told; 8 has no contents. */
  readonly type?: number;
  /** SHF_ALLOC (2), with SHF_WRITE (1) and SHF_EXECINSTR (4). */
  readonly flags?: number;
  readonly address?: number;
  readonly content?: Uint8Array | string;
  /** Of a section of relocations: the name of the one that they are for. */
  readonly relocates?: string;
}

export interface BlobSymbol {
  readonly name: string;
  /** The name of its section; undefined for what others define. */
  readonly section?: string;
  readonly value?: number;
  readonly size?: number;
  /** STB_LOCAL unless told. */
  readonly binding?: 'local' | 'global' | 'weak';
  readonly type?: 'notype' | 'object' | 'func' | 'section' | 'file';
}

export interface ElfOptions {
  readonly littleEndian?: boolean;
  readonly machine?: number;
}

const BINDINGS = { local: 0, global: 1, weak: 2 } as const;
const TYPES = { notype: 0, object: 1, func: 2, section: 3, file: 4 } as const;

/** Makes an ELF file of 64 bits with these sections and symbols, and `.symtab`, `.strtab`, `.shstrtab` behind them. */
export function elfBlob(
  sections: readonly BlobSection[],
  symbols: readonly BlobSymbol[] | null,
  options: ElfOptions = {},
): Uint8Array {
  const { littleEndian = true, machine = 62 } = options;
  const all: BlobSection[] = [{ name: '', type: 0 }, ...sections];
  const names = new Strings();
  if (symbols) {
    const strings = new Strings();
    const table = new Bytes(24 * (symbols.length + 1), littleEndian);
    symbols.forEach((symbol, i) => {
      const at = 24 * (i + 1);
      const { binding = 'local', type = 'notype', section } = symbol;
      table.u32(at, strings.add(symbol.name));
      table.u8(at + 4, (BINDINGS[binding] << 4) | TYPES[type]);
      table.u16(
        at + 6,
        section === undefined
          ? 0
          : Math.max(
              0,
              all.findIndex(({ name }) => name === section),
            ),
      );
      table.u64(at + 8, BigInt(symbol.value ?? 0));
      table.u64(at + 16, BigInt(symbol.size ?? 0));
    });
    all.push(
      { name: '.symtab', type: 2, content: table.bytes },
      { name: '.strtab', type: 3, content: strings.bytes() },
    );
  }
  all.push({ name: '.shstrtab', type: 3 });
  const nameOffsets = all.map(({ name }) => names.add(name));
  const contents = all.map(({ content, name, type }) => {
    if (name === '.shstrtab') return names.bytes();
    if (type === 8) return new Uint8Array();
    return typeof content === 'string' ? new TextEncoder().encode(content) : (content ?? new Uint8Array());
  });
  const dataSize = contents.reduce((sum, bytes) => sum + bytes.length, 0);
  const tableAt = 64 + dataSize;
  const file = new Bytes(tableAt + all.length * 64, littleEndian);
  file.bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, littleEndian ? 1 : 2, 1]);
  file.u16(18, machine);
  file.u64(40, BigInt(tableAt));
  file.u16(58, 64);
  file.u16(60, all.length);
  file.u16(62, all.length - 1);
  let at = 64;
  all.forEach((section, i) => {
    const bytes = contents[i] as Uint8Array;
    const header = tableAt + i * 64;
    file.bytes.set(bytes, at);
    file.u32(header, nameOffsets[i] as number);
    file.u32(header + 4, section.type ?? 1);
    file.u64(header + 8, BigInt(section.flags ?? 0));
    file.u64(header + 16, BigInt(section.address ?? 0));
    file.u64(header + 24, BigInt(at));
    file.u64(header + 32, BigInt(section.type === 8 ? 16 : bytes.length));
    file.u32(header + 40, section.name === '.symtab' ? i + 1 : 0);
    const relocated = section.relocates === undefined ? 0 : all.findIndex(({ name }) => name === section.relocates);
    file.u32(header + 44, relocated);
    at += bytes.length;
  });
  return file.bytes;
}

/** `.rela` contents: each entry's symbol by its index (from 1) in `.symtab`, and its addend. */
export function relocations(entries: readonly { symbol: number; addend: number }[]): Uint8Array {
  const bytes = new Bytes(entries.length * 24, true);
  entries.forEach(({ symbol, addend }, i) => {
    bytes.u64(i * 24, BigInt(i * 8));
    bytes.u64(i * 24 + 8, (BigInt(symbol) << 32n) | 1n);
    bytes.u64(i * 24 + 16, BigInt(addend));
  });
  return bytes.bytes;
}

class Strings {
  private text = '\0';

  add(name: string): number {
    if (name === '') return 0;
    const offset = this.text.length;
    this.text += `${name}\0`;
    return offset;
  }

  bytes(): Uint8Array {
    return new TextEncoder().encode(this.text);
  }
}

class Bytes {
  readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly little: boolean;

  constructor(length: number, little: boolean) {
    this.bytes = new Uint8Array(length);
    this.view = new DataView(this.bytes.buffer);
    this.little = little;
  }

  u8(at: number, value: number): void {
    this.view.setUint8(at, value);
  }

  u16(at: number, value: number): void {
    this.view.setUint16(at, value, this.little);
  }

  u32(at: number, value: number): void {
    this.view.setUint32(at, value, this.little);
  }

  u64(at: number, value: bigint): void {
    this.view.setBigUint64(at, BigInt.asUintN(64, value), this.little);
  }
}
