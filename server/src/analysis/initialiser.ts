import type { Token } from './scanner.ts';

/** `{ … }` with its elements. Offsets are those of the tokens. */
export interface InitialiserList {
  readonly kind: 'list';
  readonly start: number;
  readonly end: number;
  readonly elements: readonly InitialiserElement[];
}

export interface InitialiserElement {
  /** `.callbacks.pre_patch`: the names; empty when positional. */
  readonly path: readonly string[];
  /** Of the path without its leading dot. */
  readonly pathStart: number;
  readonly pathEnd: number;
  /** `[2]` and `[0 ... 3]`: what is between the brackets. */
  readonly index: readonly Token[] | null;
  readonly value: InitialiserValue;
  readonly start: number;
  readonly end: number;
}

export type InitialiserValue =
  | InitialiserList
  /** `(struct klp_func[]){ … }`. */
  | {
      readonly kind: 'compound';
      readonly type: readonly Token[];
      readonly list: InitialiserList;
      readonly start: number;
      readonly end: number;
    }
  | {
      readonly kind: 'expression';
      readonly tokens: readonly Token[];
      /** Parts of it stand in different arms of an `#if`. */
      readonly conditional: boolean;
      readonly start: number;
      readonly end: number;
    };

/** Reads a value that stands alone: what is written behind `=`. Null when there is nothing. */
export function readInitialiser(tokens: readonly Token[]): InitialiserValue | null {
  const reader = new Reader(tokens);
  return reader.done ? null : reader.value();
}

/** Nobody nests initialisers deeper; text that does is broken. */
const MAX_NESTING = 100;

class Reader {
  private at = 0;
  private nesting = 0;
  private readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
    this.skipDirectives();
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  value(): InitialiserValue {
    if (this.peek() === '{' && this.nesting < MAX_NESTING) return this.list();
    return this.compound() ?? this.expression();
  }

  private peek(ahead = 0): string {
    return this.tokens[this.at + ahead]?.text ?? '';
  }

  private skipDirectives(): void {
    while (this.tokens[this.at]?.kind === 'directive') this.at++;
  }

  private list(): InitialiserList {
    this.nesting++;
    const open = this.tokens[this.at++] as Token;
    const elements: InitialiserElement[] = [];
    let end = open.end;
    for (;;) {
      this.skipDirectives();
      const token = this.tokens[this.at];
      if (!token || token.text === ';') break;
      if (token.text === '}') {
        end = token.end;
        this.at++;
        break;
      }
      if (token.text === ',') {
        this.at++;
        continue;
      }
      const before = this.at;
      const element = this.element();
      elements.push(element);
      end = Math.max(end, element.end);
      if (this.at === before) this.at++;
      // `{ .a = x` and on the next line `{`: the closing brace is not typed yet.
      const next = this.tokens[this.at];
      if (next?.text === '{' && next.firstOnLine && element.path.length > 0 && element.value.kind === 'expression')
        break;
    }
    this.nesting--;
    return { kind: 'list', start: open.start, end, elements };
  }

  private element(): InitialiserElement {
    const first = this.tokens[this.at] as Token;
    const path: string[] = [];
    let index: Token[] | null = null;
    let pathStart = first.start;
    let pathEnd = first.start;
    if (first.kind === 'name' && this.peek(1) === ':') {
      // GNU C before C99: `name: value`.
      path.push(first.text);
      pathEnd = first.end;
      this.at += 2;
    } else {
      for (;;) {
        if (this.peek() === '.' && this.tokens[this.at + 1]?.kind === 'name') {
          const name = this.tokens[this.at + 1] as Token;
          if (path.length === 0) pathStart = name.start;
          path.push(name.text);
          pathEnd = name.end;
          this.at += 2;
        } else if (this.peek() === '[' && path.length === 0 && index === null) {
          index = [];
          this.at++;
          while (!this.done && this.peek() !== ']') index.push(this.tokens[this.at++] as Token);
          this.at++;
        } else break;
      }
      if ((path.length > 0 || index) && this.peek() === '=') this.at++;
    }
    this.skipDirectives();
    const value = this.value();
    return { path, pathStart, pathEnd, index, value, start: first.start, end: Math.max(value.end, pathEnd, first.end) };
  }

  /** `(type){ … }`, with casts and `&` before it. */
  private compound(): InitialiserValue | null {
    let at = this.at;
    while (this.tokens[at]?.text === '&') at++;
    for (;;) {
      if (this.tokens[at]?.text !== '(') return null;
      const open = at;
      let depth = 0;
      for (; at < this.tokens.length; at++) {
        const { text } = this.tokens[at] as Token;
        if (text === '(') depth++;
        else if (text === ')' && --depth === 0) break;
        else if (text === '{' || text === '}' || text === ';') return null;
      }
      const close = at++;
      if (this.tokens[at]?.text === '{' && this.nesting < MAX_NESTING) {
        const start = (this.tokens[this.at] as Token).start;
        const type = this.tokens.slice(open + 1, close);
        this.at = at;
        const list = this.list();
        return { kind: 'compound', type, list, start, end: list.end };
      }
    }
  }

  private expression(): InitialiserValue {
    const tokens: Token[] = [];
    const start = this.tokens[this.at]?.start ?? this.tokens.at(-1)?.end ?? 0;
    let end = start;
    let depth = 0;
    let conditional = false;
    for (; !this.done; this.at++) {
      const token = this.tokens[this.at] as Token;
      if (token.kind === 'directive') {
        if (depth === 0 && tokens.length > 0 && this.endsAfterDirectives()) break;
        conditional = true;
        continue;
      }
      if (token.kind === 'punctuator') {
        if (token.text === '(' || token.text === '[' || token.text === '{') {
          // A brace behind a placeholder or macro that has no comma: the next entry.
          if (token.text === '{' && depth === 0 && tokens.length > 0) break;
          depth++;
        } else if (token.text === ')' || token.text === ']' || token.text === '}') {
          if (depth === 0) break;
          depth--;
        } else if (token.text === ';' || (token.text === ',' && depth === 0)) break;
        else if (token.text === '.' && depth === 0 && tokens.length > 0 && this.peek(2) === '=') break;
      }
      tokens.push(token);
      end = token.end;
    }
    return { kind: 'expression', tokens, conditional, start, end };
  }

  /** What follows the directives here begins something new. */
  private endsAfterDirectives(): boolean {
    let at = this.at;
    while (this.tokens[at]?.kind === 'directive') at++;
    return /^(?:[.{},;[])?$/.test(this.tokens[at]?.text ?? '');
  }
}

/** The braces of a value that has some. */
export function listOf(value: InitialiserValue): InitialiserList | null {
  if (value.kind === 'list') return value;
  return value.kind === 'compound' ? value.list : null;
}

/** `0` or `NULL` as an array's element: C puts it into the entry's first member, and zeros behind it. */
export function zeroOf({ value }: InitialiserElement): InitialiserList | null {
  if (value.kind !== 'expression' || value.tokens.length !== 1) return null;
  if (!/^(?:0|NULL)$/.test(value.tokens[0]?.text ?? '')) return null;
  return { kind: 'list', start: value.start, end: value.end, elements: [] };
}

/** A structure that is used as a table of one. */
export function single(list: InitialiserList): InitialiserElement {
  return {
    path: [],
    pathStart: list.start,
    pathEnd: list.start,
    index: null,
    value: list,
    start: list.start,
    end: list.end,
  };
}

/** `&objs[0]` is `objs`. */
export function withoutFirstIndex(tokens: readonly Token[]): readonly Token[] {
  const [open, zero, close] = tokens.slice(-3);
  return open?.text === '[' && zero?.text === '0' && close?.text === ']' ? tokens.slice(0, -3) : tokens;
}
