import { type Token, tokenize } from './scanner.ts';

/** A macro as `#define` gives it. */
export interface Macro {
  readonly name: string;
  /** Null for an object-like macro. */
  readonly parameters: readonly string[] | null;
  readonly variadic: boolean;
  readonly body: readonly Token[];
  readonly bodyText: string;
}

/** Reads the text behind `#define`; null when it names nothing. */
export function readMacro(rest: string): Macro | null {
  const match = /^([A-Za-z_]\w*)(?:\(([^)]*)\))?/.exec(rest);
  if (!match?.[1]) return null;
  const bodyText = rest.slice(match[0].length).trim();
  const names = match[2] === undefined ? null : match[2].split(',').map((name) => name.trim());
  const last = names?.at(-1) ?? '';
  const variadic = last.endsWith('...');
  const parameters =
    names === null
      ? null
      : names
          .filter((name) => name !== '')
          .map((name) => (name === '...' ? '__VA_ARGS__' : name.replace(/\s*\.\.\.$/, '')));
  return { name: match[1], parameters, variadic, body: tokenize(bodyText, false), bodyText };
}

/** The macros that a module's files define. */
export class MacroTable {
  private readonly macros = new Map<string, Macro>();
  /** Macros with several, different definitions: which one counts depends on `#if`. */
  private readonly ambiguous = new Set<string>();

  add(macro: Macro): void {
    const known = this.macros.get(macro.name);
    if (!known) this.macros.set(macro.name, macro);
    else if (known.bodyText !== macro.bodyText) this.ambiguous.add(macro.name);
  }

  get(name: string): Macro | undefined {
    return this.macros.get(name);
  }

  isAmbiguous(name: string): boolean {
    return this.ambiguous.has(name);
  }
}

/** Real initialisers have hundreds of tokens. More than this comes from macros that multiply each other. */
const MAX_TOKENS = 20_000;

/**
 * Replaces macros as the preprocessor would. Each token that comes out of a macro has the place of the macro's name and
 * arguments in the source. A macro that has several definitions counts as its first one, and its tokens carry a doubt.
 */
export function expand(tokens: readonly Token[], table: MacroTable): readonly Token[] {
  return new Expander(table).expand(tokens, new Set());
}

class Expander {
  private readonly table: MacroTable;
  private count = 0;

  constructor(table: MacroTable) {
    this.table = table;
  }

  expand(tokens: readonly Token[], hidden: ReadonlySet<string>): Token[] {
    const result: Token[] = [];
    for (let i = 0; i < tokens.length; i++) {
      const token = tokens[i] as Token;
      if (++this.count > MAX_TOKENS) return result;
      if (token.kind !== 'name' || hidden.has(token.text)) {
        result.push(token);
        continue;
      }
      const isStringify = /^__stringify(?:_1)?$/.test(token.text);
      const macro = isStringify ? undefined : this.table.get(token.text);
      if (macro?.parameters === null) {
        this.place(result, this.substitute(macro, [], hidden), macro, token, token.end);
        continue;
      }
      const call = (isStringify || macro) && tokens[i + 1]?.text === '(' ? readArguments(tokens, i + 1) : null;
      if (!call) {
        result.push(token);
        continue;
      }
      if (macro) this.place(result, this.substitute(macro, call.arguments, hidden), macro, token, call.end);
      else result.push(this.stringify(joinArguments(call.arguments), hidden, token, call.end));
      i = call.close;
    }
    return result;
  }

  private place(result: Token[], tokens: readonly Token[], macro: Macro, from: Token, end: number): void {
    const ambiguous = this.table.isAmbiguous(macro.name) ? `macro ${macro.name} has several definitions` : undefined;
    const { start, firstOnLine } = from;
    for (const { kind, text, doubt = ambiguous } of tokens) {
      result.push({ kind, text, start, end, firstOnLine, ...(doubt === undefined ? {} : { doubt }) });
    }
  }

  private stringify(given: readonly Token[], hidden: ReadonlySet<string>, from: Token, end: number): Token {
    const tokens = this.expand(given, hidden);
    // An expansion to nothing leaves no token that could carry the doubt.
    const empty = given.find(({ kind, text }) => kind === 'name' && this.table.isAmbiguous(text));
    // A name in capitals is hardly a function's: it stands for something in another header.
    const foreign = tokens.find(({ kind, text }) => kind === 'name' && /^[A-Z][A-Z0-9_]+$/.test(text));
    const doubt =
      tokens.find((token) => token.doubt !== undefined)?.doubt ??
      (empty && `macro ${empty.text} has several definitions`) ??
      (foreign && `macro ${foreign.text} is not defined in this module`);
    const { start, firstOnLine } = from;
    return { kind: 'string', text: quote(tokens), start, end, firstOnLine, ...(doubt === undefined ? {} : { doubt }) };
  }

  private substitute(macro: Macro, given: readonly Token[][], hidden: ReadonlySet<string>): Token[] {
    const parameters = macro.parameters ?? [];
    const values = new Map<string, readonly Token[]>();
    for (const [i, name] of parameters.entries()) {
      const rest = macro.variadic && i === parameters.length - 1;
      values.set(name, rest ? joinArguments(given.slice(i)) : (given[i] ?? []));
    }
    const body: Token[] = [];
    for (let i = 0; i < macro.body.length; i++) {
      const token = macro.body[i] as Token;
      const next = macro.body[i + 1];
      if (token.text === '#' && macro.parameters && next && values.has(next.text)) {
        body.push({ ...next, kind: 'string', text: quote(values.get(next.text) ?? []) });
        i++;
      } else if (token.text === '##') {
        const left = body.pop();
        const rightTokens = next ? (values.get(next.text) ?? [next]) : [];
        const [right, ...others] = rightTokens;
        // GNU C: a comma pasted to empty variable arguments goes away.
        if (left?.text === ',' && next && values.has(next.text)) {
          if (right) body.push(left, ...rightTokens);
        } else if (left && right) body.push(paste(left, right), ...others);
        else if (left) body.push(left);
        else body.push(...rightTokens);
        i++;
      } else {
        const value = values.get(token.text);
        if (!value) body.push(token);
        else if (next?.text === '##') {
          // An operand of ## is not expanded; an empty one still has to be there to paste to.
          if (value.length > 0) body.push(...value);
          else body.push({ ...token, kind: 'name', text: '' });
        } else body.push(...this.expand(value, hidden));
      }
    }
    const inner = new Set(hidden).add(macro.name);
    return this.expand(
      body.filter(({ text }) => text !== ''),
      inner,
    );
  }
}

function paste(left: Token, right: Token): Token {
  return { ...left, kind: left.text === '' ? right.kind : left.kind, text: left.text + right.text };
}

function joinArguments(given: readonly Token[][]): Token[] {
  const result: Token[] = [];
  for (const [i, tokens] of given.entries()) {
    const first = tokens[0];
    if (i > 0) {
      const at = first ?? { start: 0, end: 0, firstOnLine: false };
      result.push({ kind: 'punctuator', text: ',', start: at.start, end: at.start, firstOnLine: false });
    }
    result.push(...tokens);
  }
  return result;
}

/** The spelling of tokens as a string literal. */
function quote(tokens: readonly Token[]): string {
  let text = '';
  let end = -1;
  for (const token of tokens) {
    if (end >= 0 && token.start > end) text += ' ';
    text += token.kind === 'string' || token.kind === 'character' ? token.text.replace(/["\\]/g, '\\$&') : token.text;
    end = token.end;
  }
  return `"${text}"`;
}

/** The arguments of a call whose parenthesis is at `open`; null when it is not closed. */
export function readArguments(
  tokens: readonly Token[],
  open: number,
): { arguments: Token[][]; close: number; end: number } | null {
  const result: Token[][] = [[]];
  let depth = 0;
  for (let i = open; i < tokens.length; i++) {
    const token = tokens[i] as Token;
    const { text } = token;
    if (token.kind === 'punctuator') {
      if (text === '(' || text === '{' || text === '[') depth++;
      if (text === ')' || text === '}' || text === ']') depth--;
      if (depth === 0) return { arguments: result, close: i, end: token.end };
      if (i === open) continue;
      if (text === ',' && depth === 1) {
        result.push([]);
        continue;
      }
    }
    result.at(-1)?.push(token);
  }
  return null;
}
