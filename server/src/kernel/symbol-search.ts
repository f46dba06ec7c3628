import { letterBit, lower, lowerBytes } from './letters.ts';
import { type SymbolTable, TRACEABLE } from './symbol-table.ts';

/** How well a name fits what was typed, best first. */
const EXACT = 0;
const PREFIX = 1;
const WORD = 2;
const WORD_STARTS = 3;
const INSIDE = 4;
const SUBSEQUENCE = 5;
const NONE = 6;

const UNDERSCORE = 0x5f;

/** Finds functions by what somebody has typed. */
export class SymbolSearch {
  private readonly table: SymbolTable;
  private readonly functions: Uint32Array;

  /** @param functions those of the table that may be found, ascending */
  constructor(table: SymbolTable, functions: Uint32Array) {
    this.table = table;
    this.functions = functions;
  }

  /**
   * Functions of an object whose name has all typed letters in this order, whatever their case; each name once.
   * Best first: the name itself, names that begin so, names with a word that does, names whose words begin so, others;
   * of equals those that ftrace is not known to pass over, then the shorter, then by the alphabet. Nothing typed fits
   * every name.
   */
  search(typed: string, object: number, limit: number): number[] {
    const { table, functions } = this;
    const wanted = lowerBytes(typed);
    let mask = 0;
    for (const byte of wanted) mask |= letterBit(byte);
    const best = new BestSymbols(table, limit);
    for (let i = 0; i < functions.length; i++) {
      const symbol = functions[i] as number;
      if (((table.letters[symbol] as number) & mask) !== mask || table.object[symbol] !== object) continue;
      const length = table.nameLength[symbol] as number;
      if (length < wanted.length || !best.mayTake(length === wanted.length ? EXACT : PREFIX, length)) continue;
      const fit = fitOf(table.names, table.nameStart[symbol] as number, length, wanted);
      if (fit === NONE || !best.mayTake(fit, length)) continue;
      best.offer(symbol, keyOf(fit, length) + (table.traceable[symbol] === TRACEABLE.no ? UNTRACEABLE : 0));
    }
    return best.symbols();
  }
}

/** The best so many symbols, sorted. */
class BestSymbols {
  private readonly table: SymbolTable;
  private readonly limit: number;
  private readonly found: { symbol: number; key: number }[] = [];

  constructor(table: SymbolTable, limit: number) {
    this.table = table;
    this.limit = Math.max(0, Math.floor(limit));
  }

  /** Whether a symbol of that fit and length could still be among the best. */
  mayTake(fit: number, length: number): boolean {
    if (this.found.length < this.limit) return true;
    const worst = this.found[this.found.length - 1];
    return worst !== undefined && keyOf(fit, length) <= worst.key;
  }

  /** @param key the lower the better; names are compared when they are equal */
  offer(symbol: number, key: number): void {
    const { found } = this;
    let low = 0;
    let high = found.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = found[middle] as { symbol: number; key: number };
      const order = key - other.key || this.compareNames(symbol, other.symbol);
      // The first of several functions of one name stands for all.
      if (order === 0) return;
      if (order < 0) high = middle;
      else low = middle + 1;
    }
    if (low >= this.limit) return;
    found.splice(low, 0, { symbol, key });
    if (found.length > this.limit) found.pop();
  }

  symbols(): number[] {
    return this.found.map(({ symbol }) => symbol);
  }

  private compareNames(a: number, b: number): number {
    const { names, nameStart, nameLength } = this.table;
    const startA = nameStart[a] as number;
    const startB = nameStart[b] as number;
    const lengthA = nameLength[a] as number;
    const lengthB = nameLength[b] as number;
    const shorter = Math.min(lengthA, lengthB);
    for (let i = 0; i < shorter; i++) {
      const difference = (names[startA + i] as number) - (names[startB + i] as number);
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }
}

/** Added to the key of what can't be patched; more than the longest name. */
const UNTRACEABLE = 1024;

function keyOf(fit: number, length: number): number {
  return fit * 2 * UNTRACEABLE + length;
}

/** How a name fits letters in lower case. */
function fitOf(names: Uint8Array, start: number, length: number, wanted: Uint8Array): number {
  const count = wanted.length;
  if (count === 0) return PREFIX;
  if (matchesAt(names, start, wanted)) return count === length ? EXACT : PREFIX;
  let at = 0;
  for (let i = 0; i < length && at < count; i++) if (lower(names[start + i] as number) === wanted[at]) at++;
  if (at < count) return NONE;
  let inside = false;
  for (let i = 1; i + count <= length; i++) {
    if (!matchesAt(names, start + i, wanted)) continue;
    if (isWordStart(names, start, i)) return WORD;
    inside = true;
  }
  if (fitsWordStarts(names, start, length, wanted)) return WORD_STARTS;
  return inside ? INSIDE : SUBSEQUENCE;
}

function matchesAt(names: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (lower(names[at + i] as number) !== wanted[i]) return false;
  return true;
}

/** Whether each typed letter stands at a word's start or behind the one before it, taking words from the left. */
function fitsWordStarts(names: Uint8Array, start: number, length: number, wanted: Uint8Array): boolean {
  let at = 0;
  let behind = false;
  for (let i = 0; i < length && at < wanted.length; i++) {
    const letter = lower(names[start + i] as number);
    if (letter === wanted[at] && (behind || isWordStart(names, start, i))) {
      at++;
      behind = true;
    } else {
      behind = false;
      if (wanted[at] === UNDERSCORE && letter === UNDERSCORE) at++;
    }
  }
  return at === wanted.length;
}

function isWordStart(names: Uint8Array, start: number, i: number): boolean {
  return i === 0 || names[start + i - 1] === UNDERSCORE || names[start + i - 1] === 0x2e;
}
