import { isAttributeName, isAttributeWithArguments, isSyscallDefinition } from '../kernel-macros.ts';
import { type Token, tokenize } from '../scanner.ts';
import type { DiffHunk, DiffLine } from './parse-diff.ts';

/** What a piece of code stands in. */
export interface Scope {
  readonly kind: 'function' | 'structure' | 'enum' | 'data' | 'other';
  /** Of the function, type or variable; empty when it has none. */
  readonly name: string;
  /** What stands before the opening brace or `=`, in single blanks. The hunk's heading may have only a part of it. */
  readonly declaration: string;
  /** The line that opens it; null when it is the hunk's heading. */
  readonly opened: DiffLine | null;
}

export interface CodeToken {
  readonly token: Token;
  readonly line: DiffLine;
  /** Null when it is at the top level, or not known. */
  readonly scope: Scope | null;
  /** It belongs to the declaration and its braces, not to what stands between them. */
  readonly head: boolean;
}

/** A line that is longer is no code that somebody wrote. UTF-16 code units. */
const MAX_LINE = 1000;

/**
 * The code of one side of a hunk, without comments. Directives are tokens without a scope. What the hunk's heading
 * opened holds until the text says something else: only lines that begin in the first column open or end something then,
 * as everywhere in the kernel's style.
 */
export function hunkCode(hunk: DiffHunk, side: 'old' | 'new'): CodeToken[] {
  const gone = side === 'old' ? 'added' : 'removed';
  const lines = hunk.lines.filter(({ kind }) => kind !== gone);
  const starts: number[] = [];
  let length = 0;
  for (const { text } of lines) {
    starts.push(length);
    length += text.length + 1;
  }
  const reader = new ScopeReader(hunk.heading);
  let at = 0;
  const tokens = tokenize(codeOnly(lines.map(({ text }) => text)));
  for (const [index, token] of tokens.entries()) {
    while (at + 1 < starts.length && (starts[at + 1] as number) <= token.start) at++;
    reader.read(token, lines[at] as DiffLine, token.start === starts[at], tokens[index + 1]);
  }
  return reader.found;
}

/**
 * Blanks for what is surely a comment or a macro's definition though its beginning stands before the hunk, and for lines
 * that are too long.
 */
function codeOnly(texts: readonly string[]): string {
  const firstWhole = texts.findIndex((line) => !line.endsWith('\\'));
  const macroEnd = firstWhole > 0 && !/^[ \t]*#/.test(texts[0] ?? '') ? firstWhole : -1;
  const text = texts
    .map((line, index) =>
      index <= macroEnd || line.length > MAX_LINE || /^\s*\*(?:\s|$)/.test(line) ? ' '.repeat(line.length) : line,
    )
    .join('\n');
  const close = text.indexOf('*/');
  const open = text.indexOf('/*');
  if (close < 0 || (open >= 0 && open < close)) return text;
  return text.slice(0, close + 2).replace(/[^\n]/g, ' ') + text.slice(close + 2);
}

class ScopeReader {
  readonly found: { token: Token; line: DiffLine; scope: Scope | null; head: boolean }[] = [];
  /** Indexes into `found` of the declaration that is being read. */
  private declaration: number[] = [];
  private scope: Scope | null;
  /** Open braces since the scope was opened; null in the heading's scope, of which the beginning is not seen. */
  private depth: number | null = null;
  private parentheses = 0;

  constructor(heading: string) {
    this.scope = scopeOfHeading(heading);
  }

  read(token: Token, line: DiffLine, firstColumn: boolean, next: Token | undefined): void {
    this.found.push({ token, line, scope: null, head: false });
    if (token.kind === 'directive') return;
    // Labels stand in the first column, too.
    if (firstColumn && token.kind === 'name' && next?.text === ':') return;
    if (firstColumn && token.kind === 'name' && this.beginsDeclaration(token)) {
      this.scope = null;
      this.declaration = [];
      this.parentheses = 0;
    }
    if (firstColumn && token.text === '}') this.close();
    else if (this.scope && !(firstColumn && token.text === '{')) this.inside(token);
    else this.outside(token, line, firstColumn);
  }

  /** Whether a name in the first column begins another declaration than the one that is being read. */
  private beginsDeclaration({ text }: Token): boolean {
    if (this.scope) return true;
    const last = this.texts().at(-1);
    if (last === undefined) return true;
    if (this.parentheses > 0) return false;
    if (last === ')') return !isAttributeWithArguments(text) && !isAttributeName(text);
    return false;
  }

  private inside({ text }: Token): void {
    const current = this.found.at(-1);
    if (current) current.scope = this.scope;
    if (this.depth === null) return;
    if (text === '{') this.depth++;
    else if (text === '}') this.depth--;
    // An initialiser without braces ends with its semicolon.
    if (this.depth < 0 || (this.depth === 0 && text === ';' && this.scope?.kind === 'data')) this.close();
  }

  private outside({ text, kind }: Token, line: DiffLine, firstColumn: boolean): void {
    if (this.declaration.length === 0 && !(firstColumn && kind === 'name')) {
      if (!(firstColumn && text === '{' && this.scope)) return;
      // The heading's function begins here.
      this.depth = 0;
      return;
    }
    const before = this.texts();
    this.declaration.push(this.found.length - 1);
    if (text === '(') this.parentheses++;
    else if (text === ')') this.parentheses--;
    if (text === '{') this.open(before, line);
    else if (this.parentheses <= 0 && text === '=') this.open([...before, '='], line);
    else if (this.parentheses <= 0 && text === ';') this.declaration = [];
  }

  private open(texts: readonly string[], line: DiffLine): void {
    const first = this.found[this.declaration[0] ?? -1]?.line ?? line;
    const scope: Scope = { ...classify(texts, this.parentheses > 0), opened: first };
    for (const index of this.declaration) Object.assign(this.found[index] ?? {}, { scope, head: true });
    this.declaration = [];
    this.parentheses = 0;
    this.scope = scope;
    this.depth = 0;
  }

  private close(): void {
    const current = this.found.at(-1);
    if (current && this.scope) Object.assign(current, { scope: this.scope, head: true });
    this.scope = null;
    this.depth = null;
    this.declaration = [];
    this.parentheses = 0;
  }

  private texts(): string[] {
    return this.declaration.map((index) => this.found[index]?.token.text ?? '');
  }
}

/** What git wrote behind `@@`: the last line before the hunk that begins in the first column with a name. */
function scopeOfHeading(heading: string): Scope | null {
  const text = heading.length > MAX_LINE ? '' : heading;
  if (!/^[A-Za-z_$]/.test(text)) return null;
  const texts = tokenize(text).map((token) => token.text);
  const last = texts.at(-1);
  if (last === '{') return { ...classify(texts.slice(0, -1), false), opened: null };
  if (last === ';' || last === '}') return null;
  const scope = classify(texts, false);
  return scope.kind === 'function' ? { ...scope, opened: null } : null;
}

/** @param cutOff whether it stops within parentheses though it opens a brace: a macro's argument */
function classify(texts: readonly string[], cutOff: boolean): Omit<Scope, 'opened'> {
  const declaration = texts.join(' ');
  const other = { kind: 'other', name: '', declaration } as const;
  if (cutOff) return other;
  if (texts.includes('=')) return { kind: 'data', name: variableName(texts), declaration };
  const type = /^(?:typedef )?(?:(?:static|const|volatile) )*(struct|union|enum)(?: |$)/.exec(declaration);
  if (type && !texts.includes('(')) {
    const names = texts.slice(texts.indexOf(type[1] ?? '') + 1).filter((name) => !isAttributeName(name));
    return { kind: type[1] === 'enum' ? 'enum' : 'structure', name: names[0] ?? '', declaration };
  }
  const parenthesis = texts.indexOf('(');
  const name = texts[parenthesis - 1] ?? '';
  if (parenthesis < 1 || !/^[A-Za-z_$]/.test(name)) return other;
  if (isSyscallDefinition(name)) return { kind: 'function', name: texts[parenthesis + 1] ?? '', declaration };
  // A macro that stands alone, such as LIST_HEAD(x), has no type in front of it.
  return parenthesis < 2 ? other : { kind: 'function', name, declaration };
}

function variableName(texts: readonly string[]): string {
  const end = texts.findIndex((text) => text === '[' || text === '=');
  return texts.slice(0, end).findLast((text) => /^[A-Za-z_$]/.test(text) && !isAttributeName(text)) ?? '';
}
