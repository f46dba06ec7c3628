import { describe, expect, it } from 'vitest';
import { EXAMPLE_SOURCE } from '../../../server/src/analysis/rules/example-kernel.ts';
import { exampleText } from '../../../server/src/analysis/rules/example-text.ts';
import { RULES } from '../../../server/src/analysis/rules/index.ts';
import { findingsIn, read } from '../../support/check.ts';
import { REFERENCE_KERNEL } from '../../support/reference-kernel.ts';

const KNOWN = { knowledge: REFERENCE_KERNEL, source: EXAMPLE_SOURCE };

describe('with a whole kernel known', () => {
  it('right modules have no warning', () => {
    const seen = new Set<string>();
    for (const { examples } of RULES) {
      for (const example of examples.good) {
        const { text } = exampleText(example);
        if (example.kernel || seen.has(text)) continue;
        seen.add(text);
        const alarms = findingsIn(read({ [example.file ?? 'uptime_fix.c']: text }), KNOWN)
          .filter(({ severity }) => severity === 'error' || severity === 'warning')
          .map(({ rule, message }) => `${rule}: ${message}`);
        expect(alarms, text).toEqual([]);
      }
    }
    expect(seen.size).toBeGreaterThan(50);
  });

  it.each(RULES.filter(({ needs }) => needs).map((rule) => [rule.id, rule] as const))(
    '%s finds its own examples',
    (id, { examples }) => {
      for (const example of examples.bad) {
        const { text } = exampleText(example);
        const findings = findingsIn(read({ 'uptime_fix.c': text }), KNOWN);
        expect(
          findings.map(({ rule }) => rule),
          example.title,
        ).toContain(id);
      }
    },
  );
});
