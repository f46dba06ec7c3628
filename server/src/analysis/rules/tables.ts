import type {
  Condition,
  KlpInitialiser,
  KlpObject,
  KlpTable,
  LivepatchModule,
  SourceRange,
  Storage,
  TableReference,
  Value,
} from '../../../../shared/src/model/index.ts';
import type { TextEdit } from '../rule.ts';
import { textOf } from './edits.ts';
import { escapeRegExp } from './mentions.ts';
import { perModule } from './per-module.ts';
import { isOwnName } from './queries.ts';

/** An entry with the table that it stands in. */
export interface TableEntry<T> {
  readonly table: KlpTable<T>;
  readonly entry: T;
}

/** Every object that the kernel gets to see: those in front of their table's end. Those with unknown macros are left out. */
export const seenObjects = perModule((module) => entriesOf(module, module.objectTables));

/** Every function that the kernel gets to see: those in front of their table's end. Those with unknown macros are left out. */
export const seenFuncs = perModule((module) => entriesOf(module, module.funcTables));

function entriesOf<T extends KlpInitialiser & { readonly terminator: boolean }>(
  module: LivepatchModule,
  tables: readonly KlpTable<T>[],
): readonly TableEntry<T>[] {
  return tables.flatMap((table) =>
    seenEntries(table)
      .filter((entry) => !mayHoldMore(module, entry))
      .map((entry) => ({ table, entry })),
  );
}

/** A table's entries in front of the first one that ends it, terminators of `#if` arms left out. */
export function seenEntries<T extends KlpInitialiser & { readonly terminator: boolean }>(table: KlpTable<T>): T[] {
  const end = table.entries.findIndex((entry) => entry.terminator && isAlwaysThere(entry, table));
  const seen = end < 0 ? table.entries : table.entries.slice(0, end);
  return seen.filter(({ terminator }) => !terminator);
}

/** Whether an entry is compiled whenever its table is. */
export function isAlwaysThere<T>(entry: KlpInitialiser, table: KlpTable<T>): boolean {
  return entry.conditions.every((condition) => isAmong(condition, table.conditions));
}

function isAmong(condition: Condition, conditions: readonly Condition[]): boolean {
  return conditions.some(({ group, arm }) => group === condition.group && arm === condition.arm);
}

/**
 * Whether an initialiser holds a macro of another header, which may set any field: `{ VMLINUX_FIELDS }`. What is not
 * seen in such an entry must not be called missing.
 */
export function mayHoldMore(module: LivepatchModule, initialiser: KlpInitialiser): boolean {
  return initialiser.fields.some(({ positional, valueText }) => {
    const name = positional ? /^([A-Za-z_]\w*)\s*(?:\([\s\S]*\))?$/.exec(valueText.trim())?.[1] : undefined;
    return name !== undefined && name !== 'NULL' && name === name.toUpperCase() && !isOwnName(module, name);
  });
}

/** Whether the kernel finds a null pointer there, for sure. */
export function isNull<T>(reference: TableReference<T>): boolean {
  return reference.kind === 'absent' || reference.kind === 'null';
}

/** Whether an object has no name, for sure: it stands for vmlinux. */
export function isUnnamed(object: KlpObject): boolean {
  return object.name.kind === 'absent' || (object.name.kind === 'known' && object.name.value === null);
}

/** How messages call an object: `object "snd_hda"`, `the object vmlinux`. */
export function objectLabel(object: KlpObject): string {
  if (isUnnamed(object)) return 'vmlinux';
  return object.name.kind === 'known' ? `"${object.name.value}"` : 'this object';
}

/** The least text that stands for an entry: its first field, or its braces when it has none. */
export function entryLabel(entry: KlpInitialiser): SourceRange {
  const first = entry.fields[0];
  if (!first) return entry.range;
  return { file: first.nameRange.file, start: first.nameRange.start, end: first.valueRange.end };
}

/** The bytes that a string takes in C, the final zero not counted. */
export function byteLength(text: string): number {
  let length = 0;
  // A pair of surrogates makes four bytes.
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    length += code < 0x80 ? 1 : code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3;
  }
  return length;
}

/**
 * Writes another string in place of a value's string literal. Null when a macro, a concatenation or anything else but
 * a plain literal stands there.
 */
export function replaceString(module: LivepatchModule, value: Value<string | null>, newValue: string): TextEdit | null {
  if (value.kind !== 'known') return null;
  const written = textOf(module, value.range.file).slice(value.range.start, value.range.end);
  return written === `"${value.value}"` ? { range: value.range, newText: `"${newValue}"` } : null;
}

/** A variable that livepatch's core keeps: a patch or a table of one. */
export interface KeptStructure {
  /** `struct klp_patch`. */
  readonly type: 'struct klp_patch' | 'struct klp_object' | 'struct klp_func' | 'struct klp_state';
  /** Null for a compound literal. */
  readonly name: string | null;
  readonly label: SourceRange;
  readonly storage: Storage;
  readonly declarationRange: SourceRange;
  /** Where the initialiser starts, or the declaration ends when it has none: storage words stand in front of it. */
  readonly headEnd: number;
}

/** All of them, patches first. */
export function keptStructures(module: LivepatchModule): KeptStructure[] {
  const ofTables = <T>(type: KeptStructure['type'], tables: readonly KlpTable<T>[]): KeptStructure[] =>
    tables.map(({ name, nameRange, range, storage, declarationRange }) => ({
      type,
      name,
      label: nameRange ?? { file: range.file, start: declarationRange.start, end: range.start + 1 },
      storage,
      declarationRange,
      headEnd: range.start,
    }));
  return [
    ...module.patches.map(({ name, nameRange, range, storage, declarationRange }) => ({
      type: 'struct klp_patch' as const,
      name,
      label: nameRange,
      storage,
      declarationRange,
      headEnd: range.start > nameRange.end ? range.start : declarationRange.end,
    })),
    ...ofTables('struct klp_object', module.objectTables),
    ...ofTables('struct klp_func', module.funcTables),
    ...ofTables('struct klp_state', module.stateTables),
  ];
}

/** Where a word stands in the head of a declaration, with the blanks behind it. */
export function wordInHead(module: LivepatchModule, structure: KeptStructure, word: string): SourceRange | null {
  const { file, start } = structure.declarationRange;
  const head = textOf(module, file).slice(start, structure.headEnd);
  const match = new RegExp(`(?<![\\w"])${escapeRegExp(word)}(?!\\w)\\s?`).exec(head);
  return match ? { file, start: start + match.index, end: start + match.index + match[0].length } : null;
}
