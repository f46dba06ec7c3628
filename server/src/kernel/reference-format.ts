import type { Steps } from './steps.ts';
import {
  EXPORTED,
  GLOBAL,
  INIT,
  SYMBOLS_IN_A_STEP,
  type SymbolTable,
  SymbolTableBuilder,
  TRACEABLE,
  UNKNOWN_SIZE,
} from './symbol-table.ts';

/**
 * The format of the built-in reference kernel's symbols, before compression: a line of JSON, then names, then flags.
 *
 * Names are sorted within their object, so that a general compressor finds what they share; those of one name keep the
 * order of their positions. Each is a character that says how many letters it shares with the one before it (`#` for
 * none, the next in ASCII for each letter more), the rest of the name and a newline. Flags are a byte for each symbol.
 */
interface Header {
  readonly format: 1;
  readonly label: string;
  readonly release: string;
  /** In the order of the symbols. */
  readonly objects: readonly { readonly name: string | null; readonly symbols: number }[];
  /** Symbols (counted from 0 over all objects) that are exported in a namespace. */
  readonly namespaces: Readonly<Record<string, readonly number[]>>;
  /** All modules of that kernel, and those that are built in. */
  readonly modules: readonly string[];
  readonly builtIn: readonly string[];
}

/** Bits of a symbol's flags. */
const FUNCTION = 1;
const TRACEABLE_YES = 2;
const TRACEABLE_NO = 4;
const EXPORTED_YES = 8;
const EXPORTED_GPL = 16;
/** There is a symbol `__pfx_NAME`, which objtool adds for the padding before a function. */
const PADDED = 32;
const GLOBAL_YES = 64;
const INIT_YES = 128;

const FIRST_SHARED = 0x23;
const MOST_SHARED = 0x7e - FIRST_SHARED;
const NEWLINE = 0x0a;
const PADDING = new TextEncoder().encode('__pfx_');

export interface ReferenceSymbols {
  readonly label: string;
  readonly release: string;
  readonly table: SymbolTable;
  readonly objects: readonly (string | null)[];
  readonly modules: readonly string[];
  readonly builtIn: readonly string[];
}

/** What the header says of the kernel. */
export type ReferenceHeader = Pick<Header, 'label' | 'release' | 'modules' | 'builtIn'>;

/**
 * Makes the symbols of tables into the format.
 *
 * @param tables by object (null: vmlinux)
 * @param keep which symbols to take, by index and name; `__pfx_NAME` of a function that is taken need not be
 */
export function encodeReference(
  tables: ReadonlyMap<string | null, SymbolTable>,
  about: ReferenceHeader,
  keep: (table: SymbolTable, symbol: number, name: string) => boolean,
): Uint8Array {
  const objects = [...tables].map(([object, table]) => {
    const symbols: { symbol: number; name: string }[] = [];
    for (let symbol = 0; symbol < table.count; symbol++) {
      if (table.object[symbol] !== table.objectNumber(object)) continue;
      const name = table.nameOf(symbol);
      if (!isPadding(table, symbol, name) && keep(table, symbol, name)) symbols.push({ symbol, name });
    }
    return { name: object, table, symbols };
  });
  objects.sort((a, b) => compareText(a.name ?? '', b.name ?? ''));
  const parts: string[] = [];
  const flags: number[] = [];
  const namespaces: Record<string, number[]> = {};
  for (const { table, symbols } of objects) {
    symbols.sort((a, b) => compareText(a.name, b.name) || a.symbol - b.symbol);
    let before = '';
    for (const { symbol, name } of symbols) {
      const shared = sharedLength(before, name);
      parts.push(String.fromCharCode(FIRST_SHARED + shared), name.slice(shared), '\n');
      const namespace = table.namespaces.get(symbol);
      if (namespace !== undefined) {
        namespaces[namespace] ??= [];
        namespaces[namespace]?.push(flags.length);
      }
      flags.push(flagsOf(table, symbol, name));
      before = name;
    }
  }
  const header: Header = {
    format: 1,
    ...about,
    objects: objects.map(({ name, symbols }) => ({ name, symbols: symbols.length })),
    namespaces,
  };
  const text = new TextEncoder().encode(`${JSON.stringify(header)}\n${parts.join('')}`);
  const bytes = new Uint8Array(text.length + flags.length);
  bytes.set(text);
  bytes.set(flags, text.length);
  return bytes;
}

/**
 * Reads the format.
 *
 * @throws Error when the bytes are something else: they are a part of the program
 */
export function* decodeReference(bytes: Uint8Array): Steps<ReferenceSymbols> {
  const headerEnd = bytes.indexOf(NEWLINE);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, headerEnd))) as Header;
  if (header.format !== 1) throw new Error('The built-in reference kernel is in another format.');
  const total = header.objects.reduce((sum, { symbols }) => sum + symbols, 0);
  const builder = new SymbolTableBuilder(Math.ceil(total * 1.5));
  const flagsStart = bytes.length - total;
  const flagsOfSymbol = new Uint8Array(total * 2);
  const added = new Int32Array(total);
  let at = headerEnd + 1;
  let number = 0;
  const name = new Uint8Array(PADDING.length + 1024);
  name.set(PADDING);
  for (const { name: objectName, symbols } of header.objects) {
    const object = builder.objectNumber(objectName);
    for (let i = 0; i < symbols; i++, number++) {
      if (number % SYMBOLS_IN_A_STEP === 0) yield;
      const end = bytes.indexOf(NEWLINE, at);
      const shared = (bytes[at] as number) - FIRST_SHARED;
      const nameEnd = PADDING.length + shared + end - at - 1;
      if (end < 0 || end >= flagsStart || shared < 0 || nameEnd > name.length) {
        throw new Error('The built-in reference kernel is damaged.');
      }
      for (let from = at + 1, to = PADDING.length + shared; from < end; ) name[to++] = bytes[from++] as number;
      at = end + 1;
      const flags = bytes[flagsStart + number] as number;
      const type = flags & FUNCTION ? 0x74 : 0x64;
      added[number] = builder.add(object, name, PADDING.length, nameEnd, type, UNKNOWN_SIZE);
      flagsOfSymbol[added[number] as number] = flags;
      if (flags & PADDED) {
        const padding = builder.add(object, name, 0, nameEnd, type, UNKNOWN_SIZE);
        flagsOfSymbol[padding] = FUNCTION | TRACEABLE_NO;
      }
    }
  }
  const table = yield* builder.buildInSteps();
  for (let symbol = 0; symbol < table.count; symbol++) {
    if (symbol % SYMBOLS_IN_A_STEP === 0) yield;
    const flags = flagsOfSymbol[symbol] as number;
    table.global[symbol] = flags & GLOBAL_YES ? GLOBAL.yes : GLOBAL.no;
    table.init[symbol] = flags & INIT_YES ? INIT.yes : INIT.no;
    if (flags & TRACEABLE_YES) table.traceable[symbol] = TRACEABLE.yes;
    if (flags & TRACEABLE_NO) table.traceable[symbol] = TRACEABLE.no;
    table.exported[symbol] = flags & EXPORTED_YES ? EXPORTED.yes : flags & EXPORTED_GPL ? EXPORTED.gpl : EXPORTED.no;
  }
  for (const [namespace, symbols] of Object.entries(header.namespaces)) {
    for (const symbol of symbols) table.namespaces.set(added[symbol] as number, namespace);
  }
  const { label, release, modules, builtIn } = header;
  return { label, release, table, objects: header.objects.map(({ name }) => name), modules, builtIn };
}

function flagsOf(table: SymbolTable, symbol: number, name: string): number {
  const isFunction = table.isFunction(symbol);
  let flags = isFunction ? FUNCTION : 0;
  if (table.traceable[symbol] === TRACEABLE.yes) flags |= TRACEABLE_YES;
  if (table.traceable[symbol] === TRACEABLE.no) flags |= TRACEABLE_NO;
  if (table.global[symbol] === GLOBAL.yes) flags |= GLOBAL_YES;
  if (table.init[symbol] === INIT.yes) flags |= INIT_YES;
  if (table.exported[symbol] === EXPORTED.yes) flags |= EXPORTED_YES;
  if (table.exported[symbol] === EXPORTED.gpl) flags |= EXPORTED_GPL;
  // Symbols of one name can't be told apart: each has its padding when there are as many.
  if (isFunction && functionsOf(table, symbol, `__pfx_${name}`) >= functionsOf(table, symbol, name)) flags |= PADDED;
  return flags;
}

/** Whether decoding makes this symbol from a function of the object that has it as its padding. */
function isPadding(table: SymbolTable, symbol: number, name: string): boolean {
  if (!name.startsWith('__pfx_') || !table.isFunction(symbol)) return false;
  const functions = functionsOf(table, symbol, name.slice(PADDING.length));
  return functions > 0 && functionsOf(table, symbol, name) >= functions;
}

function functionsOf(table: SymbolTable, like: number, name: string): number {
  let count = 0;
  for (let other = table.find(name); other >= 0; other = table.after(other)) {
    if (table.object[other] === table.object[like] && table.isFunction(other)) count++;
  }
  return count;
}

function sharedLength(before: string, name: string): number {
  let shared = 0;
  while (shared < MOST_SHARED && shared < before.length && before[shared] === name[shared]) shared++;
  return shared;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
