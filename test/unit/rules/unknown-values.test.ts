import { describe, expect, it } from 'vitest';
import { exampleText } from '../../../server/src/analysis/rules/example-text.ts';
import { RULES } from '../../../server/src/analysis/rules/index.ts';
import { findingsIn, read } from '../../support/check.ts';
import { REFERENCE_KERNEL } from '../../support/reference-kernel.ts';

/** All right modules that are for today's kernels. */
const RIGHT = [
  ...new Set(
    RULES.flatMap(({ examples }) =>
      examples.good.filter(({ kernel, file }) => !kernel && !file).map((example) => exampleText(example).text),
    ),
  ),
];

/**
 * The text with each match of the pattern's first group replaced, one at a time; `block` is the function or table
 * around it, replaced as well.
 */
function* variants(text: string, pattern: RegExp, replacement: string) {
  for (const match of text.matchAll(pattern)) {
    const part = match[1] ?? '';
    const start = match.index + match[0].lastIndexOf(part);
    const source = text.slice(0, start) + replacement + text.slice(start + part.length);
    const from = source.lastIndexOf('\n\n', start);
    const to = source.indexOf('\n\n', start);
    yield { source, block: source.slice(from, to < 0 ? source.length : to) };
  }
}

/** With nothing known of the kernel, and with all of it. */
function errorsIn(source: string): string[] {
  const module = read({ 'uptime_fix.c': source });
  return [null, REFERENCE_KERNEL]
    .flatMap((knowledge) => findingsIn(module, { knowledge }))
    .filter(({ severity }) => severity === 'error')
    .map(({ rule, message }) => `${rule}: ${message}`);
}

describe('a right module with something in it that cannot be known', () => {
  it.each([
    ['a macro of a header as a field’s value', /^\t+\.\w+(?:\.\w+)* = ([^{};]+?),$/gm, 'MACRO_OF_A_HEADER'],
    ['a placeholder as a field’s value', /^\t+\.\w+(?:\.\w+)* = ([^{};]+?),$/gm, '@@VALUE@@'],
    ['a call as a field’s value', /^\t+\.\w+(?:\.\w+)* = ([^{};]+?),$/gm, 'MAKE_IT(uptime, 1)'],
    ['a placeholder in place of a table’s entry', /^\t(\{\n(?:\t\t.*\n)+\t\}),$/gm, '@@ENTRY@@'],
    ['a macro of a header in place of a table’s entry', /^\t(\{\n(?:\t\t.*\n)+\t\}),$/gm, 'ENTRY(uptime_proc_show)'],
    ['a macro of a header in place of the table’s end', /^\t(\{ \})$/gm, 'END_OF_TABLE'],
    ['a macro of a header as an argument', /^(?!MODULE_).*\w\(([^()\n]+)\);$/gm, 'MACRO_OF_A_HEADER'],
  ])(
    'has no error: %s',
    (_, pattern, replacement) => {
      const seen = new Set<string>();
      for (const text of RIGHT) {
        for (const { block, source } of variants(text, pattern, replacement)) {
          // The examples share most of their text.
          if (seen.has(block)) continue;
          seen.add(block);
          expect(errorsIn(source), source).toEqual([]);
        }
      }
      expect(seen.size).toBeGreaterThan(5);
    },
    30_000,
  );
});
