import { isAttributeName, isAttributeWithArguments, isLoopMacro, isSyscallDefinition } from './kernel-macros.ts';
import { readDirective, type Token, tokenize } from './scanner.ts';

/**
 * Rewrites what tree-sitter-c can't read in kernel C into something that it can, without moving anything: the result
 * has the same length and the same line breaks, so that an offset in one is an offset in the other. Comments and
 * literals stay as they are.
 *
 * - Attribute macros become blanks, with their arguments: `__init`, `__section(".x")`, `__attribute__((unused))`.
 * - Loop macros read as `while`: `list_for_each_entry(…) {`.
 * - `typeof(x)` reads as `int`; a type as a call's argument loses its `struct`.
 * - System call definitions read as functions: `SYSCALL_DEFINE1(name, …) {`.
 * - `@@NAME@@` reads as a name, and as a statement where it stands on a line of its own.
 * - Directives become blanks. Of an `#if` group whose arms open different numbers of braces only the first arm stays.
 */
export function maskKernelMacros(text: string, tokens: readonly Token[] = tokenize(text)): string {
  const masker = new Masker(text, tokens);
  masker.run();
  return masker.apply();
}

const INTEGER_WORD = /^(?:unsigned|signed|char|short|int|long)$/;

class Masker {
  private readonly text: string;
  private readonly tokens: readonly Token[];
  /** Replacements in source order, each padded to the length of what it replaces. */
  private readonly edits: { start: number; end: number; text: string }[] = [];

  constructor(text: string, tokens: readonly Token[]) {
    this.text = text;
    this.tokens = tokens;
  }

  run(): void {
    const { tokens } = this;
    this.directives();
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i] as Token;
      if (token.kind === 'placeholder') this.placeholder(i, token);
      if (token.kind !== 'name') continue;
      const { text } = token;
      const takesArguments =
        isAttributeWithArguments(text) ||
        /^(?:__)?typeof(?:__|_unqual)?$/.test(text) ||
        isSyscallDefinition(text) ||
        isLoopMacro(text);
      const close = takesArguments && tokens[i + 1]?.text === '(' ? this.closing(i + 1) : -1;
      if (isAttributeWithArguments(text) && close > 0 && !this.isAsmStatement(i)) {
        this.blank(token.start, (tokens[close] as Token).end);
        i = close;
      } else if (isAttributeName(text)) {
        if (!/^(?:asm|__asm__)$/.test(text)) this.blank(token.start, token.end);
      } else if (close > 0) {
        if (isSyscallDefinition(text)) {
          if (tokens[close + 1]?.text === '{') this.replace(token.start, (tokens[close] as Token).end, 'int f()');
        } else if (isLoopMacro(text)) {
          if (this.opensStatement(tokens[close + 1])) this.replace(token.start, token.end, 'while');
        } else {
          this.replace(token.start, (tokens[close] as Token).end, 'int');
          i = close;
        }
      } else if (/^(?:struct|union|enum)$/.test(token.text)) this.typeArgument(i);
      else if (INTEGER_WORD.test(token.text)) this.integerArgument(i);
    }
  }

  apply(): string {
    const { text } = this;
    let result = '';
    let at = 0;
    for (const edit of this.edits.sort((a, b) => a.start - b.start || b.end - a.end)) {
      if (edit.start < at) continue;
      result += text.slice(at, edit.start) + edit.text;
      at = edit.end;
    }
    return result + text.slice(at);
  }

  private blank(start: number, end: number): void {
    this.replace(start, end, '');
  }

  /** Puts `word` in the place of a piece of text that is at least as long and begins with no line break in the word. */
  private replace(start: number, end: number, word: string): void {
    const rest = this.text.slice(start + word.length, end).replace(/[^\r\n]/g, ' ');
    this.edits.push({ start, end, text: (word + rest).slice(0, end - start) });
  }

  /** Index of the parenthesis that closes the one at `open`, or -1. */
  private closing(open: number): number {
    let depth = 0;
    for (let i = open; i < this.tokens.length; i++) {
      const text = this.tokens[i]?.text;
      if (text === '(') depth++;
      else if (text === ')' && --depth === 0) return i;
      else if (text === '{' || text === '}') {
        // Statement expressions stand in arguments; a brace without a parenthesis before it doesn't.
        if (text === '{' && this.tokens[i - 1]?.text !== '(' && this.tokens[i - 1]?.text !== ')') return -1;
      }
    }
    return -1;
  }

  /** `asm volatile (…)` and `asm goto (…)` as statements are tree-sitter's own matter; `int x asm("y")` is an attribute. */
  private isAsmStatement(i: number): boolean {
    if (!/^(?:asm|__asm__)$/.test(this.tokens[i]?.text ?? '')) return false;
    return i === 0 || /^[;{})]$/.test(this.tokens[i - 1]?.text ?? ';');
  }

  private opensStatement(next: Token | undefined): boolean {
    return next !== undefined && (next.kind === 'name' || next.text === '{' || next.text === '*' || next.text === '(');
  }

  private placeholder(i: number, token: Token): void {
    const { tokens } = this;
    const next = tokens[i + 1];
    const before = tokens[i - 1]?.text ?? '{';
    const alone = token.firstOnLine && (next === undefined || next.firstOnLine) && next?.text !== ';';
    const name = `__${token.text.slice(2, -2)}`;
    this.replace(token.start, token.end, alone && /^[;{})]$|:$/.test(before) ? `${name}_;` : `${name}__`);
  }

  /** `container_of(p, struct x, member)`: the type argument reads as a name. */
  private typeArgument(i: number): void {
    const { tokens } = this;
    const before = tokens[i - 1]?.text;
    if (before !== ',' && before !== '(') return;
    if (before === '(' && (tokens[i - 2]?.kind !== 'name' || tokens[i - 2]?.text === 'sizeof')) return;
    let end = i + 2;
    while (tokens[end]?.text === '*') end++;
    const after = tokens[end]?.text;
    if (tokens[i + 1]?.kind !== 'name' || (after !== ',' && after !== ')')) return;
    const keyword = tokens[i] as Token;
    this.blank(keyword.start, keyword.end);
    for (let star = i + 2; star < end; star++) this.blank((tokens[star] as Token).start, (tokens[star] as Token).end);
  }

  /** `min_t(unsigned int, a, b)`: so does a type of several words. */
  private integerArgument(i: number): void {
    const { tokens } = this;
    const before = tokens[i - 1]?.text;
    if (before !== ',' && !(before === '(' && tokens[i - 2]?.kind === 'name' && tokens[i - 2]?.text !== 'sizeof'))
      return;
    let end = i;
    while (INTEGER_WORD.test(tokens[end + 1]?.text ?? '')) end++;
    const after = tokens[end + 1]?.text;
    if (end === i || (after !== ',' && after !== ')')) return;
    this.replace((tokens[i] as Token).start, (tokens[end] as Token).end, 'T');
  }

  private directives(): void {
    interface Group {
      /** For each arm: where it starts, and how many braces and parentheses it leaves open. */
      arms: { start: number; balance: number; lowest: number }[];
    }
    const groups: Group[] = [];
    const bump = (by: number) => {
      for (const group of groups) {
        const arm = group.arms.at(-1);
        if (!arm) continue;
        arm.balance += by;
        arm.lowest = Math.min(arm.lowest, arm.balance);
      }
    };
    for (const token of this.tokens) {
      if (token.text === '{' || token.text === '(') bump(1);
      else if (token.text === '}' || token.text === ')') bump(-1);
      if (token.kind !== 'directive') continue;
      this.blank(token.start, token.end);
      const { word } = readDirective(token.text);
      const arm = { start: token.end, balance: 0, lowest: 0 };
      if (word === 'if' || word === 'ifdef' || word === 'ifndef') groups.push({ arms: [arm] });
      const group = groups.at(-1);
      if (!group || !/^(?:else|elif|endif)$/.test(word)) continue;
      const finished = group.arms.at(-1);
      const first = group.arms[0];
      // `} else {` between arms goes below zero and comes back: it is no less of a problem.
      if (
        finished &&
        first &&
        finished !== first &&
        (first.balance !== 0 || first.lowest < 0 || finished.balance !== 0)
      ) {
        this.blank(finished.start, token.start);
      }
      if (word === 'endif') {
        groups.pop();
        // What counts for the groups around is the first arm.
        bump(0);
        for (const outer of groups) {
          const outerArm = outer.arms.at(-1);
          if (outerArm) for (const dropped of group.arms.slice(1)) outerArm.balance -= dropped.balance;
        }
      } else group.arms.push(arm);
    }
  }
}
