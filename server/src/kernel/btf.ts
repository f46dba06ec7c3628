import {
  ARRAY,
  type BtfParts,
  CONST,
  ENUM,
  ENUM64,
  FLOAT,
  FUNC,
  FUNC_PROTO,
  FWD,
  INT,
  PTR,
  RESTRICT,
  readParts,
  STRUCT,
  TYPE_LENGTH,
  TYPE_TAG,
  TYPEDEF,
  UNION,
  VOLATILE,
} from './btf-records.ts';
import type { Parameter, Prototype, StructLayout, StructMember } from './knowledge.ts';
import { textOf } from './symbol-table.ts';

/** Types are nested in each other no deeper in any kernel; a blob may be made to loop. */
const DEEPEST = 32;
/** More parameters, functions of one name and letters in an answer than any kernel's BTF has. */
const MOST_PARAMETERS = 64;
const MOST_NAMESAKES = 1000;
const MOST_LETTERS = 2_000_000;

/** What the compiler calls types for which people have other names. */
const USUAL_NAMES: ReadonlyMap<string, string> = new Map([
  ['long int', 'long'],
  ['long unsigned int', 'unsigned long'],
  ['long long int', 'long long'],
  ['long long unsigned int', 'unsigned long long'],
  ['short int', 'short'],
  ['short unsigned int', 'unsigned short'],
]);

/**
 * The types of a kernel or module in the BPF Type Format, as /sys/kernel/btf has them. Reads prototypes and layouts when
 * asked for; makes no object for a type before.
 */
export class Btf {
  private readonly view: DataView;
  private readonly bytes: Uint8Array;
  private readonly little: boolean;
  private readonly strings: number;
  private readonly stringsLength: number;
  private readonly base: Btf | null;
  /** Ids below are the base's. Id 0 is void. */
  private readonly firstId: number;
  private readonly stringsBefore: number;
  /** Where each own type's record begins in `bytes`. */
  private readonly records: Uint32Array;
  /** Letters that the answer under way may still take. */
  private letters = MOST_LETTERS;
  /** Functions, structs and unions by name. */
  private readonly slots: Int32Array;
  private readonly entries: Uint32Array;
  private readonly nextEntry: Int32Array;

  private constructor(parts: BtfParts, base: Btf | null) {
    this.bytes = parts.bytes;
    this.view = parts.view;
    this.little = parts.little;
    this.strings = parts.strings;
    this.stringsLength = parts.stringsLength;
    this.records = parts.records;
    this.base = base;
    this.firstId = base ? base.firstId + base.records.length : 1;
    this.stringsBefore = base ? base.stringsBefore + base.stringsLength : 0;
    const named: number[] = [];
    for (let i = 0; i < this.records.length; i++) {
      const kind = this.kindAt(this.records[i] as number);
      if ((kind === FUNC || kind === STRUCT || kind === UNION) && this.nameAt(this.records[i] as number) !== 0) {
        named.push(this.firstId + i);
      }
    }
    this.entries = Uint32Array.from(named);
    this.nextEntry = new Int32Array(named.length);
    let size = 16;
    while (size < named.length * 2) size *= 2;
    this.slots = new Int32Array(size).fill(-1);
    for (let entry = named.length - 1; entry >= 0; entry--) {
      const name = this.nameBytesOf(named[entry] as number);
      if (!name) continue;
      const slot = hashOf(name.bytes, name.start, name.end) & (size - 1);
      this.nextEntry[entry] = this.slots[slot] as number;
      this.slots[slot] = entry;
    }
  }

  /**
   * Reads a blob: the contents of /sys/kernel/btf/vmlinux, of a `.BTF` section, or of /sys/kernel/btf/MODULE with the
   * kernel's own as its base.
   *
   * @returns what is wrong, in a sentence, when the blob is broken
   */
  static read(bytes: Uint8Array, base: Btf | null = null): Btf | string {
    const parts = readParts(bytes, base !== null);
    if (typeof parts === 'string') return parts;
    const btf = new Btf(parts, base);
    return base === null || btf.fitsBase() ? btf : "It does not fit the kernel's BTF: they are of different builds.";
  }

  /** How many types there are, those of the base not counted. */
  get types(): number {
    return this.records.length;
  }

  /**
   * The prototype of a function; null when there is none of that name, or several that differ. Its linkage is not known:
   * pahole, which makes kernels' BTF, calls every function static.
   */
  prototype(name: string): Prototype | null {
    return this.onlyOne(
      name,
      (kind) => kind === FUNC,
      (id) => this.prototypeOf(id),
    );
  }

  /** Size and members of a struct or union; null when there is none of that name, or several that differ. */
  layout(name: string): StructLayout | null {
    return this.onlyOne(
      name,
      (kind) => kind === STRUCT || kind === UNION,
      (id) => this.layoutOf(id, name),
    );
  }

  /** Names of all functions, as they come; one may come several times. */
  functionNames(): string[] {
    return this.namesOf((kind) => kind === FUNC);
  }

  /** Names of all structs and unions, as they come; one may come several times. */
  structNames(): string[] {
    return this.namesOf((kind) => kind === STRUCT || kind === UNION);
  }

  /** Whether functions have names and prototypes where the base's numbers end: with another base these are elsewhere. */
  private fitsBase(): boolean {
    for (const record of this.records) {
      if (this.kindAt(record) !== FUNC) continue;
      const name = this.stringBytes(this.nameAt(record));
      const isWhole = name !== null && name.start > 0 && name.bytes[name.start - 1] === 0;
      if (!isWhole || this.kindOf(this.u32(record + 8)) !== FUNC_PROTO) return false;
    }
    return true;
  }

  private onlyOne<T>(name: string, wanted: (kind: number) => boolean, read: (id: number) => T | null): T | null {
    this.letters = MOST_LETTERS;
    const ids = this.namedTypes(name, wanted);
    const [first, ...others] = ids.length > MOST_NAMESAKES ? [] : ids;
    const answer = first === undefined ? null : read(first);
    const text = JSON.stringify(answer);
    return others.every((id) => JSON.stringify(read(id)) === text) ? answer : null;
  }

  private namesOf(wanted: (kind: number) => boolean): string[] {
    return [...this.entries]
      .filter((id) => wanted(this.kindOf(id)))
      .map((id) => {
        this.letters = MOST_LETTERS;
        return this.nameOf(id);
      });
  }

  private namedTypes(name: string, wanted: (kind: number) => boolean): number[] {
    const bytes = new TextEncoder().encode(name);
    const found: number[] = [];
    let entry = this.slots[hashOf(bytes, 0, bytes.length) & (this.slots.length - 1)] as number;
    for (; entry >= 0; entry = this.nextEntry[entry] as number) {
      const id = this.entries[entry] as number;
      if (wanted(this.kindOf(id)) && this.nameOf(id) === name) found.push(id);
    }
    return found;
  }

  private prototypeOf(id: number): Prototype | null {
    const proto = this.typeOf(id);
    if (this.kindOf(proto) !== FUNC_PROTO) return null;
    const returns = this.text(this.typeOf(proto), '', 0);
    const read = this.parametersOf(proto, 0);
    if (returns === null || !read) return null;
    const { parameters, variadic } = read;
    const types = [...parameters.map(({ type }) => type), ...(variadic ? ['...'] : [])];
    const text = this.text(this.typeOf(proto), `(${types.join(', ') || 'void'})`, 0);
    if (text === null) return null;
    return { text, returns, parameters, variadic, linkage: null };
  }

  private parametersOf(proto: number, depth: number): { parameters: Parameter[]; variadic: boolean } | null {
    const { owner, at } = this.record(proto);
    const count = this.vlenOf(proto);
    if (count > MOST_PARAMETERS) return null;
    const parameters: Parameter[] = [];
    for (let i = 0; i < count; i++) {
      const element = at + TYPE_LENGTH + i * 8;
      const name = this.string(owner.u32(element));
      const type = owner.u32(element + 4);
      if (type === 0 && name === '' && i === count - 1) return { parameters, variadic: true };
      const text = this.text(type, '', depth + 1);
      if (text === null) return null;
      parameters.push({ name: name === '' ? null : name, type: text });
    }
    return { parameters, variadic: false };
  }

  private layoutOf(id: number, name: string): StructLayout | null {
    const { owner, at } = this.record(id);
    const bitfields = owner.u32(at + 4) >>> 31 === 1;
    const count = this.vlenOf(id);
    const members: StructMember[] = [];
    for (let i = 0; i < count; i++) {
      const element = at + TYPE_LENGTH + i * 12;
      const type = this.text(owner.u32(element + 4), '', 0);
      if (type === null) return null;
      const memberName = this.string(owner.u32(element));
      const offset = owner.u32(element + 8);
      members.push({
        name: memberName === '' ? null : memberName,
        type: bitfields && offset >>> 24 > 0 ? `${type} : ${offset >>> 24}` : type,
        offset: bitfields ? offset & 0xffffff : offset,
      });
    }
    return { name, kind: this.kindOf(id) === UNION ? 'union' : 'struct', size: owner.u32(at + 8), members };
  }

  /** The type as C declares it, around a declarator (`*`, `[4]`, or nothing); null when the blob makes no sense. */
  private text(id: number, declarator: string, depth: number): string | null {
    this.letters -= declarator.length + 8;
    if (depth > DEEPEST || this.letters < 0) return null;
    if (id === 0) return declared('void', declarator);
    const kind = this.kindOf(id);
    const name = this.nameOf(id);
    switch (kind) {
      case INT:
      case FLOAT:
      case TYPEDEF:
        return name === '' ? null : declared(USUAL_NAMES.get(name) ?? name, declarator);
      case STRUCT:
        return declared(name === '' ? 'struct { … }' : `struct ${name}`, declarator);
      case UNION:
        return declared(name === '' ? 'union { … }' : `union ${name}`, declarator);
      case FWD:
        return declared(`${this.kindFlagOf(id) ? 'union' : 'struct'} ${name}`, declarator);
      case ENUM:
      case ENUM64:
        return declared(name === '' ? 'enum { … }' : `enum ${name}`, declarator);
      case PTR:
        return this.pointer(id, '', declarator, depth);
      case CONST:
      case VOLATILE:
      case RESTRICT:
        return this.qualified(id, declarator, depth);
      case TYPE_TAG:
        return this.text(this.typeOf(id), declarator, depth + 1);
      case ARRAY: {
        const { owner, at } = this.record(id);
        const element = owner.u32(at + TYPE_LENGTH);
        return this.text(element, `${declarator}[${owner.u32(at + TYPE_LENGTH + 8)}]`, depth + 1);
      }
      case FUNC_PROTO: {
        const read = this.parametersOf(id, depth);
        if (!read) return null;
        const types = [...read.parameters.map(({ type }) => type), ...(read.variadic ? ['...'] : [])];
        return this.text(this.typeOf(id), `${declarator}(${types.join(', ') || 'void'})`, depth + 1);
      }
      default:
        return null;
    }
  }

  private pointer(id: number, qualifiers: string, declarator: string, depth: number): string | null {
    const target = this.typeOf(id);
    const space = qualifiers !== '' && declarator !== '' ? ' ' : '';
    const star = `*${qualifiers}${space}${declarator}`;
    const kind = target === 0 ? 0 : this.kindOf(target);
    return this.text(target, kind === ARRAY || kind === FUNC_PROTO ? `(${star})` : star, depth + 1);
  }

  private qualified(id: number, declarator: string, depth: number): string | null {
    const words: string[] = [];
    let target = id;
    for (let i = 0; i <= DEEPEST; i++) {
      const kind = target === 0 ? 0 : this.kindOf(target);
      if (kind === CONST) words.push('const');
      else if (kind === VOLATILE) words.push('volatile');
      else if (kind === RESTRICT) words.push('restrict');
      else if (kind !== TYPE_TAG) {
        if (kind === PTR) return this.pointer(target, words.join(' '), declarator, depth + 1);
        const text = this.text(target, declarator, depth + 1);
        return text === null ? null : `${words.join(' ')} ${text}`;
      }
      target = this.typeOf(target);
    }
    return null;
  }

  /** Where a type's record is: in this blob or in its base. An id that there is not counts as a type of no kind. */
  private record(id: number): { owner: Btf; at: number } {
    let owner: Btf = this;
    while (id < owner.firstId && owner.base) owner = owner.base;
    return { owner, at: owner.records[id - owner.firstId] ?? -1 };
  }

  private kindOf(id: number): number {
    const { owner, at } = this.record(id);
    return at < 0 ? -1 : owner.kindAt(at);
  }

  private kindFlagOf(id: number): boolean {
    const { owner, at } = this.record(id);
    return at >= 0 && owner.u32(at + 4) >>> 31 === 1;
  }

  private vlenOf(id: number): number {
    const { owner, at } = this.record(id);
    return at < 0 ? 0 : owner.u32(at + 4) & 0xffff;
  }

  /** What the third word of a record says: the id of a type. */
  private typeOf(id: number): number {
    const { owner, at } = this.record(id);
    return at < 0 ? 0 : owner.u32(at + 8);
  }

  private nameOf(id: number): string {
    const { owner, at } = this.record(id);
    return at < 0 ? '' : this.string(owner.nameAt(at));
  }

  private kindAt(at: number): number {
    return (this.u32(at + 4) >>> 24) & 0x1f;
  }

  private nameAt(at: number): number {
    return this.u32(at);
  }

  private u32(at: number): number {
    return this.view.getUint32(at, this.little);
  }

  private nameBytesOf(id: number): { bytes: Uint8Array; start: number; end: number } | null {
    const { owner, at } = this.record(id);
    return at < 0 ? null : this.stringBytes(owner.nameAt(at));
  }

  private string(offset: number): string {
    const found = this.stringBytes(offset);
    // A name that takes all that is left of the answer ends it.
    if (!found || found.end - found.start > this.letters) return '';
    this.letters -= found.end - found.start;
    return textOf(found.bytes, found.start, found.end);
  }

  private stringBytes(offset: number): { bytes: Uint8Array; start: number; end: number } | null {
    let owner: Btf = this;
    while (offset < owner.stringsBefore && owner.base) owner = owner.base;
    const start = offset - owner.stringsBefore;
    if (start >= owner.stringsLength) return null;
    const end = owner.bytes.indexOf(0, owner.strings + start);
    return { bytes: owner.bytes, start: owner.strings + start, end };
  }
}

/** `int *x` from `int` and `*x`; `int` when there is nothing to declare. */
function declared(base: string, declarator: string): string {
  if (declarator === '') return base;
  return declarator.startsWith('(') && !declarator.startsWith('(*')
    ? `${base}${declarator}`
    : declarator.startsWith('[')
      ? `${base}${declarator}`
      : `${base} ${declarator}`;
}

function hashOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return (hash ^ (hash >>> 15)) >>> 0;
}
