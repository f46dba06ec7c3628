import { BracketedNames } from './read-kallsyms.ts';
import {
  LONGEST_NAME,
  lowerBound,
  type SymbolTable,
  type SymbolTableBuilder,
  TRACEABLE,
  UNKNOWN_SIZE,
} from './symbol-table.ts';

const NEWLINE = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const LETTER_T = 0x74;

/** Words in a row that no C name can be: the text is something else. */
const MOST_BAD_LINES = 20;

/** What a text in the format of available_filter_functions gave. */
export interface FilterReading {
  readonly functions: number;
  /** Objects that it names: null for vmlinux. */
  readonly objects: ReadonlySet<string | null>;
  /** False when the text ends in the middle of a line. */
  readonly complete: boolean;
  /** The first line (from 1) that is not of the format; null when all are. */
  readonly badLine: number | null;
}

/**
 * Walks over `name` or `name [module]` lines, as /sys/kernel/tracing/available_filter_functions has them; what
 * available_filter_functions_addrs writes before the name is passed over.
 */
export function readFilterFunctions(
  text: Uint8Array,
  visit: (object: string | null, start: number, end: number, address: number) => void,
): FilterReading {
  const objects = new Set<string | null>();
  const names = new BracketedNames(text);
  let functions = 0;
  let last: string | null = null;
  let line = 0;
  let badLine: number | null = null;
  let badLines = 0;
  let end = 0;
  for (let at = 0; at < text.length; at = end + 1) {
    line++;
    end = text.indexOf(NEWLINE, at);
    if (end < 0 || badLines > MOST_BAD_LINES) break;
    const start = startOfName(text, at, end);
    let nameEnd = start;
    while (nameEnd < end && isNameByte(text[nameEnd] as number)) nameEnd++;
    const rest = text[nameEnd] as number;
    const isName = nameEnd > start && nameEnd - start <= LONGEST_NAME && (rest <= SPACE || nameEnd === end);
    if (!isName) {
      if (end > at) {
        badLine ??= line;
        badLines++;
      }
      continue;
    }
    let object: string | null = null;
    let i = nameEnd;
    while (i < end && (text[i] === SPACE || text[i] === TAB)) i++;
    if (text[i] === 0x5b) {
      object = names.at(i, end);
      if (object === '') continue;
    }
    functions++;
    if (object !== last || functions === 1) objects.add(object);
    last = object;
    visit(object, start, nameEnd, start === at ? 0 : address48At(text, at));
  }
  return { functions, objects, complete: end >= 0, badLine };
}

/** Adds the listed functions of those objects that are wanted, in the list's order. */
export function addFilterFunctions(
  text: Uint8Array,
  builder: SymbolTableBuilder,
  accept: (object: string | null) => boolean,
): FilterReading {
  return readFilterFunctions(text, (object, start, end) => {
    if (accept(object)) builder.add(builder.objectNumber(object), text, start, end, LETTER_T, UNKNOWN_SIZE);
  });
}

/**
 * Marks which functions ftrace can hook, in the objects that the list names.
 *
 * The list has a line for each place, with the name of the first symbol at its address (get_symbol_pos() in
 * kernel/kallsyms.c): a function that shares its code with another, as `__x64_sys_getpid` with `__do_sys_getpid`, is
 * traceable although no line names it. Of several functions of one name in an object all are traceable when there are as
 * many lines; with fewer, only addresses tell which.
 */
export function markTraceable(text: Uint8Array, table: SymbolTable): FilterReading {
  /** Lines for a name in an object, at the name's first function there. */
  const lines = new Uint16Array(table.count);
  const firsts: number[] = [];
  const places: number[] = [];
  let lastObject: string | null = null;
  let lastNumber = table.objectNumber(null);
  const reading = readFilterFunctions(text, (object, start, end, address) => {
    if (object !== lastObject) {
      lastObject = object;
      lastNumber = table.objectNumber(object);
    }
    if (address !== 0) places.push(address);
    const first = firstFunction(table, table.findBytes(text, start, end), lastNumber);
    if (first < 0) return;
    if (lines[first] === 0) firsts.push(first);
    lines[first] = Math.min(0xffff, (lines[first] as number) + 1);
  });
  const named = new Set([...reading.objects].map((object) => table.objectNumber(object)));
  if (reading.complete) {
    for (let symbol = 0; symbol < table.count; symbol++) {
      if (named.has(table.object[symbol] as number)) table.traceable[symbol] = TRACEABLE.no;
    }
    if (places.length === reading.functions && markByAddress(table, places, named)) return reading;
  }
  markByName(table, firsts, lines);
  if (reading.complete) markUnlisted(table, lines, named);
  return reading;
}

/**
 * Marks the functions that have a place. Returns false when too few places lie in functions: the symbols' addresses are
 * hidden, or of another boot.
 */
function markByAddress(table: SymbolTable, places: readonly number[], named: ReadonlySet<number>): boolean {
  const sorted = Float64Array.from(places).sort();
  let found = 0;
  for (let symbol = 0; symbol < table.count; symbol++) {
    const address = table.address[symbol] as number;
    if (address === 0 || !table.isFunction(symbol) || !named.has(table.object[symbol] as number)) continue;
    const size = Math.min(table.size[symbol] as number, FARTHEST_PLACE);
    const place = sorted[lowerBound(sorted, address)];
    const has = place !== undefined && place < address + size;
    table.traceable[symbol] = has ? TRACEABLE.yes : TRACEABLE.no;
    if (has) found++;
  }
  return found >= places.length * 0.95;
}

/** @param firsts the first function of each name in an object that a line names */
function markByName(table: SymbolTable, firsts: readonly number[], lines: Uint16Array): void {
  for (const first of firsts) {
    const object = table.object[first] as number;
    let functions = 0;
    for (let symbol = first; symbol >= 0; symbol = firstFunction(table, table.after(symbol), object)) functions++;
    const known = (lines[first] as number) >= functions ? TRACEABLE.yes : TRACEABLE.unknown;
    for (let symbol = first; symbol >= 0; symbol = firstFunction(table, table.after(symbol), object)) {
      table.traceable[symbol] = known;
      // Not to be taken for unlisted.
      lines[symbol] = Math.max(1, lines[symbol] as number);
    }
  }
}

/** Functions that no line names stay not traceable, unless they share their code with one that is, or may. */
function markUnlisted(table: SymbolTable, lines: Uint16Array, named: ReadonlySet<number>): void {
  markShared(table, lines, named);
  /** Whether the listed function before, whose address is hidden, may be one with what follows. */
  let mayShare = false;
  for (let symbol = 0; symbol < table.count; symbol++) {
    if (table.address[symbol] !== 0 || !named.has(table.object[symbol] as number)) continue;
    if (lines[symbol] !== 0) mayShare = true;
    else if (!table.isFunction(symbol) || hasOwnCode(table, symbol)) mayShare = false;
    // A module's symbols are not in the order of addresses: any may share.
    else if (mayShare || table.object[symbol] !== 0) table.traceable[symbol] = TRACEABLE.unknown;
  }
}

/** What is known of a listed function is known of others at its address. */
function markShared(table: SymbolTable, lines: Uint16Array, named: ReadonlySet<number>): void {
  const ofModules = new Map<number, number>();
  for (let symbol = 0; symbol < table.count; symbol++) {
    const address = table.address[symbol] as number;
    if (lines[symbol] === 0 || address === 0) continue;
    const known = table.traceable[symbol] as number;
    if (table.object[symbol] !== 0) {
      ofModules.set(address, known);
      continue;
    }
    // vmlinux's symbols are in the order of addresses.
    for (let other = symbol - 1; other >= 0 && table.address[other] === address; other--) give(other, known);
    for (let other = symbol + 1; other < table.count && table.address[other] === address; other++) give(other, known);
  }
  for (let symbol = 0; symbol < table.count && ofModules.size > 0; symbol++) {
    const known = table.object[symbol] === 0 ? undefined : ofModules.get(table.address[symbol] as number);
    if (known !== undefined) give(symbol, known);
  }

  function give(symbol: number, known: number): void {
    if (lines[symbol] === 0 && table.isFunction(symbol) && named.has(table.object[symbol] as number)) {
      table.traceable[symbol] = known;
    }
  }
}

const PADDING = new TextEncoder().encode('__pfx_');
const COLD = new TextEncoder().encode('.cold');

/** Whether it is what the compiler puts before or far behind a function: nothing that ftrace hooks. */
function hasOwnCode(table: SymbolTable, symbol: number): boolean {
  const start = table.nameStart[symbol] as number;
  const length = table.nameLength[symbol] as number;
  if (length > PADDING.length && standsAt(table.names, start, PADDING)) return true;
  return length > COLD.length && standsAt(table.names, start + length - COLD.length, COLD);
}

function standsAt(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/** How far behind a function's start its place may be: behind an ENDBR. Bytes. */
const FARTHEST_PLACE = 16;

/** The first function of that object from a symbol on, among those of the same name; -1 when there is none. */
function firstFunction(table: SymbolTable, symbol: number, object: number): number {
  let found = symbol;
  while (found >= 0 && (table.object[found] !== object || !table.isFunction(found))) found = table.after(found);
  return found;
}

/** Passes over `ffffffff81000000 ` before a name. */
function startOfName(text: Uint8Array, at: number, end: number): number {
  if (end - at < 18 || text[at + 16] !== SPACE) return at;
  for (let i = at; i < at + 16; i++) {
    const byte = text[i] as number;
    if (!((byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66))) return at;
  }
  return at + 17;
}

/** The low 48 bits of the 16 hexadecimal digits. */
function address48At(text: Uint8Array, at: number): number {
  let address = 0;
  for (let i = at + 4; i < at + 16; i++) {
    const byte = text[i] as number;
    address = address * 16 + (byte <= 0x39 ? byte - 0x30 : byte - 0x57);
  }
  return address;
}

function isNameByte(byte: number): boolean {
  const letter = (byte | 0x20) - 0x61;
  return (
    (letter >= 0 && letter < 26) || (byte >= 0x30 && byte <= 0x39) || byte === 0x5f || byte === 0x2e || byte === 0x24
  );
}
