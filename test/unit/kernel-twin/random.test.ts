import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compare } from '../../kernel/twin/compare.ts';
import { twinRecording } from '../../kernel/twin/on-twin.ts';
import type { RandomRecording } from '../../kernel/twin/random-recording.ts';
import { randomScenario } from '../../kernel/twin/random-scenario.ts';

/** What real kernels did: `KLP_RECORD=1 npm run test:kernel:random -- N` adds to it. */
const FOLDER = fileURLToPath(new URL('../../fixtures/random-traces', import.meta.url));
const recorded = (existsSync(FOLDER) ? readdirSync(FOLDER) : []).flatMap((file) =>
  readFileSync(join(FOLDER, file), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RandomRecording)
    .map((one) => [`${one.scenario.name} on ${one.recording.kernel}`, one] as const),
);

describe.runIf(recorded.length > 0)('the twin does what was recorded of a kernel with a random scenario', () => {
  it.each(recorded)('%s', (_, { scenario, recording }) => {
    expect(compare(recording, twinRecording(scenario, recording)).differences).toEqual([]);
  });
});

describe('the generator of random scenarios', () => {
  const seeds = Array.from({ length: 200 }, (_, i) => i + 1);
  const scenarios = seeds.map(randomScenario);

  it('makes the same scenario from the same seed, and others from others', () => {
    expect(seeds.map(randomScenario)).toEqual(scenarios);
    const stories = scenarios.map(({ patches, steps }) => JSON.stringify([patches, steps]));
    expect(new Set(stories).size).toBe(seeds.length);
  });

  it('waits after each load, and at the end', () => {
    for (const { name, steps } of scenarios) {
      const loads = steps.flatMap((step, index) => (step.do === 'load' ? [steps[index + 1]?.do] : []));
      expect(
        loads.filter((next) => next !== 'settle' && next !== 'wait'),
        name,
      ).toEqual([]);
      expect(['settle', 'wait'], name).toContain(steps.at(-1)?.do);
    }
  });

  it('does not unload the target while a task sleeps in it', () => {
    for (const { name, steps } of scenarios) {
      let sleepers = 0;
      for (const step of steps) {
        if (step.do === 'start' && step.argument !== undefined) sleepers++;
        if (step.do === 'open-gate') sleepers = 0;
        if (step.do === 'unload-target') expect(sleepers, name).toBe(0);
      }
    }
  });

  it('makes scenarios of every kind', () => {
    const steps = scenarios.flatMap((scenario) => scenario.steps);
    const kinds = new Set(steps.map((step) => step.do));
    const wanted = ['load', 'unload', 'load-target', 'unload-target', 'write', 'start', 'open-gate', 'wait', 'settle'];
    expect([...kinds].sort()).toEqual(wanted.sort());
    const patches = scenarios.flatMap((scenario) => Object.values(scenario.patches));
    expect(patches.some(({ replace, states }) => replace && states)).toBe(true);
    expect(steps.some((step) => step.do === 'write' && step.path.endsWith('/force'))).toBe(true);
  });
});
