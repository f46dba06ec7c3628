import { textOf } from './symbol-table.ts';

/** Gives bytes of a file from an offset on; fewer than asked for at its end. */
export type ReadBytes = (offset: number, length: number) => Promise<Uint8Array>;

/** A section's header. Offsets and sizes in bytes. */
export interface ElfSection {
  readonly name: string;
  readonly type: number;
  /** The low 32 bits; the others are for operating systems. */
  readonly flags: number;
  /** The low 48 bits: a number holds them exactly. */
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
}

/** Section types and flags, machines and symbol properties: elf.h. */
export const SHT_SYMTAB = 2;
export const SHT_RELA = 4;
export const SHT_NOBITS = 8;
export const SHF_WRITE = 1;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
export const EM_X86_64 = 62;

const HEADER_LENGTH = 64;
const SECTION_LENGTH = 64;
/** More sections than any kernel has, one for each function included. */
const MOST_SECTIONS = 1 << 20;
/** The largest section that is read: vmlinux's symbols take 10 MB, its strings as much. */
const LARGEST_SECTION = 256 * 1024 * 1024;

/** The sections of an ELF file of 64 bits: vmlinux, or a module. */
export class ElfFile {
  readonly little: boolean;
  readonly machine: number;
  readonly sections: readonly ElfSection[];
  private readonly read: ReadBytes;

  private constructor(read: ReadBytes, little: boolean, machine: number, sections: readonly ElfSection[]) {
    this.read = read;
    this.little = little;
    this.machine = machine;
    this.sections = sections;
  }

  /** Reads the headers. Returns what is wrong, in a sentence, when the file is something else or broken. */
  static async open(read: ReadBytes): Promise<ElfFile | string> {
    const header = await read(0, HEADER_LENGTH);
    if (header.length < HEADER_LENGTH || textOf(header, 1, 4) !== 'ELF' || header[0] !== 0x7f) {
      return 'It is not an ELF file.';
    }
    if (header[4] !== 2) return 'It is an ELF file of 32 bits; kernels with livepatch have 64.';
    const little = header[5] === 1;
    const view = viewOf(header);
    const machine = view.getUint16(18, little);
    const tableAt = u64(view, 40, little);
    const entry = view.getUint16(58, little);
    let count = view.getUint16(60, little);
    let namesIndex = view.getUint16(62, little);
    if (tableAt === 0 || entry !== SECTION_LENGTH) return 'Its ELF file has no section headers.';
    const cut = 'It is cut off: the ELF headers name more than there is.';
    const first = await read(tableAt, SECTION_LENGTH);
    if (first.length < SECTION_LENGTH) return cut;
    // What does not fit into the header stands in the first section's.
    if (count === 0) count = u64(viewOf(first), 32, little);
    if (namesIndex === 0xffff) namesIndex = viewOf(first).getUint32(40, little);
    if (count === 0 || count > MOST_SECTIONS) return 'Its ELF section headers are broken.';
    const table = await read(tableAt, count * SECTION_LENGTH);
    if (table.length < count * SECTION_LENGTH) return cut;
    const sections = sectionHeaders(viewOf(table), count, little);
    const namesSection = sections[namesIndex];
    if (!namesSection || namesSection.size > LARGEST_SECTION) return 'Its ELF section names are missing.';
    const names = await read(namesSection.offset, namesSection.size);
    const named = sections.map((section) => ({ ...section, name: textAt(names, section.nameAt) }));
    return new ElfFile(read, little, machine, named);
  }

  /** The first section of that name. */
  section(name: string): ElfSection | null {
    return this.sections.find((section) => section.name === name) ?? null;
  }

  /** A section's bytes: none for one without contents; fewer than its size when the file is cut off or it is too large. */
  async content(section: ElfSection | null | undefined): Promise<Uint8Array> {
    if (!section || section.type === SHT_NOBITS || section.size > LARGEST_SECTION) return new Uint8Array();
    return this.read(section.offset, section.size);
  }

  /** Bytes at an address that a section loads. */
  async atAddress(address: number, length: number): Promise<Uint8Array> {
    const section = this.sections.find(
      (candidate) =>
        candidate.flags & SHF_ALLOC &&
        candidate.type !== SHT_NOBITS &&
        candidate.address <= address &&
        address + length <= candidate.address + candidate.size,
    );
    if (!section || length > LARGEST_SECTION || length < 0) return new Uint8Array();
    return this.read(section.offset + address - section.address, length);
  }
}

/** The text that ends in a zero; empty when there is none. */
export function textAt(bytes: Uint8Array, at: number): string {
  if (at >= bytes.length) return '';
  const end = bytes.indexOf(0, at);
  return end < 0 || end - at > 1024 ? '' : textOf(bytes, at, end);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An offset or size: more than a number holds exactly is infinite, which no check lets pass. */
function u64(view: DataView, at: number, little: boolean): number {
  const value = view.getBigUint64(at, little);
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
}

/** The low 48 bits of an address. */
export function address48(view: DataView, at: number, little: boolean): number {
  const low = view.getUint32(little ? at : at + 4, little);
  const high = view.getUint32(little ? at + 4 : at, little);
  return (high & 0xffff) * 0x100000000 + low;
}

function sectionHeaders(view: DataView, count: number, little: boolean) {
  const sections: (Omit<ElfSection, 'name'> & { nameAt: number })[] = [];
  for (let i = 0; i < count; i++) {
    const at = i * SECTION_LENGTH;
    sections.push({
      nameAt: view.getUint32(at, little),
      type: view.getUint32(at + 4, little),
      flags: view.getUint32(little ? at + 8 : at + 12, little),
      address: address48(view, at + 16, little),
      offset: u64(view, at + 24, little),
      size: u64(view, at + 32, little),
      link: view.getUint32(at + 40, little),
      info: view.getUint32(at + 44, little),
    });
  }
  return sections;
}
