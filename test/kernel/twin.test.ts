import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { PlanResult } from '../../server/src/kernel-runner/guest-report.ts';
import { KERNELS, RESULTS, ROOT } from './kernels.ts';
import { type Comparison, compare } from './twin/compare.ts';
import { twinRecording } from './twin/on-twin.ts';
import { recordingOf, recordingText } from './twin/recording.ts';
import { runScenarios } from './twin/run-scenarios.ts';
import { type Scenario, withOwnNames } from './twin/scenario.ts';
import { SCENARIOS } from './twin/scenarios.ts';

/** Only scenarios whose name matches, when the environment variable is set: for work on one. */
const ONLY = new RegExp(process.env.KLP_SCENARIOS ?? '');
/** Whether what the kernels do is written to test/fixtures/kernel-traces/, from which the unit tests play it. */
const RECORD = process.env.KLP_RECORD === '1';

describe.each(KERNELS)('the twin and Linux %s', (version) => {
  const scenarios = SCENARIOS.filter(({ name }) => ONLY.test(name));
  const comparisons = new Map<string, Comparison | Error>();

  beforeAll(async () => {
    const { release, results } = await runScenarios(version, scenarios);
    for (const scenario of scenarios) comparisons.set(scenario.name, await judge(version, scenario, results));
    if (process.env.KLP_SCENARIOS === undefined) await report(version, release, comparisons);
  }, 1_200_000);

  it.each(scenarios.map(({ name }) => name))('%s', (name) => {
    const comparison = comparisons.get(name);
    if (!comparison) throw new Error('was not run');
    if (comparison instanceof Error) throw comparison;
    expect(comparison.differences.join('\n')).toBe('');
  });
});

async function judge(version: string, scenario: Scenario, results: readonly PlanResult[]): Promise<Comparison | Error> {
  const own = withOwnNames(scenario);
  const result = results.find(({ plan }) => plan === own.name);
  if (!result) return new Error('was not run');
  try {
    const real = recordingOf(own, version, result);
    if (RECORD) {
      const file = join(ROOT, 'test/fixtures/kernel-traces', `${scenario.name}.${version}.json`);
      await writeFile(file, recordingText(real));
    }
    return compare(real, twinRecording(own, real));
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

async function report(
  version: string,
  release: string,
  comparisons: ReadonlyMap<string, Comparison | Error>,
): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const scenarios = [...comparisons].map(([name, comparison]) =>
    comparison instanceof Error
      ? { name, steps: 0, logLines: 0, sysfsEntries: 0, patchStates: 0, differences: [comparison.message] }
      : { name, ...comparison },
  );
  const file = join(RESULTS, `twin-${version}.json`);
  await writeFile(file, `${JSON.stringify({ version, release, scenarios }, null, 1)}\n`);
}
