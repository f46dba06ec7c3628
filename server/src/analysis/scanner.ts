/**
 * A lexer for C as it stands in the file, before the preprocessor. It accepts any text: what is no C token becomes a
 * punctuator of one character. Comments are kept apart, a preprocessor directive is one token, `@@NAME@@` is one token.
 */

export type TokenKind = 'name' | 'number' | 'string' | 'character' | 'punctuator' | 'directive' | 'placeholder';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offsets in the text that was scanned. */
  readonly start: number;
  readonly end: number;
  /** Nothing but blanks and comments stands before it on its line. */
  readonly firstOnLine: boolean;
  /** Why the token may be another one when the module is built: it came out of a macro with several definitions. */
  readonly doubt?: string;
}

/** A token without its text, and a comment. */
export interface RawToken {
  kind: TokenKind | 'comment';
  start: number;
  end: number;
  firstOnLine: boolean;
}

const PUNCTUATORS_3 = new Set(['...', '<<=', '>>=']);
const PUNCTUATORS_2 = new Set(
  [
    '->',
    '++',
    '--',
    '<<',
    '>>',
    '<=',
    '>=',
    '==',
    '!=',
    '&&',
    '||',
    '+=',
    '-=',
    '*=',
    '/=',
    '%=',
    '&=',
    '|=',
    '^=',
  ].concat('##'),
);
const PLACEHOLDER = /@@\w+@@/y;
const NUMBER = /\.?[0-9](?:[eEpP][+-]|[\w.])*/y;
const DEAD_IF = /#[ \t]*if[ \t]+0[ \t]*(?=\r?\n|$|\/[/*])/y;
const CONDITIONAL_LINE = /^[ \t]*#[ \t]*(ifdef|ifndef|if|elif|else|endif)\b/gm;

const TAB = 9;
const NEWLINE = 10;
const RETURN = 13;
const BLANK = 32;

function isNameStart(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code === 36 || code > 127;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

export class Scanner {
  readonly text: string;
  position: number;
  /** True after a line break, until a token was read. */
  private lineStart: boolean;

  /** `lineStart`: whether a `#` at the start would be a directive. */
  constructor(text: string, position: number, lineStart = true) {
    this.text = text;
    this.position = position;
    this.lineStart = lineStart;
  }

  /** The next token or comment; null at the end of the text. */
  next(): RawToken | null {
    const { text } = this;
    const length = text.length;
    let at = this.position;
    for (; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code === NEWLINE) this.lineStart = true;
      else if (code === 92 && (text.charCodeAt(at + 1) === NEWLINE || text.charCodeAt(at + 1) === RETURN)) {
        // A backslash before a line break joins lines.
      } else if (code !== BLANK && code !== TAB && code !== RETURN && code !== 11 && code !== 12) break;
    }
    this.position = at;
    if (at >= length) return null;
    const firstOnLine = this.lineStart;
    const token: RawToken = { kind: 'punctuator', start: at, end: at + 1, firstOnLine };
    const code = text.charCodeAt(at);
    if (isNameStart(code)) {
      let end = at + 1;
      while (end < length && (isNameStart(text.charCodeAt(end)) || isDigit(text.charCodeAt(end)))) end++;
      token.kind = 'name';
      token.end = end;
    } else if (isDigit(code) || (code === 46 && isDigit(text.charCodeAt(at + 1)))) {
      NUMBER.lastIndex = at;
      token.kind = 'number';
      token.end = at + (NUMBER.exec(text)?.[0].length ?? 1);
    } else if (code === 34 || code === 39) {
      token.kind = code === 34 ? 'string' : 'character';
      token.end = this.endOfQuoted(at, code);
    } else if (code === 47 && text.charCodeAt(at + 1) === 47) {
      token.kind = 'comment';
      token.end = this.endOfLine(at);
    } else if (code === 47 && text.charCodeAt(at + 1) === 42) {
      token.kind = 'comment';
      const end = text.indexOf('*/', at + 2);
      token.end = end < 0 ? length : end + 2;
    } else if (code === 35 && firstOnLine) {
      token.kind = 'directive';
      token.end = this.endOfDirective(at);
    } else if (code === 64) {
      PLACEHOLDER.lastIndex = at;
      const match = PLACEHOLDER.exec(text);
      if (match) {
        token.kind = 'placeholder';
        token.end = at + match[0].length;
      }
    } else if (PUNCTUATORS_3.has(text.slice(at, at + 3))) token.end = at + 3;
    else if (PUNCTUATORS_2.has(text.slice(at, at + 2))) token.end = at + 2;
    this.position = token.end;
    if (token.kind !== 'comment') this.lineStart = false;
    return token;
  }

  /** A quoted literal ends at its quote, or, unterminated, at the end of the line. */
  private endOfQuoted(start: number, quote: number): number {
    const { text } = this;
    for (let at = start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === quote) return at + 1;
      if (code === NEWLINE) return at;
      if (code === 92) {
        if (text.charCodeAt(at + 1) === RETURN && text.charCodeAt(at + 2) === NEWLINE) at++;
        at++;
      }
    }
    return text.length;
  }

  /** Offset of the line break that ends the logical line, or of the text's end. */
  private endOfLine(start: number): number {
    const { text } = this;
    let at = start;
    for (;;) {
      const end = text.indexOf('\n', at);
      if (end < 0) return text.length;
      const before = text.charCodeAt(end - 1) === RETURN ? end - 2 : end - 1;
      if (text.charCodeAt(before) !== 92) return end;
      at = end + 1;
    }
  }

  private endOfDirective(start: number): number {
    const { text } = this;
    DEAD_IF.lastIndex = start;
    if (DEAD_IF.test(text)) return this.endOfDeadArm(start);
    for (let at = start + 1; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (code === NEWLINE) return at;
      if (code === 92) at += text.charCodeAt(at + 1) === RETURN ? 2 : 1;
      else if (code === 34 || code === 39) at = this.endOfQuoted(at, code) - 1;
      else if (code === 47 && text.charCodeAt(at + 1) === 47) return this.endOfLine(at);
      else if (code === 47 && text.charCodeAt(at + 1) === 42) {
        const end = text.indexOf('*/', at + 2);
        if (end < 0) return text.length;
        at = end + 1;
      }
    }
    return text.length;
  }

  /** `#if 0` takes everything with it up to its `#else`, `#elif` or `#endif`: nothing in there need be C. */
  private endOfDeadArm(start: number): number {
    CONDITIONAL_LINE.lastIndex = this.endOfLine(start);
    let depth = 0;
    for (;;) {
      const match = CONDITIONAL_LINE.exec(this.text);
      if (!match) return this.text.length;
      const word = match[1];
      if (word === 'if' || word === 'ifdef' || word === 'ifndef') depth++;
      else if (depth === 0) return match.index;
      else if (word === 'endif') depth--;
    }
  }
}

/** All tokens of a text, without comments. `lineStart`: whether the text starts a line. */
export function tokenize(text: string, lineStart = true): Token[] {
  const scanner = new Scanner(text, 0, lineStart);
  const tokens: Token[] = [];
  for (let raw = scanner.next(); raw; raw = scanner.next()) {
    if (raw.kind === 'comment') continue;
    const { kind, start, end, firstOnLine } = raw;
    tokens.push({ kind, text: text.slice(start, end), start, end, firstOnLine });
  }
  return tokens;
}

/** What a directive token says: `#ifdef X` is `{ word: 'ifdef', rest: 'X' }`; comments and line joins are taken out. */
export function readDirective(text: string): { word: string; rest: string } {
  const match = /^#[ \t]*([A-Za-z_]*)/.exec(text);
  const word = match?.[1] ?? '';
  let rest = text.slice(match?.[0].length ?? 1);
  // The token of `#if 0` reaches over the whole dead arm.
  if (word === 'if' && /^[ \t]+0\b/.test(rest)) rest = '0';
  rest = rest.replace(/\\\r?\n/g, ' ').replace(/\/\*[\s\S]*?(?:\*\/|$)|\/\/.*$/g, ' ');
  return { word, rest: rest.replace(/\s+/g, ' ').trim() };
}
