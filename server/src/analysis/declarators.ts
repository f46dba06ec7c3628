import { isAttributeName, isAttributeWithArguments, looksLikeAttribute } from './kernel-macros.ts';
import type { Token } from './scanner.ts';

/** What is written before the first declarator. */
export interface Specifiers {
  /** With single blanks, without storage words and attributes. */
  readonly type: string;
  readonly static: boolean;
  readonly extern: boolean;
  readonly const: boolean;
  readonly inline: boolean;
  readonly typedef: boolean;
  readonly attributes: readonly string[];
}

/** One declared name; `null` parameters: no function, or they can't be told. */
export interface Declarator {
  readonly name: Token;
  /** Stars before the name. */
  readonly pointer: number;
  readonly isFunction: boolean;
  readonly parameters: readonly { readonly type: string; readonly name: string | null }[] | null;
  readonly isFunctionPointer: boolean;
  /** `[n]` pairs: the tokens between the first one's brackets; null when it is no array. */
  readonly length: readonly Token[] | null;
  readonly attributes: readonly string[];
  readonly initialiser: readonly Token[] | null;
}

export interface Declaration {
  readonly specifiers: Specifiers;
  readonly declarators: readonly Declarator[];
}

const STORAGE = new Set('static extern typedef register auto _Thread_local __thread __extension__'.split(' '));
const INLINE = new Set('inline __inline __inline__ __always_inline nokprobe_inline'.split(' '));
const TYPE_WORDS = new Set(
  'void char short int long float double signed unsigned bool _Bool __signed__ const volatile'.split(' '),
);

/** Index of the bracket that closes the one at `open`, or the last index. */
export function matching(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.kind !== 'punctuator') continue;
    if (token.text === '(' || token.text === '[' || token.text === '{') depth++;
    else if ((token.text === ')' || token.text === ']' || token.text === '}') && --depth === 0) return i;
  }
  return tokens.length - 1;
}

/** Tokens with single blanks between them, stars together: `struct klp_object **`. */
export function spell(tokens: readonly Token[]): string {
  let text = '';
  let last = '';
  for (const { text: word } of tokens) {
    const glued =
      /^(?:[,)\][]|)$/.test(word) ||
      /^(?:[([]|)$/.test(last) ||
      (word === '*' && last === '*') ||
      (word === '(' && /^(?:\)|(?:__)?typeof(?:__)?)$/.test(last));
    text += glued ? word : ` ${word}`;
    last = word;
  }
  return text;
}

/**
 * Reads a declaration: the tokens up to its `;`, or up to a function's `{`. Null when it declares nothing that we can
 * name. Macros that we don't know, between the words, are taken for attributes.
 */
export function readDeclaration(given: readonly Token[]): Declaration | null {
  const tokens = given.filter(({ kind }) => kind !== 'directive');
  const nameAt = findName(tokens);
  if (nameAt < 0) return null;
  let split = nameAt;
  while (split > 0 && /^[*(]$|^const$|^volatile$|^__restrict$/.test(tokens[split - 1]?.text ?? '')) {
    // `const` belongs to the pointer only when a star stands before it.
    const text = tokens[split - 1]?.text;
    if (text !== '*' && text !== '(' && !tokens.slice(0, split).some((token) => token.text === '*')) break;
    split--;
  }
  const specifiers = readSpecifiers(tokens.slice(0, split));
  const declarators: Declarator[] = [];
  let at = split;
  while (at < tokens.length) {
    let end = at;
    while (end < tokens.length && tokens[end]?.text !== ',' && tokens[end]?.text !== ';') {
      end = /^[([{]$/.test(tokens[end]?.text ?? '') ? matching(tokens, end) + 1 : end + 1;
    }
    const declarator = readDeclarator(tokens.slice(at, end));
    if (declarator) declarators.push(declarator);
    if (tokens[end]?.text !== ',') break;
    at = end + 1;
  }
  return declarators.length > 0 ? { specifiers, declarators } : null;
}

/** The first declarator's name: the last name before the first `(`, `[`, `=`, `:`, `,` or `;` that is no attribute's. */
function findName(tokens: readonly Token[]): number {
  let last = -1;
  let names = 0;
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text } = tokens[i] as Token;
    if (kind === 'name') {
      if (tokens[i + 1]?.text === '(' && (isAttributeWithArguments(text) || /^(?:__)?typeof(?:__)?$/.test(text))) {
        const typeOf = !isAttributeWithArguments(text);
        i = matching(tokens, i + 1);
        if (typeOf) names++;
        continue;
      }
      if (/^(?:struct|union|enum)$/.test(text)) {
        while (tokens[i + 1]?.kind === 'name' && looksLikeAttribute(tokens[i + 1]?.text ?? '')) {
          i += 1;
          if (tokens[i + 1]?.text === '(') i = matching(tokens, i + 1);
        }
        if (tokens[i + 1]?.kind === 'name') i++;
        if (tokens[i + 1]?.text === '{') i = matching(tokens, i + 1);
        names++;
        continue;
      }
      if (isAttributeName(text) || STORAGE.has(text) || INLINE.has(text)) continue;
      names++;
      if (TYPE_WORDS.has(text)) continue;
      // `extern typeof(x) x MACRO(a);`: a macro in capitals behind the name is an attribute.
      const called = tokens[i + 1]?.text === '(';
      if (called && last >= 0 && names > 2 && /^[A-Z][A-Z0-9_]*$/.test(text) && tokens[last + 1] === tokens[i])
        return last;
      last = i;
    } else if (text === '(') {
      if (last >= 0 && tokens[i - 1] === tokens[last]) {
        // `int (*fn)(void)`: the name stands inside; `type (*name)` likewise behind a type's name.
        if (tokens[i + 1]?.text !== '*' || names < 2)
          return names > 1 ? last : tokens[i + 1]?.text === '*' ? inner(tokens, i) : -1;
        return last;
      }
      return inner(tokens, i);
    } else if (text !== '*') return names > 1 || (names === 1 && last > 0) ? last : -1;
  }
  return names > 1 ? last : -1;
}

function inner(tokens: readonly Token[], open: number): number {
  for (let i = open + 1; i < tokens.length; i++) {
    const { kind, text } = tokens[i] as Token;
    if (kind === 'name' && !isAttributeName(text) && !TYPE_WORDS.has(text)) return i;
    if (text === ')') return -1;
  }
  return -1;
}

/** Reads the words before a declarator. */
export function readSpecifiers(tokens: readonly Token[]): Specifiers {
  const type: Token[] = [];
  const attributes: string[] = [];
  const words = new Set<string>();
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    const { text } = token;
    if (token.kind === 'name' && (STORAGE.has(text) || INLINE.has(text))) words.add(text);
    if (token.kind === 'name' && (STORAGE.has(text) || INLINE.has(text))) {
      if (text.startsWith('__always')) attributes.push(text);
    } else if (token.kind === 'name' && isAttribute(tokens, i)) {
      const end = tokens[i + 1]?.text === '(' ? matching(tokens, i + 1) : i;
      attributes.push(spell(tokens.slice(i, end + 1)).replace(/ \(/g, '('));
      i = end;
    } else if (text === '{') {
      const end = matching(tokens, i);
      i = end;
    } else type.push(token);
  }
  const has = (word: string) => words.has(word);
  const firstStar = type.findIndex(({ text }) => text === '*');
  const pointee = firstStar < 0 ? type : type.slice(0, firstStar);
  return {
    type: spell(type.filter(({ text }) => text !== 'const' || firstStar >= 0)),
    static: has('static'),
    extern: has('extern'),
    typedef: has('typedef'),
    const: pointee.some(({ text }) => text === 'const' || text === '__const'),
    inline: [...INLINE].some(has),
    attributes,
  };
}

/** An attribute we know, or an unknown macro before another type: `static VENDOR_SECTION int x`. */
function isAttribute(tokens: readonly Token[], i: number): boolean {
  const { text } = tokens[i] as Token;
  if (isAttributeName(text)) return true;
  const before = tokens[i - 1]?.text ?? '';
  if (/^(?:struct|union|enum)$/.test(before)) return false;
  const others = tokens.some(
    (token, at) => at !== i && token.kind === 'name' && !STORAGE.has(token.text) && !isAttributeName(token.text),
  );
  if (!others) return false;
  if (tokens[i + 1]?.text === '(') return !/^(?:__)?typeof(?:__)?$/.test(text);
  return looksLikeAttribute(text) || (/^[A-Z][A-Z0-9_]{3,}$/.test(text) && !TYPE_WORDS.has(text));
}

function readDeclarator(tokens: readonly Token[]): Declarator | null {
  let pointer = 0;
  let wrapped = false;
  let at = 0;
  while (at < tokens.length) {
    const { kind, text } = tokens[at] as Token;
    if (text === '*') pointer++;
    else if (text === '(') wrapped = true;
    else if (kind === 'name' && text !== 'const' && text !== 'volatile' && !isAttributeName(text)) break;
    at++;
  }
  const name = tokens[at];
  if (name?.kind !== 'name') return null;
  at++;
  let length: readonly Token[] | null = null;
  let isFunction = false;
  let parameters: Declarator['parameters'] = null;
  let initialiser: readonly Token[] | null = null;
  const attributes: string[] = [];
  for (; at < tokens.length; at++) {
    const { kind, text } = tokens[at] as Token;
    if (text === '[') {
      const end = matching(tokens, at);
      length ??= tokens.slice(at + 1, end);
      at = end;
    } else if (text === '(') {
      const end = matching(tokens, at);
      if (!isFunction) {
        isFunction = true;
        parameters = readParameters(tokens.slice(at + 1, end));
      }
      at = end;
    } else if (text === '=') {
      initialiser = tokens.slice(at + 1);
      break;
    } else if (kind === 'name') {
      const end = tokens[at + 1]?.text === '(' ? matching(tokens, at + 1) : at;
      attributes.push(spell(tokens.slice(at, end + 1)).replace(/ \(/g, '('));
      at = end;
    }
  }
  const isFunctionPointer = wrapped && pointer > 0 && isFunction;
  return {
    name,
    pointer,
    isFunction: isFunction && !isFunctionPointer,
    parameters,
    isFunctionPointer,
    length,
    attributes,
    initialiser,
  };
}

function readParameters(tokens: readonly Token[]): Declarator['parameters'] {
  if (tokens.length === 0) return [];
  if (tokens.length === 1 && tokens[0]?.text === 'void') return [];
  const result: { type: string; name: string | null }[] = [];
  let start = 0;
  for (let i = 0; i <= tokens.length; i++) {
    const text = tokens[i]?.text;
    if (text === '(' || text === '[') i = matching(tokens, i);
    else if (text === ',' || i === tokens.length) {
      result.push(readParameter(tokens.slice(start, i)));
      start = i + 1;
    }
  }
  return result;
}

function readParameter(given: readonly Token[]): { type: string; name: string | null } {
  const tokens: Token[] = [];
  for (let i = 0; i < given.length; i++) {
    const token = given[i] as Token;
    if (token.kind === 'name' && isAttributeName(token.text)) {
      if (given[i + 1]?.text === '(') i = matching(given, i + 1);
    } else tokens.push(token);
  }
  const pointer = tokens.findIndex(({ text }, i) => text === '(' && tokens[i + 1]?.text === '*');
  if (pointer >= 0) {
    const name = tokens[pointer + 2];
    const type = tokens.filter((token) => token !== name || name?.kind !== 'name');
    return { type: spell(type), name: name?.kind === 'name' ? name.text : null };
  }
  const bracket = tokens.findIndex(({ text }) => text === '[');
  const before = bracket < 0 ? tokens : tokens.slice(0, bracket);
  const last = before.at(-1);
  const words = before.filter(({ kind, text }) => kind === 'name' && text !== 'const' && text !== 'volatile');
  const bare = /^(?:struct|union|enum)$/.test(words[0]?.text ?? '') ? 2 : 1;
  const named = last?.kind === 'name' && words.length > bare && !TYPE_WORDS.has(last.text);
  const type = named ? before.slice(0, -1) : before;
  return { type: spell(type) + (bracket < 0 ? '' : ' *'), name: named ? (last?.text ?? null) : null };
}
