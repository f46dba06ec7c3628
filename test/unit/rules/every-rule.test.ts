import { describe, expect, it } from 'vitest';
import { applyEdits, fixAllEdits } from '../../../server/src/analysis/fixes.ts';
import type { Example, Finding, Rule } from '../../../server/src/analysis/rule.ts';
import { EXAMPLE_KERNEL, EXAMPLE_SOURCE } from '../../../server/src/analysis/rules/example-kernel.ts';
import { exampleText } from '../../../server/src/analysis/rules/example-text.ts';
import { RULES } from '../../../server/src/analysis/rules/index.ts';
import { formatVersion } from '../../../server/src/kernel/version.ts';
import { findingsIn, read } from '../../support/check.ts';
import { lineOf } from '../../support/fixture.ts';

const FILE = 'uptime_fix.c';

describe.each(RULES.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
  it('says everything that its page and the editors need', () => {
    expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    for (const text of [rule.summary, rule.severityReason, rule.kernel.text, rule.explanation]) {
      expect(text.trim()).toMatch(/[.`)]$/);
      expect(text).toBe(text.trim());
    }
    expect(rule.summary).not.toContain('\n');
    expect(rule.examples.bad.length, 'bad examples').toBeGreaterThan(0);
    expect(rule.examples.good.length, 'good examples').toBeGreaterThan(0);
    expect(rule.kernel.errno !== undefined, 'an errno is named when, and only when, insmod fails').toBe(
      rule.kernel.outcome === 'rejected',
    );
    if (rule.kernel.outcome === 'accepted') expect(rule.severity).not.toBe('error');
  });

  it.each(rule.examples.bad.map((example) => [example.title, example] as const))('bad: %s', (_, example) => {
    const { text, markedLines } = exampleText(example);
    expect(markedLines.length, 'lines marked //~').toBeGreaterThan(0);
    const findings = findingsInExample(example, text, rule);
    const own = findings.filter((found) => found.rule === id);
    expect(own.map(({ range }) => lineOf(text, range.start))).toEqual(markedLines);
    expect(
      findings.filter((found) => found.rule !== id && found.severity === 'error'),
      'errors of other rules',
    ).toEqual([]);
  });

  it.each(rule.examples.good.map((example) => [example.title, example] as const))('good: %s', (_, example) => {
    const { text, markedLines } = exampleText(example);
    expect(markedLines).toEqual([]);
    expect(
      findingsInExample(example, text, rule).filter(
        (found) => found.rule === id || found.severity === 'error' || found.severity === 'warning',
      ),
    ).toEqual([]);
  });

  it('has messages of a few plain sentences', () => {
    for (const example of rule.examples.bad) {
      for (const found of findingsInExample(example, exampleText(example).text, rule)) {
        expect(found.message).toMatch(/^[^\n]{20,400}[.?]$/);
        for (const fix of found.fixes ?? []) expect(fix.title).toMatch(/^[A-Z].*[^.]$/);
      }
    }
  });

  it('has fixes that take the finding away and bring no other', () => {
    for (const example of rule.examples.bad) {
      const { text } = exampleText(example);
      const before = findingsInExample(example, text, rule);
      for (const finding of before.filter((found) => found.rule === id)) {
        for (const fix of finding.fixes ?? []) {
          const fixed = applyEdits(text, fix.edits);
          const after = findingsInExample(example, fixed, rule);
          const named = `${example.title}: ${fix.title}\n${fixed}`;
          expect(after.filter((found) => found.rule === id).length, `${named}\nleaves the finding`).toBeLessThan(
            before.filter((found) => found.rule === id).length,
          );
          expect(newFindings(before, after), `${named}\nbrings a new finding`).toEqual([]);
        }
      }
    }
  });

  it('can be fixed all at once, again and again, until nothing safe is left to do', () => {
    for (const example of rule.examples.bad) {
      let { text } = exampleText(example);
      const file = example.file ?? FILE;
      for (let round = 0; ; round++) {
        const edits = fixAllEdits(findingsInExample(example, text, rule), file);
        if (edits.length === 0) break;
        expect(round, `${example.title}: rounds\n${text}`).toBeLessThan(4);
        text = applyEdits(text, edits);
      }
      const left = findingsInExample(example, text, rule).flatMap((found) => found.fixes ?? []);
      expect(left.filter(({ safety }) => safety === 'safe')).toEqual([]);
    }
  });
});

describe('the rules', () => {
  it('have different ids', () => {
    expect(new Set(RULES.map(({ id }) => id)).size).toBe(RULES.length);
  });
});

function findingsInExample(example: Example, text: string, rule: Rule): Finding[] {
  const version = example.kernel ?? (rule.until ? rule.since : undefined);
  const kernel = version ? formatVersion(version) : '6.12';
  const knowledge = rule.needs ? EXAMPLE_KERNEL : null;
  const source = rule.needs === 'source' ? EXAMPLE_SOURCE : undefined;
  return findingsIn(read({ [example.file ?? FILE]: text }), { kernel, knowledge, source });
}

/** What is found after a fix and was not there before, by rule and severity. */
function newFindings(before: readonly Finding[], after: readonly Finding[]): string[] {
  const left = before.map(({ rule }) => rule);
  return after.flatMap(({ rule }) => {
    const at = left.indexOf(rule);
    if (at < 0) return [rule];
    left.splice(at, 1);
    return [];
  });
}
