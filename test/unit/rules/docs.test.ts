import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { fixesOf } from '../../../scripts/rule-docs/fixes.ts';
import { rulePages } from '../../../scripts/rule-docs/pages.ts';
import { RULES } from '../../../server/src/analysis/rules/index.ts';
import { parser } from '../../support/parser.ts';

const folder = fileURLToPath(new URL('../../../docs/rules/', import.meta.url));
const pages = rulePages(RULES, (rule) => fixesOf(rule, parser));

it('has one page for each rule and the index, and no others', () => {
  const written = readdirSync(folder).filter((file) => file !== 'coverage.md');
  expect(written.toSorted(), 'run "npm run docs"').toEqual([...pages.keys()].toSorted());
});

it('has pages that say what the rules say', () => {
  const outdated = [...pages].filter(([file, text]) => readFileSync(folder + file, 'utf8') !== text);
  expect(
    outdated.map(([file]) => file),
    'run "npm run docs"',
  ).toEqual([]);
});

it('shows in each page a line that is marked, and a module without marks', () => {
  for (const { id } of RULES) {
    const text = pages.get(`${id}.md`) ?? '';
    const [wrong, right] = text.split('## Right');
    expect(wrong, id).toContain('// <-- here');
    expect(right, id).toContain('```c');
    expect(right, id).not.toContain('// <-- here');
    expect(text, id).not.toContain('//~');
  }
});
