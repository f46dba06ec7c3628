import { type RawToken, readDirective, Scanner, type Token } from './scanner.ts';

/**
 * Cuts a file into its top-level items: one declaration, function, macro call or directive each, with the blanks and
 * comments before it. Where an item ends follows from the text after its start alone, so that after an edit only the
 * items around it are cut again, and the result is what cutting the whole text gives.
 *
 * While people type, braces are missing. Two habits of kernel C keep such a mistake inside its function: a closing
 * brace in the first column ends the outermost block, and inside an indented block a declaration in the first column
 * starts something new.
 */
export interface TopLevelItem {
  readonly text: string;
  /** Offsets relative to the item's start. */
  readonly tokens: readonly Token[];
  readonly comments: readonly { readonly start: number; readonly end: number }[];
  /** How many characters from the item's start on were looked at to find its end; Infinity when the text's end was. */
  readonly reach: number;
}

const NOT_A_DECLARATION = new Set(
  (
    'return if else for while do switch case default goto break continue sizeof typeof __typeof__ asm __asm__ ' +
    '__attribute__'
  ).split(' '),
);
const DECLARATION_WORDS = new Set(
  (
    'static extern struct union enum typedef const volatile inline int void char short long unsigned signed bool ' +
    'asmlinkage noinline notrace module_init module_exit'
  ).split(' '),
);
const ATTRIBUTE_CALLS = new Set(
  '__attribute__ __section __aligned __printf __scanf __alloc_size __cold typeof'.split(' '),
);
const DECLARATION_LINE = /[A-Za-z_]\w*(?:[ \t]+\**|[ \t]*\*+[ \t]*)[A-Za-z_]/y;

/** A copy that doesn't keep the whole file's text alive, as a slice would. */
function detach(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}

/** The top-level item that starts at `start`, which must be before the end of the text. */
export function cutItem(text: string, start: number): TopLevelItem {
  const cutter = new Cutter(text, start);
  const end = cutter.run();
  const itemText = detach(text.slice(start, end));
  const tokens: Token[] = [];
  const comments: { start: number; end: number }[] = [];
  for (const raw of cutter.raw) {
    if (raw.start >= end) break;
    if (raw.kind === 'comment') {
      comments.push({ start: raw.start - start, end: raw.end - start });
      continue;
    }
    const { kind, firstOnLine } = raw;
    const from = raw.start - start;
    const to = raw.end - start;
    tokens.push({ kind, text: itemText.slice(from, to), start: from, end: to, firstOnLine });
  }
  return { text: itemText, tokens, comments, reach: cutter.reach - start };
}

/** All items of a text: together they are the text. */
export function cutItems(text: string): TopLevelItem[] {
  const items: TopLevelItem[] = [];
  for (let at = 0; at < text.length; ) {
    const item = cutItem(text, at);
    items.push(item);
    at += item.text.length;
  }
  return items;
}

/** One walk over the tokens of one item. */
class Cutter {
  readonly raw: RawToken[] = [];
  reach = 0;
  private readonly text: string;
  private readonly scanner: Scanner;
  /** Open braces; for each the number of parentheses that were open around it. */
  private braces: number[] = [];
  private parens = 0;
  /** Braces and parentheses at each open `#if`. */
  private readonly saved: { braces: number[]; parens: number }[] = [];
  /** A line inside the braces starts with blanks. */
  private indented = false;
  private significant: RawToken[] = [];
  private assigned = false;
  private closed = false;

  constructor(text: string, start: number) {
    this.text = text;
    this.scanner = new Scanner(text, start);
  }

  /** The item's end. */
  run(): number {
    for (;;) {
      const token = this.scanner.next();
      if (!token) {
        this.reach = Number.POSITIVE_INFINITY;
        return this.text.length;
      }
      // One more than the token: a name or number might have gone on.
      this.reach = token.end >= this.text.length ? Number.POSITIVE_INFINITY : Math.max(this.reach, token.end + 1);
      this.raw.push(token);
      if (token.kind === 'comment') continue;
      const last = this.significant.at(-1);
      if (last && this.startsSomethingNew(token)) {
        this.raw.pop();
        return last.end;
      }
      this.significant.push(token);
      if (this.closes(token)) return token.end;
    }
  }

  private word(token: RawToken | undefined): string {
    return token ? this.text.slice(token.start, token.end) : '';
  }

  private inFirstColumn(token: RawToken): boolean {
    return token.start === 0 || this.text.charCodeAt(token.start - 1) === 10;
  }

  private startsSomethingNew(token: RawToken): boolean {
    const depth = this.braces.length;
    if (depth > 0) {
      if (!this.inFirstColumn(token)) {
        if (token.firstOnLine && token.kind !== 'directive') this.indented = true;
        return false;
      }
      return this.indented && token.kind === 'name' && this.looksLikeDeclaration(token);
    }
    const last = this.significant.at(-1);
    if (!last) return false;
    const lastText = this.word(last);
    if (token.kind === 'directive') {
      const { word } = readDirective(this.text.slice(token.start, token.end));
      if (/^(?:include|define|undef|error|warning|pragma)$/.test(word)) return true;
      return (lastText === '}' && this.closed) || (lastText === ')' && this.isMacroCall());
    }
    if (last.kind === 'placeholder' && this.significant.length === 1 && token.firstOnLine)
      return this.word(token) !== ';';
    if (token.firstOnLine && token.kind === 'name' && lastText === ')' && this.isMacroCall()) return true;
    if (!token.firstOnLine || !this.inFirstColumn(token)) return false;
    if (token.kind !== 'name' && token.kind !== 'placeholder') return false;
    if (lastText === '}') return this.closed && !this.isAttribute(token);
    if (lastText === ')' && this.parens === 0) {
      return DECLARATION_WORDS.has(this.word(token)) || (token.kind === 'placeholder' && this.isMacroCall());
    }
    return this.parens > 0 && /^(?:static|extern|typedef|MODULE_\w+|module_(?:init|exit))$/.test(this.word(token));
  }

  private isAttribute(token: RawToken): boolean {
    return this.word(token).startsWith('__') && !this.looksLikeDeclaration(token);
  }

  private looksLikeDeclaration(token: RawToken): boolean {
    const word = this.word(token);
    if (NOT_A_DECLARATION.has(word)) return false;
    if (DECLARATION_WORDS.has(word) || word.startsWith('MODULE_')) return true;
    DECLARATION_LINE.lastIndex = token.start;
    const match = DECLARATION_LINE.exec(this.text);
    // What was looked at, matched or not, ends with the next word's first character, or earlier.
    let end = token.end;
    while (end < this.text.length && /[ \t*]/.test(this.text.charAt(end))) end++;
    this.reach = end >= this.text.length ? Number.POSITIVE_INFINITY : Math.max(this.reach, end + 1);
    return match !== null;
  }

  /** `NAME(…)` and nothing else, where no function body follows. */
  private isMacroCall(): boolean {
    if (this.parens > 0) return false;
    const [first, second] = this.significant;
    if (first?.kind !== 'name' || this.word(second) !== '(' || /SYSCALL_DEFINE/.test(this.word(first))) return false;
    let depth = 0;
    for (let i = 1; i < this.significant.length; i++) {
      const text = this.word(this.significant[i]);
      if (text === '(') depth++;
      else if (text === ')' && --depth === 0) return i === this.significant.length - 1;
    }
    return false;
  }

  /** Takes the token in; true when it ends the item. */
  private closes(token: RawToken): boolean {
    if (token.kind === 'directive') return this.directive(token);
    if (token.kind !== 'punctuator') return false;
    const depth = this.braces.length;
    switch (this.text.charAt(token.start)) {
      case '(':
        this.parens++;
        return false;
      case ')':
        if (this.parens > 0) this.parens--;
        return false;
      case '=':
        if (depth === 0 && this.parens === 0 && token.end === token.start + 1) this.assigned = true;
        return false;
      case ';':
        return depth === 0;
      case '{':
        if (depth === 0) this.isBody = this.opensBody();
        this.braces.push(this.parens);
        this.parens = 0;
        return false;
      case '}':
        return this.closingBrace(token);
      default:
        return false;
    }
  }

  private isBody = false;

  /** Whether the brace just seen opens a function's body (or a block that belongs to nothing). */
  private opensBody(): boolean {
    if (this.assigned) return false;
    const before = this.significant.at(-2);
    if (!before) return true;
    const head = this.significant.slice(0, -1);
    for (let i = 0; i + 1 < head.length; i++) {
      const name = head[i];
      if (name?.kind !== 'name' || this.word(head[i + 1]) !== '(') continue;
      if (!ATTRIBUTE_CALLS.has(this.word(name))) return true;
    }
    return !head.some((token) => /^(?:struct|union|enum)$/.test(this.word(token)));
  }

  private closingBrace(token: RawToken): boolean {
    if (this.braces.length === 0) return true;
    this.parens = this.braces.pop() ?? 0;
    if (this.braces.length > 0 && this.indented && this.inFirstColumn(token) && !this.goesOnAfterBrace(token)) {
      this.braces = [];
      this.parens = 0;
    }
    if (this.braces.length > 0) return false;
    this.closed = this.parens === 0;
    return this.isBody && this.closed;
  }

  /** `}, {` and `})` and `} else`: the brace closes an inner block though it stands in the first column. */
  private goesOnAfterBrace(token: RawToken): boolean {
    const rest = /[ \t]*(?:[,)\]]|else\b|while\b)?/y;
    rest.lastIndex = token.end;
    const match = rest.exec(this.text)?.[0] ?? '';
    const end = token.end + match.length + 6;
    this.reach = end >= this.text.length ? Number.POSITIVE_INFINITY : Math.max(this.reach, end);
    return match.trim() !== '';
  }

  private directive(token: RawToken): boolean {
    // An item that starts with a directive is only that.
    if (this.significant.length === 1) return true;
    const { word } = readDirective(this.text.slice(token.start, token.end));
    if (word === 'if' || word === 'ifdef' || word === 'ifndef') {
      this.saved.push({ braces: [...this.braces], parens: this.parens });
    } else if (word === 'else' || word === 'elif') {
      const state = this.saved.at(-1);
      // The arms of `#if` are alternatives: each starts at the depth at which the first one did.
      if (state) {
        this.braces = [...state.braces];
        this.parens = state.parens;
      }
    } else if (word === 'endif') this.saved.pop();
    return false;
  }
}
