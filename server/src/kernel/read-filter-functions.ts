import { bracketedName } from './read-kallsyms.ts';
import { LONGEST_NAME, type SymbolTable, type SymbolTableBuilder, TRACEABLE, UNKNOWN_SIZE } from './symbol-table.ts';

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
  visit: (object: string | null, start: number, end: number) => void,
): FilterReading {
  const objects = new Set<string | null>();
  let functions = 0;
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
      object = bracketedName(text, i, end);
      if (object === '') continue;
    }
    functions++;
    objects.add(object);
    visit(object, start, nameEnd);
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
 * Marks which functions ftrace can hook. The list has a line for each place, by name only: of several functions of one
 * name in an object all are traceable when there are as many lines, and which one is not is unknown when there are
 * fewer. What stands in none of the lines is not traceable, in objects that the list names.
 */
export function markTraceable(text: Uint8Array, table: SymbolTable): FilterReading {
  /** Lines for a name in an object, at the name's first symbol in that object. */
  const lines = new Uint16Array(table.count);
  let lastObject: string | null = null;
  let lastNumber = table.objectNumber(null);
  const reading = readFilterFunctions(text, (object, start, end) => {
    if (object !== lastObject) {
      lastObject = object;
      lastNumber = table.objectNumber(object);
    }
    const first = firstFunction(table, table.findBytes(text, start, end), lastNumber);
    if (first >= 0) lines[first] = Math.min(0xffff, (lines[first] as number) + 1);
  });
  const named = new Set([...reading.objects].map((object) => table.objectNumber(object)));
  for (let symbol = 0; symbol < table.count; symbol++) {
    const object = table.object[symbol] as number;
    if (named.has(object) && reading.complete) table.traceable[symbol] = TRACEABLE.no;
  }
  for (let symbol = 0; symbol < table.count; symbol++) {
    const count = lines[symbol] as number;
    if (count === 0) continue;
    const object = table.object[symbol] as number;
    const all: number[] = [];
    for (let other = symbol; other >= 0; other = firstFunction(table, table.after(other), object)) all.push(other);
    const known = count >= all.length ? TRACEABLE.yes : TRACEABLE.unknown;
    for (const other of all) table.traceable[other] = known;
  }
  return reading;
}

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

function isNameByte(byte: number): boolean {
  const letter = (byte | 0x20) - 0x61;
  return (
    (letter >= 0 && letter < 26) || (byte >= 0x30 && byte <= 0x39) || byte === 0x5f || byte === 0x2e || byte === 0x24
  );
}
