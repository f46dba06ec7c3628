import { EXPORTED, type SymbolTable } from './symbol-table.ts';

const PREFIX = new TextEncoder().encode('__ksymtab_');
const START = new TextEncoder().encode('__start___ksymtab');
const START_GPL = new TextEncoder().encode('__start___ksymtab_gpl');

/**
 * The entries `__ksymtab_NAME` that EXPORT_SYMBOL leaves among a kernel's symbols (include/linux/export-internal.h).
 * Those of EXPORT_SYMBOL_GPL lie in a section of their own, whose start has a symbol too.
 */
export class ExportEntries {
  private readonly entries: { symbol: number; address: number }[] = [];
  private start = -1;
  private startGpl = -1;
  private hidden = true;

  /** Told of each symbol of vmlinux in the order of addresses; `symbol` is its index, its name stands in `bytes`. */
  see(symbol: number, bytes: Uint8Array, start: number, end: number, address: number): void {
    if (bytes[start] !== 0x5f || bytes[start + 1] !== 0x5f) return;
    if (bytes[start + 2] === 0x6b && end - start > PREFIX.length && begins(bytes, start, PREFIX)) {
      this.entries.push({ symbol, address });
      if (address !== 0) this.hidden = false;
    } else if (bytes[start + 2] === 0x73 && begins(bytes, start, START)) {
      if (end - start === START.length) this.start = address;
      else if (end - start === START_GPL.length && begins(bytes, start, START_GPL)) this.startGpl = address;
    }
  }

  /**
   * Marks what vmlinux exports, and everything else in it as not exported. Marks nothing when addresses are hidden: the
   * section's start then doesn't tell its first entry from the last one of the section before it.
   */
  mark(table: SymbolTable): void {
    if (this.hidden || this.start < 0 || this.startGpl < this.start || this.entries.length === 0) return;
    for (let symbol = 0; symbol < table.count; symbol++) {
      if (table.object[symbol] === 0) table.exported[symbol] = EXPORTED.no;
    }
    for (const { symbol, address } of this.entries) {
      const from = (table.nameStart[symbol] as number) + PREFIX.length;
      const end = (table.nameStart[symbol] as number) + (table.nameLength[symbol] as number);
      const kind = address >= this.startGpl ? EXPORTED.gpl : EXPORTED.yes;
      for (let other = table.findBytes(table.names, from, end); other >= 0; other = table.after(other)) {
        // An exported function is global; a static one of the same name is another.
        const isGlobal = ((table.type[other] as number) & 0x20) === 0;
        if (table.object[other] === 0 && isGlobal) table.exported[other] = kind;
      }
    }
  }
}

function begins(bytes: Uint8Array, start: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}
