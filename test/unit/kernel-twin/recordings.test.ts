import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { compare } from '../../kernel/twin/compare.ts';
import { twinRecording } from '../../kernel/twin/on-twin.ts';
import type { Recording } from '../../kernel/twin/recording.ts';
import { stepText, withOwnNames } from '../../kernel/twin/scenario.ts';
import { SCENARIOS } from '../../kernel/twin/scenarios.ts';

/** What real kernels did: `KLP_RECORD=1 npm run test:kernel` writes it. */
const FOLDER = fileURLToPath(new URL('../../fixtures/kernel-traces', import.meta.url));
const recordings = readdirSync(FOLDER).map(
  (file) => [file.replace(/\.json$/, ''), JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recording] as const,
);

const scenarioOf = (recording: Recording) => {
  const scenario = SCENARIOS.map(withOwnNames).find(({ name }) => name === recording.scenario);
  if (!scenario) throw new Error(`There is no scenario ${recording.scenario} any more: delete its recordings.`);
  return scenario;
};

describe('the twin does what was recorded of a kernel', () => {
  it.each(recordings)('%s', (_, recording) => {
    const scenario = scenarioOf(recording);
    expect(scenario.steps.map(stepText), 'the scenario changed: record it again').toEqual(
      recording.steps.map(({ step }) => step),
    );
    expect(compare(recording, twinRecording(scenario, recording)).differences).toEqual([]);
  });
});

it('has a recording of every scenario on both kernels', () => {
  const names = recordings.map(([name]) => name);
  expect(names.sort()).toEqual(SCENARIOS.flatMap(({ name }) => [`${name}.6.1`, `${name}.6.12`]).sort());
});

describe('the comparison', () => {
  const [, recording] = recordings.find(([name]) => name === 'epoll-gets-eintr.6.12') ?? [];
  if (!recording) throw new Error('the recording that these tests change is not there');
  const twin = twinRecording(scenarioOf(recording), recording);
  const settle = recording.steps.length - 1;
  const changed = (index: number, change: Partial<Recording['steps'][number]>): Recording => ({
    ...recording,
    steps: recording.steps.map((step, i) => (i === index ? { ...step, ...change } : step)),
  });
  const differences = (real: Recording) => compare(real, twin).differences;

  it('sees another errno', () => {
    expect(differences(changed(2, { errno: -16 }))).toEqual([expect.stringContaining('errno -16, twin 0')]);
  });

  it('sees a line that is missing, and lines in another order', () => {
    const { log } = recording.steps[2] ?? { log: [] };
    expect(differences(changed(2, { log: log.slice(1) }))).toHaveLength(1);
    expect(differences(changed(2, { log: [...log].reverse() }))).toHaveLength(1);
  });

  it('sees another value in sysfs, and another patch_state', () => {
    const { sysfs, tasks } = recording.steps[settle] ?? { sysfs: {}, tasks: [] };
    const file = Object.keys(sysfs).find((path) => path.endsWith('/enabled')) ?? '';
    expect(differences(changed(settle, { sysfs: { ...sysfs, [file]: '0' } }))).toEqual([
      expect.stringContaining(`${file} is "0", twin "1"`),
    ]);
    expect(differences(changed(settle, { tasks: tasks.map((task) => ({ ...task, patchState: 1 })) }))).toHaveLength(2);
  });

  it('sees who got EINTR', () => {
    const { tasks } = recording.steps[settle] ?? { tasks: [] };
    expect(tasks.find(({ name }) => name === 'waiter')?.eintr).toBe(1);
    expect(differences(changed(settle, { tasks: tasks.map((task) => ({ ...task, eintr: 0 })) }))).toEqual([
      expect.stringContaining('waiter got EINTR 0 times, twin 1'),
    ]);
  });
});
