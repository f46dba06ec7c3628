import { lineRange } from './diff-code.ts';
import type { DiffRule } from './diff-rule.ts';
import type { CodeToken } from './hunk-code.ts';

export const rule: DiffRule = {
  id: 'diff-enum-values',
  severity: 'warning',
  severityReason: 'Whether a value is stored, or known to code that is not patched, is not in the diff.',
  summary: 'Gives a constant of an enum another value.',
  kernel: 'Code that is not patched, and data that is stored already, go on using the old value.',
  evidence: 'kernel source',
  check(code) {
    return code.files.flatMap(({ hunks }) =>
      hunks
        .flatMap(({ changed }) => changed)
        .flatMap(({ scope, line, old: before, new: after }) => {
          const name = scope.kind === 'enum' ? renumbered(before, after) : null;
          if (name === null) return [];
          return [
            {
              range: lineRange(code, line),
              message: `${name} gets another value. Code that is not patched goes on using the old one.`,
            },
          ];
        }),
    );
  },
};

/** The first constant that has another value than before, as far as the hunk tells. */
function renumbered(before: readonly CodeToken[], after: readonly CodeToken[]): string | null {
  const [old, now] = [valuesOf(before), valuesOf(after)];
  for (const [name, value] of old) {
    const other = now.get(name);
    if (!other || countsTheOthers(name)) continue;
    if (value.from === other.from ? value.add !== other.add : differ(value, other)) return name;
  }
  return null;
}

interface Value {
  /** What the value is counted from: an expression, or nothing for the first constant that the hunk shows. */
  readonly from: string;
  readonly add: number;
}

function valuesOf(code: readonly CodeToken[]): Map<string, Value> {
  const values = new Map<string, Value>();
  let next: Value = { from: '', add: 0 };
  for (const [name, ...rest] of enumerators(code)) {
    if (name === undefined) continue;
    if (rest[0] === '=') next = { from: rest.slice(1).join(' '), add: 0 };
    // What is no plain enumerator, such as a macro, may stand for any number of them.
    else if (rest.length > 0) next = { from: [name, ...rest].join(' '), add: 0 };
    values.set(name, next);
    next = { ...next, add: next.add + 1 };
  }
  return values;
}

/** The tokens between commas. */
function enumerators(code: readonly CodeToken[]): string[][] {
  const found: string[][] = [[]];
  let depth = 0;
  for (const { token } of code) {
    if (/^[([{]$/.test(token.text)) depth++;
    else if (/^[)\]}]$/.test(token.text)) depth--;
    if (token.text === ',' && depth === 0) found.push([]);
    else found.at(-1)?.push(token.text);
  }
  return found;
}

/** Values that are counted from different expressions are known to differ only when both are numbers. */
function differ(a: Value, b: Value): boolean {
  const [first, second] = [a, b].map(({ from, add }) =>
    /^(?:0[xX][\da-fA-F]+|0|[1-9]\d*)$/.test(from) ? Number(from) + add : NaN,
  );
  return first !== second && !Number.isNaN(first) && !Number.isNaN(second);
}

/** A last constant that says how many there are has to change when one is added before it. */
function countsTheOthers(name: string): boolean {
  return /^__|(?:^|_)(?:MAX|NR|NUM|COUNT|CNT|LAST|END|SIZE)(?:_|$)/i.test(name);
}
