import { type Declarator, matching, readDeclaration, readSpecifiers, type Specifiers } from './declarators.ts';
import { type BodyFacts, readBody, readLocalDeclarations, type Span } from './function-facts.ts';
import { isAttributeWithArguments, isSyscallDefinition } from './kernel-macros.ts';
import { type Macro, readArguments, readMacro } from './macros.ts';
import type { CParser } from './parser.ts';
import { readDirective, type Token } from './scanner.ts';
import type { TopLevelItem } from './top-level.ts';

/**
 * What one top-level item says, read from its own text alone: nothing here depends on other items, so that it stays
 * valid as long as the item's text does. Offsets are relative to the item's start.
 */
export interface ItemFacts {
  /** First token's start to last token's end. */
  readonly span: Span;
  readonly content: ItemContent;
  /** Conditional directives inside the item. An item that is a directive has itself here. */
  readonly directives: readonly DirectiveFact[];
  /** Comments that speak to us. */
  readonly suppressions: readonly Span[];
  readonly placeholders: readonly Token[];
  /** The item uses a name that begins with `klp_` or includes a livepatch header. */
  readonly mentionsLivepatch: boolean;
}

export interface DirectiveFact extends Span {
  readonly word: 'if' | 'ifdef' | 'ifndef' | 'elif' | 'else' | 'endif';
  readonly rest: string;
}

export type ItemContent =
  | { readonly kind: 'directive' }
  | { readonly kind: 'define'; readonly macro: Macro }
  | { readonly kind: 'include'; readonly path: string; readonly quoted: boolean; readonly pathSpan: Span }
  | FunctionContent
  | {
      readonly kind: 'declaration';
      readonly specifiers: Specifiers;
      readonly declarators: readonly Declarator[];
      readonly enumerators: readonly Enumerator[];
    }
  | {
      readonly kind: 'macro';
      readonly name: Token;
      readonly arguments: readonly (readonly Token[])[];
      readonly span: Span;
    }
  | { readonly kind: 'other'; readonly enumerators: readonly Enumerator[] };

export interface FunctionContent {
  readonly kind: 'function';
  readonly name: string;
  readonly nameSpan: Span;
  /** The name of the macro that makes it: `SYSCALL_DEFINE1`. */
  readonly macro: string | null;
  readonly specifiers: Specifiers;
  readonly parameters: Declarator['parameters'];
  readonly span: Span;
  readonly body: Span;
  readonly facts: BodyFacts;
  /** The body writes to fields or passes variables on: only then it may change a klp structure. */
  readonly changesOrPasses: boolean;
  /** Declarations of klp structures in the body. */
  readonly locals: readonly { readonly tokens: readonly Token[] }[];
  /** Names that are pointers to klp structures here, parameters included, with the structure's name. */
  readonly klpPointers: ReadonlyMap<string, string>;
}

export interface Enumerator {
  readonly name: string;
  readonly value: readonly Token[] | null;
}

const CONDITIONAL = /^(?:if|ifdef|ifndef|elif|else|endif)$/;

export function readItem(parser: CParser, item: TopLevelItem): ItemFacts {
  const { tokens, text } = item;
  const directives: DirectiveFact[] = [];
  for (const token of tokens) {
    if (token.kind !== 'directive') continue;
    const { word, rest } = readDirective(token.text);
    if (!CONDITIONAL.test(word)) continue;
    directives.push({ word: word as DirectiveFact['word'], rest, start: token.start, end: token.end });
  }
  return {
    span: { start: tokens[0]?.start ?? text.length, end: tokens.at(-1)?.end ?? text.length },
    content: readContent(parser, item),
    directives,
    suppressions: item.comments.filter(({ start, end }) => /livepatch-ignore/.test(text.slice(start, end))),
    placeholders: tokens.filter(({ kind }) => kind === 'placeholder'),
    mentionsLivepatch: tokens.some(
      ({ kind, text: word }) =>
        (kind === 'name' && (word.startsWith('klp_') || word.startsWith('KLP_'))) ||
        (kind === 'directive' && /^#\s*include\s*[<"].*livepatch/.test(word)),
    ),
  };
}

function readContent(parser: CParser, item: TopLevelItem): ItemContent {
  const first = item.tokens[0];
  if (first?.kind === 'directive') return readDirectiveItem(first);
  const tokens = item.tokens.filter(({ kind }) => kind !== 'directive');
  if (tokens.length === 0) return { kind: 'other', enumerators: [] };
  const bodyAt = findBody(tokens);
  if (bodyAt >= 0) {
    const found = readFunction(parser, item, tokens, bodyAt);
    if (found) return found;
  }
  const macro = readMacroCall(tokens);
  if (macro) return macro;
  const enumerators = readEnumerators(tokens);
  const declaration = readDeclaration(tokens);
  if (!declaration || declaration.specifiers.typedef) return { kind: 'other', enumerators };
  return { kind: 'declaration', ...declaration, enumerators };
}

function readDirectiveItem(token: Token): ItemContent {
  const { word, rest } = readDirective(token.text);
  if (word === 'define') {
    const macro = readMacro(rest);
    if (macro) return { kind: 'define', macro };
  }
  const include = word === 'include' ? /^([<"])([^>"]*)[>"]/.exec(rest) : null;
  if (include?.[2]) {
    const at = token.start + token.text.indexOf(include[2]);
    const pathSpan = { start: at, end: at + include[2].length };
    return { kind: 'include', path: include[2], quoted: include[1] === '"', pathSpan };
  }
  return { kind: 'directive' };
}

/** Index of the `{` of a function's body; -1 when the item is no function. */
function findBody(tokens: readonly Token[]): number {
  let call = false;
  let aggregate = false;
  for (let i = 0; i < tokens.length; i++) {
    const { text, kind } = tokens[i] as Token;
    if (text === '=' || text === ';') return -1;
    if (text === '(' || text === '[') {
      const before = tokens[i - 1];
      if (
        text === '(' &&
        before?.kind === 'name' &&
        !isAttributeWithArguments(before.text) &&
        before.text !== 'typeof'
      ) {
        call = true;
      }
      i = matching(tokens, i);
    } else if (text === '{') {
      if (call || !aggregate) return i;
      i = matching(tokens, i);
    } else if (kind === 'name' && /^(?:struct|union|enum)$/.test(text)) aggregate = true;
  }
  return -1;
}

function readFunction(
  parser: CParser,
  item: TopLevelItem,
  tokens: readonly Token[],
  bodyAt: number,
): FunctionContent | null {
  const head = tokens.slice(0, bodyAt);
  const open = tokens[bodyAt] as Token;
  const last = tokens.at(-1) as Token;
  const body = { start: open.start, end: last.end };
  const named = nameOfFunction(head);
  if (!named) return null;
  const klpPointers = new Map<string, string>();
  for (let i = 0; i + 3 < tokens.length; i++) {
    if (tokens[i]?.text !== 'struct') continue;
    const [type, star, name] = tokens.slice(i + 1, i + 4);
    if (star?.text === '*' && type?.text.startsWith('klp_') && name?.kind === 'name') {
      klpPointers.set(name.text, type.text);
    }
  }
  const facts = readBody(parser, item.text, item.tokens, body);
  return {
    kind: 'function',
    ...named,
    span: { start: (tokens[0] as Token).start, end: last.end },
    body,
    facts,
    changesOrPasses: facts.writes.length > 0 || facts.passed.length > 0,
    locals: readLocalDeclarations(item.tokens, body),
    klpPointers,
  };
}

function nameOfFunction(
  head: readonly Token[],
): Pick<FunctionContent, 'name' | 'nameSpan' | 'macro' | 'specifiers' | 'parameters'> | null {
  const declaration = readDeclaration(head);
  const declarator = declaration?.declarators[0];
  if (declaration && declarator?.isFunction && !isSyscallDefinition(declarator.name.text)) {
    const { specifiers } = declaration;
    const attributes = [...specifiers.attributes, ...declarator.attributes];
    const stars = '*'.repeat(declarator.pointer);
    const type = `${specifiers.type}${stars ? ` ${stars}` : ''}`.trim();
    return {
      name: declarator.name.text,
      nameSpan: declarator.name,
      macro: null,
      specifiers: { ...specifiers, type, attributes },
      parameters: declarator.parameters,
    };
  }
  const at = head.findIndex(
    ({ kind, text }, i) => kind === 'name' && head[i + 1]?.text === '(' && !isAttributeWithArguments(text),
  );
  const name = head[at];
  if (!name) return null;
  const specifiers = readSpecifiers(head.slice(0, at));
  const given = readArguments(head, at + 1)?.arguments ?? [];
  const called = given.find(([token]) => token?.kind === 'name')?.[0];
  if (isSyscallDefinition(name.text) && called) {
    return {
      name: `sys_${called.text.replace(/^_/, '')}`,
      nameSpan: called,
      macro: name.text,
      specifiers: { ...specifiers, type: 'long' },
      parameters: null,
    };
  }
  // A head without a type: an old function that returns int, or a macro that names a function.
  const isMacro = /^[A-Z_0-9]+$/.test(name.text);
  return { name: name.text, nameSpan: name, macro: isMacro ? name.text : null, specifiers, parameters: null };
}

/** `NAME(…)`, `static NAME(…);`, `NAME(…) = …;` and a bare `NAME;`. */
function readMacroCall(tokens: readonly Token[]): ItemContent | null {
  let at = 0;
  while (/^(?:static|extern)$/.test(tokens[at]?.text ?? '')) at++;
  const name = tokens[at];
  const start = (tokens[0] as Token).start;
  const end = (tokens.at(-1) as Token).end;
  if (name?.kind === 'placeholder') return { kind: 'macro', name, arguments: [], span: { start, end } };
  if (name?.kind !== 'name' || /^(?:__)?typeof(?:__)?$/.test(name.text) || isAttributeWithArguments(name.text))
    return null;
  if (tokens[at + 1]?.text === ';' || tokens.length === at + 1) {
    return { kind: 'macro', name, arguments: [], span: { start, end } };
  }
  const call = tokens[at + 1]?.text === '(' ? readArguments(tokens, at + 1) : null;
  if (!call) return null;
  const next = tokens[call.close + 1];
  if (next && !/^[;=]$/.test(next.text)) return null;
  return { kind: 'macro', name, arguments: call.arguments, span: { start, end } };
}

function readEnumerators(tokens: readonly Token[]): Enumerator[] {
  const result: Enumerator[] = [];
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i]?.text !== 'enum') continue;
    const open = tokens[i + 1]?.text === '{' ? i + 1 : i + 2;
    if (tokens[open]?.text !== '{') continue;
    const close = matching(tokens, open);
    for (const part of readArguments(tokens.slice(open, close + 1), 0)?.arguments ?? []) {
      const [name, equals, ...value] = part;
      if (name?.kind === 'name') result.push({ name: name.text, value: equals?.text === '=' ? value : null });
    }
    i = close;
  }
  return result;
}
