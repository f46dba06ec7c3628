/**
 * A livepatch relocation as a tool that builds livepatches makes it, for modules that kbuild builds: the C text has a
 * pointer to a symbol in a section of its own, and the .ko is edited so that livepatch has to write that pointer.
 */
export interface KlpRelocation {
  /** OBJECT of the section `.klp.rela.OBJECT.klp_probe`; null: the section keeps its ordinary name. */
  readonly object: string | null;
  /** The symbol's name: `.klp.sym.OBJECT.NAME,SYMPOS`. */
  readonly symbol: string;
  /** Whether the symbol gets the mark SHN_LIVEPATCH. */
  readonly marked: boolean;
}

const RELOCATIONS = '.relaklp_probe';
const sectionName = ({ object }: KlpRelocation): string => `.klp.rela.${object}.klp_probe`;
/** A comma ends a name in the assembler's language: another character stands for it until the .ko is edited. */
const builtName = ({ symbol }: KlpRelocation): string => symbol.replace(',', '_');

/** What is added to the module's C text: the pointer, and an empty section that brings the other one's new name. */
export function relocationText(relocation: KlpRelocation): string {
  return `
long probe_target asm("${builtName(relocation)}") = 1;
static long *probe __used __section("klp_probe") = &probe_target;
asm(".pushsection \\"${sectionName(relocation)}\\", \\"\\", @progbits\\n.byte 0\\n.popsection");
`;
}

/** SHF_RELA_LIVEPATCH, and SHF_ALLOC: without that the kernel forgets the section once the livepatch is loaded. */
const FLAGS = 0x00100000n | 2n;
const SHN_LIVEPATCH = 0xff20;
const SHT_SYMTAB = 2;
const SYMBOL_SIZE = 24;

/** The .ko with the relocation; throws when what relocationText() added is not there. */
export function withRelocation(ko: Uint8Array, relocation: KlpRelocation): Uint8Array {
  const bytes = Buffer.from(ko);
  const headers = sectionHeaders(bytes);
  const names = headers[bytes.readUInt16LE(0x3e)] as number;
  const nameOf = (header: number): string => textAt(bytes, offsetOf(bytes, names) + bytes.readUInt32LE(header));
  const section = (name: string): number => {
    const found = headers.find((header) => nameOf(header) === name);
    if (found === undefined) throw new Error(`the module has no section ${name}`);
    return found;
  };
  const relocations = section(RELOCATIONS);
  bytes.writeBigUInt64LE(bytes.readBigUInt64LE(relocations + 8) | FLAGS, relocations + 8);
  if (relocation.object !== null) {
    bytes.writeUInt32LE(bytes.readUInt32LE(section(sectionName(relocation))), relocations);
  }
  const table = headers.find((header) => bytes.readUInt32LE(header + 4) === SHT_SYMTAB) as number;
  const strings = offsetOf(bytes, headers[bytes.readUInt32LE(table + 40)] as number);
  const end = offsetOf(bytes, table) + Number(bytes.readBigUInt64LE(table + 32));
  for (let at = offsetOf(bytes, table); at < end; at += SYMBOL_SIZE) {
    const name = strings + bytes.readUInt32LE(at);
    if (textAt(bytes, name) !== builtName(relocation)) continue;
    bytes.write(relocation.symbol, name, 'latin1');
    if (relocation.marked) bytes.writeUInt16LE(SHN_LIVEPATCH, at + 6);
    return bytes;
  }
  throw new Error(`the module has no symbol ${builtName(relocation)}`);
}

/** Where the headers of the sections stand in a 64-bit ELF file. */
function sectionHeaders(bytes: Buffer): number[] {
  const [first, size, count] = [
    Number(bytes.readBigUInt64LE(0x28)),
    bytes.readUInt16LE(0x3a),
    bytes.readUInt16LE(0x3c),
  ];
  return Array.from({ length: count }, (_, index) => first + index * size);
}

/** Where a section's content stands. */
const offsetOf = (bytes: Buffer, header: number): number => Number(bytes.readBigUInt64LE(header + 24));

const textAt = (bytes: Buffer, at: number): string => bytes.toString('latin1', at, bytes.indexOf(0, at));
