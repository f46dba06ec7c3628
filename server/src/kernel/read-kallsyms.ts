import { ExportEntries } from './export-entries.ts';
import type { Steps } from './steps.ts';
import { LONGEST_NAME, SYMBOLS_IN_A_STEP, type SymbolTableBuilder, textOf, UNKNOWN_SIZE } from './symbol-table.ts';

/** What a text in the format of /proc/kallsyms or System.map gave. */
export interface KallsymsReading {
  /** How many symbols were taken. */
  readonly symbols: number;
  /** Objects of which there were symbols: null for vmlinux. */
  readonly objects: ReadonlySet<string | null>;
  /** Whether addresses are given; for users without the right to see them, the kernel writes zeros. */
  readonly addresses: boolean;
  /** The symbols from `_sinittext` to `_einittext`, vmlinux's `__init` functions: the first and the one after the last. */
  readonly initText: readonly [number, number] | null;
  /** vmlinux's entries of exported symbols. */
  readonly exports: ExportEntries;
  /** False when the text ends in the middle of a line, or lists vmlinux without the symbol it begins with. */
  readonly complete: boolean;
  /** Whether the last line is whole. */
  readonly ended: boolean;
  /** The first line (from 1) that is not of the format; null when all are. */
  readonly badLine: number | null;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const RETURN = 0x0d;
/** `U`. */
const UNDEFINED = 0x55;

const UNDERSCORE = 0x5f;
const TEXT_START = new TextEncoder().encode('_text');
const CODE_START = new TextEncoder().encode('_stext');
const INIT_START = new TextEncoder().encode('_sinittext');
const INIT_END = new TextEncoder().encode('_einittext');

/** More bad lines than this, and the text is something else. */
const MOST_BAD_LINES = 20;
/** A symbol that is further from the next one than this has a gap behind it, not a size. Bytes. */
const LARGEST_SIZE = 0x1000000;

/**
 * Reads `address type name` lines, each with an optional `[module]` after a tab, and adds the symbols in the text's order.
 *
 * That order is the one in which `old_sympos` counts, whether or not addresses are shown: kernel/kallsyms.c prints
 * vmlinux's symbols from its table, which is sorted by address when the kernel is linked, and a module's from the symbol
 * table that klp_find_object_symbol() walks. Sizes of vmlinux's symbols are the distance to the next address, as the
 * kernel itself counts them.
 *
 * @param accept asked once for each object whether its symbols are wanted
 */
export function* readKallsyms(
  text: Uint8Array,
  builder: SymbolTableBuilder,
  accept: (object: string | null) => boolean,
): Steps<KallsymsReading> {
  const objects = new Set<string | null>();
  const modules = new ModuleNames(text, builder, accept, objects);
  let symbols = 0;
  const exports = new ExportEntries();
  /** Whether a symbol at which every kernel begins was seen. */
  let begins = false;
  let initStart = -1;
  let initEnd = -1;
  let addresses = false;
  let badLine: number | null = null;
  let badLines = 0;
  let line = 0;
  const wantsKernel = accept(null);
  // Symbols at the address of the last one, whose size shows with the next address.
  let open = -1;
  let openAddress = -1;
  let at = 0;
  let end = 0;
  for (; at < text.length; at = end + 1) {
    if (++line % SYMBOLS_IN_A_STEP === 0) yield;
    end = text.indexOf(NEWLINE, at);
    if (end < 0) break;
    let i = at;
    let high = 0;
    let low = 0;
    while (i < end) {
      const digit = DIGITS[text[i] as number] as number;
      if (digit < 0) break;
      high = (high << 4) | (low >>> 28);
      low = (low << 4) | digit;
      i++;
    }
    // The last 48 bits: a number holds them exactly, and only differences are looked at.
    const address = (high & 0xffff) * 0x100000000 + (low >>> 0);
    const digits = i - at;
    const type = text[i + 1] as number;
    const nameStart = i + 3;
    if (digits === 0 || digits > 16 || nameStart >= end || text[i] !== SPACE || text[i + 2] !== SPACE) {
      if (end > at) {
        badLine ??= line;
        if (++badLines > MOST_BAD_LINES) break;
      }
      continue;
    }
    let nameEnd = nameStart;
    while (nameEnd < end && (text[nameEnd] as number) > SPACE) nameEnd++;
    const isEnd = nameEnd === end || text[nameEnd] === TAB || text[nameEnd] === RETURN;
    if (nameEnd === nameStart || nameEnd - nameStart > LONGEST_NAME || !isEnd) {
      badLine ??= line;
      continue;
    }
    if (address !== 0) addresses = true;
    if (text[nameEnd] === TAB) {
      const object = modules.numberIn(nameEnd + 1, end);
      // What a module takes from others is in its table while it loads; klp_find_object_symbol() passes it over.
      if (object < 0 || type === UNDEFINED) continue;
      builder.add(object, text, nameStart, nameEnd, type, UNKNOWN_SIZE, address);
      symbols++;
    } else if (wantsKernel) {
      const symbol = builder.add(0, text, nameStart, nameEnd, type, UNKNOWN_SIZE, address);
      symbols++;
      objects.add(null);
      if (text[nameStart] === UNDERSCORE) {
        const length = nameEnd - nameStart;
        if (length === INIT_START.length) {
          if (isText(text, nameStart, INIT_START)) initStart = symbol;
          else if (isText(text, nameStart, INIT_END)) initEnd = symbol;
        } else if (length === TEXT_START.length) begins ||= isText(text, nameStart, TEXT_START);
        else if (length === CODE_START.length) begins ||= isText(text, nameStart, CODE_START);
      }
      exports.see(symbol, text, nameStart, nameEnd, address);
      if (address !== openAddress) {
        const size = address - openAddress;
        if (open >= 0 && size > 0 && size < LARGEST_SIZE) {
          for (let other = open; other < symbol; other++) builder.setSize(other, size);
        }
        open = symbol;
        openAddress = address;
      }
    }
  }
  const initText: [number, number] | null = initStart >= 0 && initEnd > initStart ? [initStart, initEnd] : null;
  const ended = end >= 0 && badLines <= MOST_BAD_LINES;
  const complete = ended && (begins || !objects.has(null));
  return { symbols, objects, addresses, initText, exports, complete, ended, badLine };
}

function isText(bytes: Uint8Array, start: number, text: Uint8Array): boolean {
  return text.every((byte, i) => bytes[start + i] === byte);
}

/** The names in brackets. Lines of one module follow each other, so the last one is remembered. */
class ModuleNames {
  private readonly names: BracketedNames;
  private readonly builder: SymbolTableBuilder;
  private readonly accept: (object: string) => boolean;
  private readonly seen: Set<string | null>;
  private readonly numbers = new Map<string, number>();
  private last = '';
  private lastNumber = -1;

  constructor(
    text: Uint8Array,
    builder: SymbolTableBuilder,
    accept: (object: string) => boolean,
    seen: Set<string | null>,
  ) {
    this.names = new BracketedNames(text);
    this.builder = builder;
    this.accept = accept;
    this.seen = seen;
  }

  /** The object's number for `[name]` in the text; -1 when its symbols are not wanted. */
  numberIn(start: number, end: number): number {
    const name = this.names.at(start, end);
    if (name === this.last) return this.lastNumber;
    let number = this.numbers.get(name);
    if (number === undefined) {
      const wanted = isModuleName(name) && this.accept(name);
      number = wanted ? this.builder.objectNumber(name) : -1;
      if (wanted) this.seen.add(name);
      this.numbers.set(name, number);
    }
    this.last = name;
    this.lastNumber = number;
    return number;
  }
}

/** Names between `[` and `]`. Lines of one module follow each other, so the last name is kept and only compared. */
export class BracketedNames {
  private readonly text: Uint8Array;
  private start = 0;
  private end = 0;
  private name = '';

  constructor(text: Uint8Array) {
    this.text = text;
  }

  /** The name that stands from `start` to the line's end; empty when the bytes are something else. */
  at(start: number, lineEnd: number): string {
    const { text } = this;
    const end = text[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
    if (end - start === this.end - this.start) {
      let i = 0;
      while (i < end - start && text[start + i] === text[this.start + i]) i++;
      if (i === end - start) return this.name;
    }
    this.start = start;
    this.end = end;
    const isName = text[start] === 0x5b && text[end - 1] === 0x5d && end - start <= 66;
    this.name = isName ? textOf(text, start + 1, end - 1) : '';
    return this.name;
  }
}

/** What stands in brackets without being a module: BPF programs, ftrace's trampolines, kprobes' pages. */
function isModuleName(name: string): boolean {
  return name !== '' && name !== 'bpf' && !name.startsWith('__builtin__');
}

/** What a hexadecimal digit stands for, -1 for other bytes. */
const DIGITS = Int8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? -1 : digit;
});
