import { letterBit, lower, lowerBytes } from './letters.ts';
import type { SymbolTable } from './symbol-table.ts';

/** Names of other lengths are not compared: nobody writes them by hand. */
const SHORTEST = 3;
const LONGEST = 128;
/** More changes than this make another name. */
const MOST_CHANGES = 4;

/**
 * Finds, among some symbols of a table, the one whose name looks most like another name. Nearly all names are told apart by
 * their length and by which letters they have, which are kept side by side for that; the few that are left are compared.
 */
export class ClosestSymbol {
  private readonly table: SymbolTable;
  /** Sorted by the length of the name, then as they are in the table. */
  private readonly symbols: Uint32Array;
  /** Three numbers for each of them: see letterSets. */
  private readonly letters: Uint32Array;
  /** By length: where the names that long begin. */
  private readonly starts: Uint32Array;

  /** @param symbols indices into the table, ascending */
  constructor(table: SymbolTable, symbols: Uint32Array) {
    this.table = table;
    const starts = new Uint32Array(LONGEST + MOST_CHANGES + 2);
    const last = starts.length - 1;
    const lengthOf = (symbol: number) => Math.min(table.nameLength[symbol] as number, last - 1);
    for (const symbol of symbols) (starts[lengthOf(symbol) + 1] as number)++;
    for (let length = 0; length < last; length++) (starts[length + 1] as number) += starts[length] as number;
    this.symbols = new Uint32Array(symbols.length);
    this.letters = new Uint32Array(3 * symbols.length);
    const next = starts.slice();
    for (const symbol of symbols) {
      const length = lengthOf(symbol);
      const place = next[length] as number;
      next[length] = place + 1;
      this.symbols[place] = symbol;
      const start = table.nameStart[symbol] as number;
      letterSets(table.names, start, start + (table.nameLength[symbol] as number), this.letters, 3 * place);
    }
    this.starts = starts;
  }

  /**
   * The symbol of an object whose name differs in the fewest letters (put in, left out, exchanged or swapped with its
   * neighbour), at most a quarter of them and four; of equals the first in the table. -1 when none is that near.
   */
  find(name: string, object: number): number {
    const wanted = lowerBytes(name);
    if (wanted.length < SHORTEST || wanted.length > LONGEST) return -1;
    const search = new Search(this.table, object, wanted);
    // Names of the same length first: most misspelt ones are, and each find narrows the search.
    for (let apart = 0; apart <= search.most; apart++) {
      this.searchLength(search, wanted.length - apart);
      if (apart > 0) this.searchLength(search, wanted.length + apart);
    }
    return search.found;
  }

  private searchLength(search: Search, length: number): void {
    const { symbols, letters } = this;
    const [once = 0, twice = 0, thrice = 0] = search.letters;
    const end = this.starts[length + 1] as number;
    for (let i = this.starts[length] as number; i < end; i++) {
      const own1 = letters[3 * i] as number;
      const own2 = letters[3 * i + 1] as number;
      const own3 = letters[3 * i + 2] as number;
      // Each change takes at most one letter away and brings at most one.
      if (bitsIn(own1 & ~once) + bitsIn(own2 & ~twice) + bitsIn(own3 & ~thrice) > search.most) continue;
      if (bitsIn(once & ~own1) + bitsIn(twice & ~own2) + bitsIn(thrice & ~own3) > search.most) continue;
      search.compare(symbols[i] as number);
    }
  }
}

/** The look for one name. */
class Search {
  found = -1;
  /** The most changes with which a name is still of interest. */
  most: number;
  /** See letterSets. */
  readonly letters = new Uint32Array(3);
  private readonly table: SymbolTable;
  private readonly object: number;
  private readonly wanted: Uint8Array;
  /** How often each letter is wanted. */
  private readonly counts = new Int16Array(256);
  /** Of the comparison: the last rows, used in turn. */
  private rows: [Uint8Array, Uint8Array, Uint8Array];

  constructor(table: SymbolTable, object: number, wanted: Uint8Array) {
    this.table = table;
    this.object = object;
    this.wanted = wanted;
    this.most = Math.min(MOST_CHANGES, Math.max(1, Math.floor(wanted.length / 4)));
    letterSets(wanted, 0, wanted.length, this.letters, 0);
    for (const byte of wanted) (this.counts[byte] as number)++;
    const row = () => new Uint8Array(wanted.length + MOST_CHANGES + 1);
    this.rows = [row(), row(), row()];
  }

  /** Takes a symbol when it is nearer than what was found, or as near and earlier in the table. */
  compare(symbol: number): void {
    if (this.table.object[symbol] !== this.object) return;
    const start = this.table.nameStart[symbol] as number;
    const length = this.table.nameLength[symbol] as number;
    if (!this.hasSimilarLetters(start, length)) return;
    const distance = this.distance(start, length);
    if (distance > this.most || (distance === this.most && this.found >= 0 && this.found < symbol)) return;
    this.most = distance;
    this.found = symbol;
  }

  /** Whether neither name has more than `most` letters that the other one lacks, counting each as often as it is there. */
  private hasSimilarLetters(start: number, length: number): boolean {
    const { counts, table, wanted, most } = this;
    let extra = 0;
    for (let i = 0; i < length; i++) {
      const letter = lower(table.names[start + i] as number);
      const left = counts[letter] as number;
      counts[letter] = left - 1;
      if (left <= 0) extra++;
    }
    for (let i = 0; i < length; i++) (counts[lower(table.names[start + i] as number)] as number)++;
    return extra <= most && wanted.length - length + extra <= most;
  }

  /** Optimal string alignment distance; when it is more than `most`, any number above `most`. */
  private distance(start: number, length: number): number {
    const { wanted, most } = this;
    const { names } = this.table;
    const beyond = most + 1;
    let [before, previous, current] = this.rows;
    for (let column = 0; column <= length; column++) previous[column] = Math.min(column, beyond);
    for (let row = 1; row <= wanted.length; row++) {
      const letter = wanted[row - 1];
      const from = Math.max(1, row - most);
      const to = Math.min(length, row + most);
      current[from - 1] = from === 1 ? Math.min(row, beyond) : beyond;
      let least = current[from - 1] as number;
      for (let column = from; column <= to; column++) {
        const own = lower(names[start + column - 1] as number);
        let value = Math.min(
          (previous[column - 1] as number) + (own === letter ? 0 : 1),
          (previous[column] as number) + 1,
          (current[column - 1] as number) + 1,
        );
        if (
          row > 1 &&
          column > 1 &&
          own === wanted[row - 2] &&
          lower(names[start + column - 2] as number) === letter &&
          (before[column - 2] as number) + 1 < value
        ) {
          value = (before[column - 2] as number) + 1;
        }
        current[column] = value;
        if (value < least) least = value;
      }
      if (to < length) current[to + 1] = beyond;
      if (least > most) return beyond;
      [before, previous, current] = [previous, current, before];
    }
    return previous[length] as number;
  }
}

/**
 * Writes three numbers to `sets`: the letters (see letterBit) that a name has, those that it has twice or more often, and
 * thrice or more often.
 */
function letterSets(names: Uint8Array, start: number, end: number, sets: Uint32Array, at: number): void {
  let once = 0;
  let twice = 0;
  let thrice = 0;
  for (let i = start; i < end; i++) {
    const bit = letterBit(names[i] as number);
    thrice |= twice & bit;
    twice |= once & bit;
    once |= bit;
  }
  sets[at] = once;
  sets[at + 1] = twice;
  sets[at + 2] = thrice;
}

/** How many bits are set, without a branch: it is asked twice for each name of a kernel. */
function bitsIn(mask: number): number {
  const pairs = mask - ((mask >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
