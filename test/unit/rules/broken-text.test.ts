import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEdits, fixAllEdits } from '../../../server/src/analysis/fixes.ts';
import { exampleText } from '../../../server/src/analysis/rules/example-text.ts';
import { RULES } from '../../../server/src/analysis/rules/index.ts';
import { findingsIn, read } from '../../support/check.ts';
import { REFERENCE_KERNEL } from '../../support/reference-kernel.ts';

const TEXTS = RULES.flatMap(({ examples }) => [...examples.bad, ...examples.good]).map(
  (example) => exampleText(example).text,
);

/** What people have in front of them while they type: a piece is gone, doubled, or something stands in between. */
const brokenText = fc
  .record({
    text: fc.constantFrom(...TEXTS),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(60),
    insert: fc.constantFrom(
      '',
      '{',
      '}',
      '(',
      '"',
      '/*',
      '#if 0\n',
      '#endif\n',
      '@@HERE@@',
      ', {',
      'é',
      '😀',
      '.name = ',
    ),
  })
  .map(({ text, at, length, insert }) => {
    const start = Math.floor(at * text.length);
    return text.slice(0, start) + insert + text.slice(start + length);
  });

describe('rules on text that is being typed', () => {
  it('neither throw nor point outside of the text, and their fixes can be applied', () => {
    fc.assert(
      fc.property(brokenText, (text) => {
        const findings = findingsIn(read({ 'typing.c': text }), { name: 'typing', knowledge: REFERENCE_KERNEL });
        for (const { range, related = [], fixes = [] } of findings) {
          for (const place of [range, ...related.map((other) => other.range)]) {
            expect(place.file).toBe('typing.c');
            expect(place.start).toBeGreaterThanOrEqual(0);
            expect(place.end).toBeGreaterThanOrEqual(place.start);
            expect(place.end).toBeLessThanOrEqual(text.length);
          }
          for (const { edits } of fixes) expect(applyEdits(text, edits)).not.toBe(text);
        }
        applyEdits(text, fixAllEdits(findings, 'typing.c'));
      }),
      { numRuns: 300 },
    );
  }, 30_000);
});
