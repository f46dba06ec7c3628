import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judge } from '../../../shared/src/scenario/judge.ts';
import { play } from '../../../shared/src/scenario/play.ts';
import { imagesFrom, scenarioOf } from './scenarios.ts';

const FOLDER = join(import.meta.dirname, '../../../samples/scenarios');
/** Those in `proposals` are for kernels that nobody has: the tests on real kernels leave them out. */
const files = readdirSync(FOLDER, { recursive: true, encoding: 'utf8' }).filter((name) =>
  name.endsWith('.klpsim.json'),
);

describe('the sample scenarios', () => {
  it('are there', () => {
    expect(files.length).toBeGreaterThanOrEqual(6);
  });

  it.each(files)('%s comes out as it says, on each of its kernels', (file) => {
    const scenario = scenarioOf(readFileSync(join(FOLDER, file), 'utf8'));
    const textOf = ([name, path]: [string, string]): [string, string] => [
      name,
      readFileSync(join(FOLDER, dirname(file), path), 'utf8'),
    ];
    for (const entry of scenario.targets) expect(textOf(entry)[1]).toContain('module_init(');
    const imageOf = imagesFrom(new Map([...scenario.modules].map(textOf)));
    for (const kernel of scenario.kernels) {
      const { record } = play(scenario, { kernel, imageOf });
      expect(
        judge(scenario, record).failures.map(({ step, message }) => `${kernel}, step ${step + 1}: ${message}`),
      ).toEqual([]);
    }
  });
});
