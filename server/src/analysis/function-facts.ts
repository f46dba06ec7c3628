import { BodyReader } from './body-reader.ts';
import { matching, readDeclaration } from './declarators.ts';
import { maskKernelMacros } from './mask.ts';
import type { CParser } from './parser.ts';
import type { Token } from './scanner.ts';

/** Offsets relative to the top-level item. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type ResultFact =
  | { readonly kind: 'dropped' | 'returned' | 'tested' | 'other' }
  | {
      readonly kind: 'assigned';
      readonly to: string;
      readonly tested: boolean;
      readonly returned: boolean;
      readonly dereferencedFirst: Span | null;
    };

export interface CallFact extends Span {
  readonly callee: string;
  readonly calleeSpan: Span;
  readonly arguments: readonly ExpressionFact[];
  readonly result: ResultFact;
}

/** An expression that may be a constant, with the tokens that tell. */
export interface ExpressionFact extends Span {
  readonly text: string;
  /** Null when it can be none, whatever the module's macros are. */
  readonly tokens: readonly Token[] | null;
}

export interface WriteFact extends Span {
  readonly target: string;
  readonly variable: string;
  readonly field: string;
  readonly value: Span;
}

/** What a function's body says, read from its own text alone. */
export interface BodyFacts {
  readonly calls: readonly CallFact[];
  readonly returns: readonly { readonly span: Span; readonly value: ExpressionFact | null }[];
  readonly staticLocals: readonly { readonly name: string; readonly span: Span }[];
  readonly uses: readonly string[];
  /** Assignments whose left side is more than a name: `patch.replace = x`, `objs[0].funcs = y`, `p->mod = z`. */
  readonly writes: readonly WriteFact[];
  /** `f = funcs`, `f = &objs[0]`: plain names on the right, for telling that a table has a second name. */
  readonly aliases: readonly { readonly to: string; readonly of: string }[];
  /** Arguments that are a name, `&name` or `&name[i]`. */
  readonly passed: readonly { readonly callee: string; readonly variable: string }[];
}

const KEYWORDS = new Set(
  (
    'if else for while do switch case default return break continue goto sizeof typeof __typeof__ struct union enum ' +
    'static extern const volatile inline register auto void char short int long float double signed unsigned bool asm ' +
    '__asm__ __attribute__'
  ).split(' '),
);

/**
 * Reads a function's body. `text` is the item's text, `body` the span of the braces in it.
 */
export function readBody(parser: CParser, text: string, tokens: readonly Token[], body: Span): BodyFacts {
  const source = text.slice(body.start, body.end);
  const root = parser.parse(maskKernelMacros(source));
  const reader = new BodyReader(source, body.start);
  reader.visit(root);
  const { calls, returns, ...facts } = reader.facts();
  const passed: { callee: string; variable: string }[] = [];
  const expression = (span: Span) => readExpression(text, tokens, span);
  return {
    ...facts,
    calls: calls.map((call) => {
      const given = call.arguments.map(expression);
      for (const argument of given) {
        const variable = /^&?\s*([A-Za-z_]\w*)\s*(?:\[[^\]]*\])?$/.exec(argument.text)?.[1];
        if (variable) passed.push({ callee: call.callee, variable });
      }
      return { ...call, arguments: given };
    }),
    returns: returns.map(({ span, value }) => ({ span, value: value && expression(value) })),
    uses: readUses(tokens, body),
    passed,
  };
}

function readExpression(text: string, tokens: readonly Token[], span: Span): ExpressionFact {
  const { start, end } = span;
  const own = tokensIn(tokens, span);
  const [first] = own;
  const never =
    first?.text === '&' || own.some(({ kind, text: word }) => kind === 'string' || word === '->' || word === '.');
  return { start, end, text: text.slice(start, end), tokens: never ? null : own };
}

/** The tokens of a span; they are in order, so the first one is found by halving. */
function tokensIn(tokens: readonly Token[], { start, end }: Span): readonly Token[] {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens[middle] as Token).start < start) low = middle + 1;
    else high = middle;
  }
  let last = low;
  while (last < tokens.length && (tokens[last] as Token).end <= end) last++;
  return tokens.slice(low, last).filter(({ kind }) => kind !== 'directive');
}

/** Identifiers that are more than a callee or a field's name. */
function readUses(tokens: readonly Token[], body: Span): string[] {
  const uses = new Set<string>();
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.kind !== 'name' || token.start < body.start || token.end > body.end) continue;
    const before = tokens[i - 1]?.text;
    if (before === '.' || before === '->' || before === 'goto' || KEYWORDS.has(token.text)) continue;
    if (tokens[i + 1]?.text === '(') continue;
    uses.add(token.text);
  }
  return [...uses];
}

/** Declarations of `struct klp_…` variables inside a body, as token ranges. */
export function readLocalDeclarations(tokens: readonly Token[], body: Span): { tokens: readonly Token[] }[] {
  const result: { tokens: readonly Token[] }[] = [];
  for (let i = 1; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    if (token.start < body.start || token.end > body.end) continue;
    if (token.text !== 'struct' || !/^klp_\w+$/.test(tokens[i + 1]?.text ?? '')) continue;
    let first = i;
    while (/^(?:static|const|volatile|__\w+)$/.test(tokens[first - 1]?.text ?? '')) first--;
    const before = tokens[first - 1];
    if (before && !/^[{};:]$/.test(before.text) && before.kind !== 'directive') continue;
    let end = i;
    while (end < tokens.length && tokens[end]?.text !== ';') {
      end = /^[([{]$/.test(tokens[end]?.text ?? '') ? matching(tokens, end) + 1 : end + 1;
    }
    const part = tokens.slice(first, end + 1);
    if (readDeclaration(part)) result.push({ tokens: part });
    i = end;
  }
  return result;
}
