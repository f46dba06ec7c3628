import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PATCHING_MODELS } from '../../../shared/src/comparison/models/index.ts';
import { REPLACE_POLICIES } from '../../../shared/src/simulator/replace/index.ts';
import { timeText } from '../../../shared/src/simulator/time-text.ts';

/** docs/models.md names what can be chosen, and what it stands for. */
const page = readFileSync('docs/models.md', 'utf8');

describe.each(PATCHING_MODELS.map((model) => [model.id, model] as const))('the page on models, %s', (id, model) => {
  const section = page.split('\n### ').find((each) => each.split('\n')[0]?.includes(`\`${id}\``)) ?? '';

  it('names its sources and limits', () => {
    for (const text of [...model.sources, ...model.cannot]) expect(section).toContain(text);
  });

  it('names its parameters with their defaults, and its variants', () => {
    for (const { name, value, unit, source } of model.parameters) {
      expect(section).toContain(`| \`${name}\` | ${unit === 'us' ? timeText(value) : value} |`);
      expect(section).toContain(source);
    }
    for (const { name, values } of model.variants) {
      expect(section).toContain(`\`${name}\``);
      for (const { value, about } of values) expect(section).toContain(`\`${value}\`: ${about}`);
    }
  });
});

it('names each replace policy', () => {
  for (const { id, released } of REPLACE_POLICIES) {
    if (!released) expect(page).toContain(`\`6.12+${id}\``);
  }
});

it('stands in the command line’s help with each model', () => {
  const help = readFileSync('server/src/cli/usage.ts', 'utf8');
  const ids = /IDs: ([^;]+);/.exec(help)?.[1]?.split(/,\s+/);
  expect(ids).toEqual(PATCHING_MODELS.map(({ id }) => id));
});
