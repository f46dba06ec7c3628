import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { diffRuleById } from '../../../server/src/analysis/diff-rules/index.ts';
import { ruleById } from '../../../server/src/analysis/rules/index.ts';
import { WORKSPACE_RULES } from '../../../server/src/analysis/workspace-rules/index.ts';

const MISTAKES = 176;
const workspaceRules = WORKSPACE_RULES.map(({ id }) => id);

/** The list's rows: number, and the rule or the reason why there is none. */
const rows = readFileSync(fileURLToPath(new URL('../../../docs/rules/coverage.md', import.meta.url)), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const row = /^\| (\d+) \| ([^|]+) \| ([^|]+) \|$/.exec(line);
    return row ? [{ number: Number(row[1]), what: row[2] ?? '', answer: row[3] ?? '' }] : [];
  });

it('lists each mistake once', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: MISTAKES }, (_, index) => index + 1));
});

it('names rules that exist, or a reason', () => {
  for (const { number, answer } of rows) {
    const rules = [...answer.matchAll(/\[([a-z0-9-]+)\]\(([^)]+)\)/g)];
    for (const [, id = '', page] of rules) {
      expect(ruleById(id), `${number}: ${id}`).toBeDefined();
      expect(page).toBe(`${id}.md`);
    }
    const [, together] = /^`([a-z-]+)`, among all modules of a workspace$/.exec(answer) ?? [];
    const [, diffRules] = /^(`[a-z-]+`(?:, `[a-z-]+`)*), in diffs for klp-build and kpatch-build$/.exec(answer) ?? [];
    if (together !== undefined) expect(workspaceRules, `${number}`).toContain(together);
    else if (diffRules !== undefined) {
      for (const id of diffRules.replaceAll('`', '').split(', '))
        expect(diffRuleById(id), `${number}: ${id}`).toBeDefined();
    } else if (rules.length === 0) expect(answer, `${number}`).toMatch(/^[A-Z].{10,}\.$/);
  }
});
