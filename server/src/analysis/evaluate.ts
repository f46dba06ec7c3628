import { ERRNO } from './kernel-macros.ts';
import type { Token } from './scanner.ts';

/** What an expression amounts to, or why that can't be told. */
export type Evaluation<T> = { readonly value: T } | { readonly why: string };

/** Names that are constants of the module: its enumerators. */
export type Constants = ReadonlyMap<string, number>;

const BINARY: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const LEVEL = new Map(BINARY.flatMap((operators, level) => operators.map((operator) => [operator, level] as const)));
const TYPE_WORD =
  /^(?:const|volatile|unsigned|signed|char|short|int|long|bool|_Bool|void|struct|union|enum|float|double|size_t|ssize_t|u?int(?:8|16|32|64|ptr)_t|[us](?:8|16|32|64)|__[us](?:8|16|32|64)|gfp_t)$/;

/** Thrown out of the middle of an expression. No Error: that would collect the stack, for nothing, and often. */
class NotConstant {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** Evaluates an integer constant expression whose macros are replaced already. */
export function evaluateNumber(tokens: readonly Token[], constants: Constants): Evaluation<number> {
  // Most expressions are a single token.
  const only = tokens.length === 1 ? tokens[0] : undefined;
  if (only?.kind === 'number') return readNumber(only.text);
  if (only?.kind === 'name') return evaluateName(only.text, constants);
  try {
    const evaluator = new Evaluator(tokens, constants);
    const value = evaluator.conditional();
    evaluator.end();
    return { value };
  } catch (error) {
    if (error instanceof NotConstant) return { why: error.why };
    throw error;
  }
}

/** What a name that is no macro of the module stands for. */
function evaluateName(name: string, constants: Constants): Evaluation<number> {
  if (name === 'NULL' || name === 'false') return { value: 0 };
  if (name === 'true') return { value: 1 };
  const value = constants.get(name) ?? ERRNO.get(name);
  if (value !== undefined) return { value };
  const isMacro = /^[A-Z][A-Z0-9_]*$/.test(name);
  return { why: isMacro ? `${name} is not defined in this module` : `${name} is known only at run time` };
}

function readNumber(text: string): Evaluation<number> {
  const match = /^(0[xX][0-9a-fA-F]+|0[bB][01]+|\d+)([uUlL]*)$/.exec(text);
  if (!match?.[1]) return { why: `${text} is no integer` };
  const digits = match[1];
  const octal = /^0\d+$/.test(digits);
  return { value: octal ? Number.parseInt(digits, 8) : Number(digits) };
}

const MAX_NESTING = 200;

class Evaluator {
  private at = 0;
  private nesting = 0;
  private readonly tokens: readonly Token[];
  private readonly constants: Constants;

  constructor(tokens: readonly Token[], constants: Constants) {
    this.tokens = tokens;
    this.constants = constants;
  }

  end(): void {
    if (this.at < this.tokens.length) throw new NotConstant('not a constant expression');
  }

  conditional(): number {
    if (++this.nesting > MAX_NESTING) throw new NotConstant('nested too deeply');
    const condition = this.binary(0);
    let value = condition;
    if (this.take('?')) {
      const yes = this.take(':') ? condition : this.thenColon();
      const no = this.conditional();
      value = condition !== 0 ? yes : no;
    }
    this.nesting--;
    return value;
  }

  private thenColon(): number {
    const value = this.conditional();
    this.expect(':');
    return value;
  }

  private binary(level: number): number {
    let left = this.unary();
    for (;;) {
      const operator = this.tokens[this.at]?.text ?? '';
      const own = LEVEL.get(operator);
      if (own === undefined || own < level) return left;
      this.at++;
      const right = this.binary(own + 1);
      left = this.apply(operator, left, right);
    }
  }

  private apply(operator: string, a: number, b: number): number {
    switch (operator) {
      case '||':
        return a !== 0 || b !== 0 ? 1 : 0;
      case '&&':
        return a !== 0 && b !== 0 ? 1 : 0;
      case '==':
        return a === b ? 1 : 0;
      case '!=':
        return a !== b ? 1 : 0;
      case '<':
        return a < b ? 1 : 0;
      case '>':
        return a > b ? 1 : 0;
      case '<=':
        return a <= b ? 1 : 0;
      case '>=':
        return a >= b ? 1 : 0;
      case '+':
        return a + b;
      case '-':
        return a - b;
      case '*':
        return a * b;
      case '/':
      case '%':
        if (b === 0) throw new NotConstant('division by zero');
        return operator === '/' ? Math.trunc(a / b) : a % b;
      default:
        return this.bits(operator, a, b);
    }
  }

  private bits(operator: string, a: number, b: number): number {
    const x = BigInt(Math.trunc(a));
    const y = BigInt(Math.trunc(b));
    if ((operator === '<<' || operator === '>>') && (y < 0n || y > 63n)) throw new NotConstant('shift out of range');
    const value =
      operator === '|'
        ? x | y
        : operator === '&'
          ? x & y
          : operator === '^'
            ? x ^ y
            : operator === '<<'
              ? x << y
              : x >> y;
    return Number(value);
  }

  private unary(): number {
    if (++this.nesting > MAX_NESTING) throw new NotConstant('nested too deeply');
    const value = this.unaryInner();
    this.nesting--;
    return value;
  }

  private unaryInner(): number {
    if (this.take('-')) return 0 - this.unary();
    if (this.take('+')) return this.unary();
    if (this.take('!')) return this.unary() === 0 ? 1 : 0;
    if (this.take('~')) return -1 - this.unary();
    if (this.take('(')) {
      if (this.skipType()) return this.unary();
      const value = this.conditional();
      this.expect(')');
      return value;
    }
    const token = this.tokens[this.at++];
    if (!token) throw new NotConstant('the expression is not complete');
    if (token.kind === 'number') {
      const number = readNumber(token.text);
      if ('value' in number) return number.value;
      throw new NotConstant(number.why);
    }
    if (token.kind === 'character') return readCharacter(token.text);
    if (token.kind === 'placeholder') throw new NotConstant(`placeholder ${token.text}`);
    if (token.kind !== 'name') throw new NotConstant('not a constant expression');
    if (token.text === 'sizeof') throw new NotConstant('depends on a size');
    if (this.tokens[this.at]?.text === '(') throw new NotConstant(`depends on ${token.text}()`);
    return this.named(token.text);
  }

  private named(name: string): number {
    const named = evaluateName(name, this.constants);
    if ('value' in named) return named.value;
    throw new NotConstant(named.why);
  }

  /** After `(`: a cast's type and its `)`. */
  private skipType(): boolean {
    let at = this.at;
    if (!TYPE_WORD.test(this.tokens[at]?.text ?? '')) return false;
    while (this.tokens[at] && this.tokens[at]?.text !== ')') {
      const { kind, text } = this.tokens[at] as Token;
      if (kind !== 'name' && text !== '*') return false;
      at++;
    }
    this.at = at + 1;
    return true;
  }

  private take(text: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== 'punctuator' || token.text !== text) return false;
    this.at++;
    return true;
  }

  private expect(text: string): void {
    if (!this.take(text)) throw new NotConstant('not a constant expression');
  }
}

function readCharacter(text: string): number {
  const value = decodeLiteral(text.slice(1, -1));
  if (value.length !== 1) throw new NotConstant(`${text} is no single character`);
  return value.charCodeAt(0);
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\x07',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
};

function decodeLiteral(text: string): string {
  return text.replace(/\\(?:x([0-9a-fA-F]+)|([0-7]{1,3})|\r?\n|([\s\S]))/g, (_, hex, octal, other) => {
    if (hex) return String.fromCharCode(Number.parseInt(hex, 16) & 0xff);
    if (octal) return String.fromCharCode(Number.parseInt(octal, 8) & 0xff);
    return other === undefined ? '' : (ESCAPES[other] ?? other);
  });
}

/** Evaluates an expression that must be a string or a null pointer; casts and parentheses around it don't matter. */
export function evaluateString(given: readonly Token[]): Evaluation<string | null> {
  const tokens = stripCasts(given);
  const only = tokens.length === 1 ? tokens[0] : undefined;
  if (only && (only.text === 'NULL' || only.text === '0')) return { value: null };
  if (tokens.length === 0) return { why: 'nothing is written there' };
  let value = '';
  for (const token of tokens) {
    if (token.kind === 'string') value += decodeLiteral(token.text.replace(/^"|"$/g, ''));
    else if (token.kind === 'placeholder') return { why: `placeholder ${token.text}` };
    else if (token.kind === 'name') {
      const called = tokens[tokens.indexOf(token) + 1]?.text === '(';
      return /^[A-Z]/.test(token.text) || called
        ? { why: `${token.text}${called ? '()' : ''} is not defined in this module` }
        : { why: `${token.text} is known only at run time` };
    } else return { why: 'not a string literal' };
  }
  return { value };
}

/** Takes off parentheses around the whole expression, and casts before it: `(void *)(fn)` is `fn`. */
export function stripCasts(tokens: readonly Token[]): readonly Token[] {
  let rest = tokens;
  for (;;) {
    if (rest[0]?.text !== '(') return rest;
    let depth = 0;
    let close = -1;
    for (let i = 0; i < rest.length && close < 0; i++) {
      if (rest[i]?.text === '(') depth++;
      else if (rest[i]?.text === ')' && --depth === 0) close = i;
    }
    if (close < 0) return rest;
    if (close === rest.length - 1) rest = rest.slice(1, -1);
    else {
      const inside = rest.slice(1, close);
      const isType = inside.length > 0 && inside.every(({ kind, text }) => kind === 'name' || /^[*()]$/.test(text));
      const next = rest[close + 1];
      if (!isType || next?.text === '(' || (next?.kind === 'punctuator' && next.text !== '&')) {
        if (!(isType && next?.text === '(')) return rest;
      }
      rest = rest.slice(close + 1);
    }
  }
}
