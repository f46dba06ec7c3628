import { letterBit } from './letters.ts';
import { finish, type Steps } from './steps.ts';

/** What a symbol's properties are stored as. */
export const TRACEABLE = { no: 0, yes: 1, unknown: 2 } as const;
export const INIT = { no: 0, yes: 1, unknown: 2 } as const;
export const GLOBAL = { no: 0, yes: 1, unknown: 2 } as const;
export const EXPORTED = { no: 0, yes: 1, gpl: 2, unknown: 3 } as const;

/** In `SymbolTable.size`: not known. */
export const UNKNOWN_SIZE = 0xffffffff;
/** Longer names are no kernel's: KSYM_NAME_LEN is 512 with the final zero (include/linux/kallsyms.h). */
export const LONGEST_NAME = 511;

/** What is done with so many symbols takes a millisecond or two. */
export const SYMBOLS_IN_A_STEP = 4096;

const LOWER_T = 0x74;
const LOWER_W = 0x77;

/**
 * All symbols of a kernel and its modules in columns: one pool of names and one array for each property, so that 200,000
 * symbols are a few large blocks of memory and not a million objects. An index into the columns stands for a symbol.
 */
export class SymbolTable {
  readonly count: number;
  /** Owners; the first is vmlinux. A symbol's `object` is an index into this. */
  readonly objects: readonly (string | null)[];
  readonly names: Uint8Array;
  readonly nameStart: Uint32Array;
  readonly nameLength: Uint16Array;
  /** A bit for each letter that a name contains: see `letterBit`. What searches look at first. */
  readonly letters: Uint32Array;
  readonly object: Uint16Array;
  /** The letter of nm and /proc/kallsyms, as a character code. */
  readonly type: Uint8Array;
  /** Bytes, or UNKNOWN_SIZE. */
  readonly size: Uint32Array;
  /** The low 48 bits; 0 when not known. */
  readonly address: Float64Array;
  readonly traceable: Uint8Array;
  readonly exported: Uint8Array;
  readonly init: Uint8Array;
  readonly global: Uint8Array;
  readonly namespaces = new Map<number, string>();
  /** The next symbol of the same name, -1 at the end. */
  private readonly next: Int32Array;
  /** Hash of a name to the first symbol that has it; -1 where there is none. The length is a power of two. */
  private readonly slots: Int32Array;
  private readonly objectNumbers: ReadonlyMap<string | null, number>;

  private constructor(columns: SymbolColumns) {
    const { count } = columns;
    this.count = count;
    this.objects = columns.objects;
    this.objectNumbers = new Map(columns.objects.map((name, number) => [name, number]));
    this.names = columns.names;
    this.nameStart = columns.nameStart;
    this.nameLength = columns.nameLength;
    this.letters = columns.letters;
    this.object = columns.object;
    this.type = columns.type;
    this.size = columns.size;
    this.address = columns.address;
    this.traceable = new Uint8Array(count).fill(TRACEABLE.unknown);
    this.exported = new Uint8Array(count).fill(EXPORTED.unknown);
    this.init = new Uint8Array(count).fill(INIT.unknown);
    this.global = new Uint8Array(count).fill(GLOBAL.unknown);
    this.next = new Int32Array(count);
    this.slots = new Int32Array(powerOfTwoAbove(count * 2)).fill(-1);
  }

  static *of(columns: SymbolColumns): Steps<SymbolTable> {
    const table = new SymbolTable(columns);
    for (let end = columns.count; end > 0; end -= SYMBOLS_IN_A_STEP) {
      table.makeFound(Math.max(0, end - SYMBOLS_IN_A_STEP), end, columns.hashes);
      yield;
    }
    return table;
  }

  /** Goes on from the end of the table, so that each chain of equal names is in its order. */
  private makeFound(start: number, end: number, hashes: Uint32Array): void {
    for (let symbol = end - 1; symbol >= start; symbol--) {
      const name = this.nameStart[symbol] as number;
      const slot = this.slotOf(this.names, name, name + (this.nameLength[symbol] as number), hashes[symbol]);
      this.next[symbol] = this.slots[slot] as number;
      this.slots[slot] = symbol;
    }
  }

  /** The number of an object's name (null: vmlinux), -1 when the table has no symbol of it. */
  objectNumber(name: string | null): number {
    return this.objectNumbers.get(name) ?? -1;
  }

  /** The first symbol of that name, -1 when there is none. */
  find(name: string): number {
    if (name.length === 0 || name.length > LONGEST_NAME) return -1;
    const bytes = new Uint8Array(name.length);
    for (let i = 0; i < name.length; i++) {
      const code = name.charCodeAt(i);
      if (code > 0x7e) return -1;
      bytes[i] = code;
    }
    return this.findBytes(bytes, 0, bytes.length);
  }

  /** The first symbol whose name stands in `bytes` from `start` to `end`, -1 when there is none. */
  findBytes(bytes: Uint8Array, start: number, end: number): number {
    return this.slots[this.slotOf(bytes, start, end)] as number;
  }

  /** The symbol of the same name that follows in the table, -1 when there is none. */
  after(symbol: number): number {
    return this.next[symbol] as number;
  }

  nameOf(symbol: number): string {
    const start = this.nameStart[symbol] as number;
    return textOf(this.names, start, start + (this.nameLength[symbol] as number));
  }

  isSameName(a: number, b: number): boolean {
    const length = this.nameLength[a] as number;
    if (length !== this.nameLength[b]) return false;
    const startA = this.nameStart[a] as number;
    const startB = this.nameStart[b] as number;
    for (let i = 0; i < length; i++) if (this.names[startA + i] !== this.names[startB + i]) return false;
    return true;
  }

  /** The functions, ascending. */
  functions(): Uint32Array {
    const functions = new Uint32Array(this.count);
    let count = 0;
    for (let symbol = 0; symbol < this.count; symbol++) if (this.isFunction(symbol)) functions[count++] = symbol;
    return functions.slice(0, count);
  }

  isFunction(symbol: number): boolean {
    return isFunctionType(this.type[symbol] as number);
  }

  /** Takes an object's letters for what nm means with them: capital ones are global. */
  markGlobals(object: number): void {
    for (let symbol = 0; symbol < this.count; symbol++) {
      if (this.object[symbol] !== object) continue;
      this.global[symbol] = (this.type[symbol] as number) & 0x20 ? GLOBAL.no : GLOBAL.yes;
    }
  }

  private slotOf(bytes: Uint8Array, start: number, end: number, known?: number): number {
    const { slots, names, nameStart, nameLength } = this;
    const mask = slots.length - 1;
    const length = end - start;
    let slot = (known ?? hashOf(bytes, start, end)) & mask;
    for (;;) {
      const symbol = slots[slot] as number;
      if (symbol < 0) return slot;
      if (nameLength[symbol] === length) {
        const own = nameStart[symbol] as number;
        let i = 0;
        while (i < length && names[own + i] === bytes[start + i]) i++;
        if (i === length) return slot;
      }
      slot = (slot + 1) & mask;
    }
  }
}

/** What a builder hands to the table. All arrays have exactly `count` elements. */
export interface SymbolColumns {
  readonly count: number;
  readonly objects: readonly (string | null)[];
  readonly names: Uint8Array;
  readonly nameStart: Uint32Array;
  readonly nameLength: Uint16Array;
  readonly letters: Uint32Array;
  readonly hashes: Uint32Array;
  readonly object: Uint16Array;
  readonly type: Uint8Array;
  readonly size: Uint32Array;
  readonly address: Float64Array;
}

/** Collects symbols. Those of one object must come in the order in which the kernel counts positions. */
export class SymbolTableBuilder {
  private readonly objects: (string | null)[] = [null];
  private readonly numbers = new Map<string | null, number>([[null, 0]]);
  private count = 0;
  private used = 0;
  private names: Uint8Array;
  private nameStart: Uint32Array;
  private nameLength: Uint16Array;
  private letters: Uint32Array;
  private hashes: Uint32Array;
  private object: Uint16Array;
  private type: Uint8Array;
  private size: Uint32Array;
  private address: Float64Array;

  /** @param expected about how many symbols will come; more may */
  constructor(expected = 1024) {
    const capacity = Math.max(16, expected);
    this.names = new Uint8Array(capacity * 24);
    this.nameStart = new Uint32Array(capacity);
    this.nameLength = new Uint16Array(capacity);
    this.letters = new Uint32Array(capacity);
    this.hashes = new Uint32Array(capacity);
    this.object = new Uint16Array(capacity);
    this.type = new Uint8Array(capacity);
    this.size = new Uint32Array(capacity);
    this.address = new Float64Array(capacity);
  }

  /** The number that stands for an object in `add`. Null: vmlinux, which is 0. */
  objectNumber(name: string | null): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    const number = this.objects.length;
    if (number > 0xffff) throw new RangeError('more than 65535 objects');
    this.objects.push(name);
    this.numbers.set(name, number);
    return number;
  }

  /**
   * Adds a symbol whose name stands in `bytes` from `start` to `end`: 1 to LONGEST_NAME bytes.
   *
   * @param type letter of nm, as a character code
   * @param size bytes, or UNKNOWN_SIZE
   * @param address its low 48 bits; 0 when not known
   * @returns its index in the table
   */
  add(object: number, bytes: Uint8Array, start: number, end: number, type: number, size: number, address = 0): number {
    const length = end - start;
    if (this.count === this.type.length || this.used + length > this.names.length) this.grow(length);
    const { names, used, count } = this;
    let hash = 0x811c9dc5;
    let letters = 0;
    for (let i = 0; i < length; i++) {
      const byte = bytes[start + i] as number;
      names[used + i] = byte;
      hash = Math.imul(hash ^ byte, 0x01000193);
      letters |= LETTER_BITS[byte] as number;
    }
    this.nameStart[count] = used;
    this.nameLength[count] = length;
    this.letters[count] = letters;
    this.hashes[count] = mixed(hash);
    this.object[count] = object;
    this.type[count] = type;
    this.size[count] = size;
    this.address[count] = address;
    this.used = used + length;
    return this.count++;
  }

  /** Sets the size of a symbol that was added. Bytes. */
  setSize(symbol: number, size: number): void {
    this.size[symbol] = size;
  }

  build(): SymbolTable {
    return finish(this.buildInSteps());
  }

  buildInSteps(): Steps<SymbolTable> {
    const { count } = this;
    return SymbolTable.of({
      count,
      objects: this.objects,
      names: fitted(this.names, this.used),
      nameStart: fitted(this.nameStart, count),
      nameLength: fitted(this.nameLength, count),
      letters: fitted(this.letters, count),
      hashes: this.hashes,
      object: fitted(this.object, count),
      type: fitted(this.type, count),
      size: fitted(this.size, count),
      address: fitted(this.address, count),
    });
  }

  private grow(length: number): void {
    const capacity = this.count === this.type.length ? this.count * 2 : this.type.length;
    if (this.used + length > this.names.length) {
      const names = new Uint8Array(Math.max(this.names.length * 2, this.used + length));
      names.set(this.names);
      this.names = names;
    }
    if (capacity === this.type.length) return;
    const grown = <T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.nameStart = grown(new Uint32Array(capacity), this.nameStart);
    this.nameLength = grown(new Uint16Array(capacity), this.nameLength);
    this.letters = grown(new Uint32Array(capacity), this.letters);
    this.hashes = grown(new Uint32Array(capacity), this.hashes);
    this.object = grown(new Uint16Array(capacity), this.object);
    this.type = grown(new Uint8Array(capacity), this.type);
    this.size = grown(new Uint32Array(capacity), this.size);
    this.address = grown(new Float64Array(capacity), this.address);
  }
}

/** The first elements of a column: a copy only where much more was reserved, as copying takes memory twice. */
function fitted<T extends Uint8Array | Uint16Array | Uint32Array | Float64Array>(column: T, count: number): T {
  return (count * 1.3 < column.length ? column.slice(0, count) : column.subarray(0, count)) as T;
}

/** Whether nm's letter (a character code) stands for code: t, T, w, W. */
export function isFunctionType(letter: number): boolean {
  const lower = letter | 0x20;
  return lower === LOWER_T || lower === LOWER_W;
}

const LETTER_BITS = Uint32Array.from({ length: 256 }, (_, byte) => letterBit(byte));

/** The text of some ASCII bytes. */
export function textOf(bytes: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let i = start; i < end; i++) text += String.fromCharCode(bytes[i] as number);
  return text;
}

/** The place of the first number that is not below `value`. */
export function lowerBound(sorted: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as number) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return mixed(hash);
}

/** FNV's low bits are its worst. */
function mixed(hash: number): number {
  return (hash ^ (hash >>> 15)) >>> 0;
}

function powerOfTwoAbove(number: number): number {
  let power = 16;
  while (power < number) power *= 2;
  return power;
}
