import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { RULES } from '../../server/src/analysis/rules/index.ts';
import { bases } from './bases.ts';
import { MUTATORS } from './mutators/index.ts';
import { findingsOf, judge, type Outcome } from './score.ts';
import { SURVIVORS } from './survivors.ts';

const REPORT = fileURLToPath(new URL('../../.cache/reports/mutation.json', import.meta.url));

const all = bases();
const outcomes: Outcome[] = [];

const isListed = ({ mutator, base }: Outcome): boolean =>
  SURVIVORS.some((survivor) => survivor.mutator === mutator.id && base.includes(survivor.base));

describe('the modules in which faults are made', () => {
  it.each(all.map((base) => [base.name, base] as const))('%s: nothing is wrong with it', (_, base) => {
    const serious = findingsOf(base).filter(({ severity }) => severity === 'error' || severity === 'warning');
    expect(serious.map(({ rule, message }) => `${rule}: ${message}`)).toEqual([]);
  });
});

describe('a fault', () => {
  it.each(MUTATORS.map((mutator) => [mutator.id, mutator] as const))('%s', (_, mutator) => {
    const own = all.flatMap((base) => mutator.faults(base).map((fault) => judge(base, mutator, fault)));
    outcomes.push(...own);
    expect(own.length, 'modules in which it can be made').toBeGreaterThan(0);
    const missed = own.filter((outcome) => outcome.verdict !== 'caught' && !isListed(outcome));
    expect(
      missed.slice(0, 2).map(({ base, verdict, rules, text }) => ({ base, verdict, rules, text })),
      `${mutator.rule} must see ${missed.length} of ${own.length} at their place`,
    ).toEqual([]);
  });
});

describe('the mutators', () => {
  it('have ids of their own and name rules that there are', () => {
    expect(new Set(MUTATORS.map(({ id }) => id)).size).toBe(MUTATORS.length);
    const ids = new Set(RULES.map(({ id }) => id));
    expect(MUTATORS.filter(({ rule }) => !ids.has(rule)).map(({ id, rule }) => `${id}: ${rule}`)).toEqual([]);
  });

  it('are survived by what is listed, and the list is needed', () => {
    for (const { mutator, base } of SURVIVORS) {
      const survived = outcomes.filter(
        (outcome) => outcome.mutator.id === mutator && outcome.base.includes(base) && outcome.verdict !== 'caught',
      );
      expect(survived.length, `${mutator} in ${base}`).toBeGreaterThan(0);
    }
  });
});

// For `npm run fidelity`, which writes the page.
afterAll(() => {
  const count = (verdict: Outcome['verdict']) => outcomes.filter((outcome) => outcome.verdict === verdict).length;
  const report = {
    mutators: MUTATORS.length,
    rules: new Set(MUTATORS.map(({ rule }) => rule)).size,
    ofRules: RULES.length,
    rulesWithout: RULES.map(({ id }) => id).filter((id) => !MUTATORS.some(({ rule }) => rule === id)),
    modules: all.length,
    faults: outcomes.length,
    caught: count('caught'),
    elsewhere: count('elsewhere'),
    byOthers: count('by others'),
    unseen: count('unseen'),
    survivors: SURVIVORS,
  };
  mkdirSync(dirname(REPORT), { recursive: true });
  writeFileSync(REPORT, `${JSON.stringify(report, null, 2)}\n`);
});
