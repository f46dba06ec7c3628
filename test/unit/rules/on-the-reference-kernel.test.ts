import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { EXAMPLE_SOURCE } from '../../../server/src/analysis/rules/example-kernel.ts';
import { exampleText } from '../../../server/src/analysis/rules/example-text.ts';
import { RULES } from '../../../server/src/analysis/rules/index.ts';
import { findingsIn, read } from '../../support/check.ts';
import { REFERENCE_KERNEL } from '../../support/reference-kernel.ts';

const SAMPLES = fileURLToPath(new URL('../../../samples/', import.meta.url));
const ABOUT_TARGETS = [
  'func-in-wrong-object',
  'init-target',
  'not-traceable-target',
  'old-name-ambiguous',
  'old-name-not-found',
  'signature-mismatch',
];

function sampleFiles(): string[] {
  return readdirSync(SAMPLES, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.c'))
    .map((path) => join(SAMPLES, path));
}

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

  it.each(sampleFiles().map((path) => [relative(SAMPLES, path), path]))(
    '%s replaces functions that there are, with their signatures',
    (_, path) => {
      const found = findingsIn(read({ 'sample.c': readFileSync(path, 'utf8') }), KNOWN)
        .filter(({ rule }) => ABOUT_TARGETS.includes(rule))
        .map(({ message }) => message);
      expect(found).toEqual([]);
    },
  );

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
