import type { KlpStruct } from '../kernel/klp-fields.ts';

/** Where in a livepatch initialiser a place in the text is. */
export interface InitialiserPlace {
  readonly struct: KlpStruct;
  /** True between the entries of an array of it, where a whole entry belongs. */
  readonly table: boolean;
  /** Fields that the same braces already set, here or further down. */
  readonly present: readonly string[];
  /** The field whose value is being written; null where a field's name belongs. */
  readonly field: string | null;
  /** Value of `.old_name` in the same braces, for finding a replacement by name. */
  readonly oldName: string | null;
}

interface Level {
  readonly open: '{' | '(' | '[';
  /** What stands before the opening brace, from the start of its item. */
  readonly head: string;
  readonly items: string[];
  itemStart: number;
}

const STRUCTS: readonly string[] = ['klp_patch', 'klp_object', 'klp_func', 'klp_state', 'klp_callbacks'];

/**
 * Finds the initialiser of a livepatch structure around an offset, in text that is being typed: it counts brackets and
 * needs no correct syntax. Null outside of one, in strings and in comments.
 */
export function initialiserAt(text: string, offset: number): InitialiserPlace | null {
  const levels = scan(text, offset);
  if (!levels) return null;
  const here = levels.at(-1);
  const struct = structOf(levels, levels.length - 1);
  if (!here || !struct) return null;
  const item = text.slice(here.itemStart, offset);
  if (struct.array) {
    return /^\s*\w*$/.test(item) ? { struct: struct.name, table: true, present: [], field: null, oldName: null } : null;
  }
  const value = /^\s*\.(\w+)\s*=\s*[^{]*$/.exec(item);
  if (!value && !/^\s*\.?\w*$/.test(item)) return null;
  const items = [...here.items, ...itemsBehind(text, offset)];
  const designators = items.flatMap((other) => /^\s*\.(\w+)/.exec(other)?.[1] ?? []);
  return {
    struct: struct.name,
    table: false,
    present: designators,
    field: value?.[1] ?? null,
    oldName: items.map((other) => /^\s*\.old_name\s*=\s*"([^"]*)"/.exec(other)?.[1]).find((name) => name) ?? null,
  };
}

/** The brackets that are open at the offset, outermost first; null inside a string, comment or directive. */
function scan(text: string, offset: number): Level[] | null {
  const levels: Level[] = [];
  let outside = 0;
  let at = 0;
  while (at < offset) {
    const next = skipOpaque(text, at);
    if (next > at) {
      if (next > offset || (next === offset && isUnclosed(text, at, next))) return null;
      at = next;
      continue;
    }
    const character = text[at] ?? '';
    const level = levels.at(-1);
    if (character === '{' || character === '(' || character === '[') {
      const head = text.slice(level?.itemStart ?? outside, at);
      levels.push({ open: character, head, items: [], itemStart: at + 1 });
    } else if (character === '}' || character === ')' || character === ']') {
      levels.pop();
      if (character === '}' && levels.length === 0) outside = at + 1;
    } else if (character === ';' || (character === ',' && level)) {
      if (level) {
        level.items.push(text.slice(level.itemStart, at));
        level.itemStart = at + 1;
      } else {
        outside = at + 1;
      }
    }
    at++;
  }
  return levels;
}

/** The items that follow in the same braces, the one at the offset left out. */
function itemsBehind(text: string, offset: number): string[] {
  const items: string[] = [];
  let depth = 0;
  // A field that was begun above others has no comma yet: `.na⏎ .funcs = funcs,`.
  const unfinished = /\w*[ \t]*\r?\n\s*(?=\.)/y;
  unfinished.lastIndex = offset;
  let start = unfinished.test(text) ? unfinished.lastIndex : null;
  // As far as a table entry reaches; not through the file when its brace is missing.
  const limit = Math.min(text.length, offset + 4_000);
  for (let at = offset; at < limit; at++) {
    const next = skipOpaque(text, at);
    if (next > at) at = next;
    const character = text[at] ?? '';
    if ('{(['.includes(character)) depth++;
    if ('})]'.includes(character) && --depth < 0) {
      if (start !== null) items.push(text.slice(start, at));
      break;
    }
    if (depth > 0 || (character !== ',' && character !== ';')) continue;
    if (start !== null) items.push(text.slice(start, at));
    if (character === ';') break;
    start = at + 1;
  }
  return items;
}

/** The end of the string, comment or directive that begins here; `at` itself when none does. */
function skipOpaque(text: string, at: number): number {
  const two = text.slice(at, at + 2);
  if (two === '/*') {
    const end = text.indexOf('*/', at + 2);
    return end < 0 ? text.length : end + 2;
  }
  if (two === '//') return endOfLine(text, at);
  const character = text[at];
  if (character === '#' && /^[ \t]*$/.test(text.slice(text.lastIndexOf('\n', at - 1) + 1, at))) {
    return endOfLine(text, at);
  }
  if (character !== '"' && character !== "'") return at;
  for (let end = at + 1; end < text.length; end++) {
    if (text[end] === '\\') end++;
    else if (text[end] === '\n') return end;
    else if (text[end] === character) return end + 1;
  }
  return text.length;
}

/** Of a line that a backslash may continue. */
function endOfLine(text: string, at: number): number {
  const match = /(?:\\\r?\n|[^\n])*/y;
  match.lastIndex = at;
  match.exec(text);
  return match.lastIndex;
}

/** Whether a place at the end of it still belongs to it: a line comment, or a string without its closing quote. */
function isUnclosed(text: string, start: number, end: number): boolean {
  if (text.startsWith('/*', start)) return !text.slice(start + 2, end).endsWith('*/');
  if (text.startsWith('//', start) || text[start] === '#') return true;
  return end - start < 2 || text[end - 1] !== text[start];
}

/** Characters from `struct` to the brace: no declaration is longer, and what is broken may be as long as the file. */
const LONGEST_DECLARATION = 400;

/** The structure that the braces at `index` hold, or an array of it. */
function structOf(levels: readonly Level[], index: number): { name: KlpStruct; array: boolean } | null {
  const level = levels[index];
  if (level?.open !== '{') return null;
  const end = level.head.slice(-LONGEST_DECLARATION);
  const declared =
    /\bstruct\s+(\w+)\s+\w[\w\s]*(\[[^\]]*\])?[\w\s()]*=\s*$/.exec(end) ??
    /\(\s*(?:const\s+)?struct\s+(\w+)\s*(\[[^\]]*\])?\s*\)\s*$/.exec(end);
  if (declared) {
    const name = STRUCTS.find((struct) => struct === declared[1]);
    return name ? { name: name as KlpStruct, array: declared[2] !== undefined } : null;
  }
  const around = structOf(levels, index - 1);
  const head = level.head.trim();
  if (around?.array && /^(?:\[[^\]]*\]\s*=)?$/.test(head)) return { name: around.name, array: false };
  if (around?.name === 'klp_object' && !around.array && /^\.callbacks\s*=$/.test(head)) {
    return { name: 'klp_callbacks', array: false };
  }
  return null;
}
