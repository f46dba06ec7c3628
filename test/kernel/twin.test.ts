import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildModules } from '../../server/src/kernel-runner/build-modules.ts';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import type { GuestFile } from '../../server/src/kernel-runner/guest-image.ts';
import type { PlanResult } from '../../server/src/kernel-runner/guest-report.ts';
import { runPlans } from '../../server/src/kernel-runner/run-plans.ts';
import { CACHE, KERNELS, RESULTS, ROOT } from './kernels.ts';
import { type Comparison, compare } from './twin/compare.ts';
import { livepatchSource } from './twin/livepatch-source.ts';
import { twinRecording } from './twin/on-twin.ts';
import { recordingOf, recordingText, scenarioPlan } from './twin/recording.ts';
import { type Scenario, withOwnNames } from './twin/scenario.ts';
import { SCENARIOS } from './twin/scenarios.ts';
import { targetSource } from './twin/target-source.ts';

/** Only scenarios whose name matches, when the environment variable is set: for work on one. */
const ONLY = new RegExp(process.env.KLP_SCENARIOS ?? '');
/** Whether what the kernels do is written to test/fixtures/kernel-traces/, from which the unit tests play it. */
const RECORD = process.env.KLP_RECORD === '1';

describe.each(KERNELS)('the twin and Linux %s', (version) => {
  const scenarios = SCENARIOS.filter(({ name }) => ONLY.test(name));
  const comparisons = new Map<string, Comparison | Error>();

  beforeAll(async () => {
    const { release, results } = await runAll(version, scenarios);
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

async function runAll(
  version: string,
  scenarios: readonly Scenario[],
): Promise<{ release: string; results: readonly PlanResult[] }> {
  const progress = (text: string) => process.stderr.write(`${text}\n`);
  const kernel = await findKernel(version, { cache: CACHE, progress });
  const targets = [...new Set(scenarios.flatMap(({ targets }) => targets ?? []))];
  const own = scenarios.map(withOwnNames);
  const sources = [
    ...own.flatMap(({ patches }) => Object.entries(patches).map(([name, sketch]) => livepatchSource(name, sketch))),
    ...targets.map(targetSource),
  ];
  const built = await buildModules(kernel, sources, { cache: CACHE, progress });
  const files: GuestFile[] = [];
  for (const [name, result] of built) {
    if (!result.ok) throw new Error(`${name} can't be built:\n${result.errors}`);
    files.push({ path: `/modules/${name}.ko`, content: await readFile(result.ko) });
  }
  const results = await runPlans(kernel, own.map(scenarioPlan), files, {
    cache: CACHE,
    progress: (done, of, { plan, outcome }) => {
      if (outcome !== 'finished' || done % 10 === 0)
        progress(`Linux ${version}: ${done} of ${of} (${plan}: ${outcome})`);
    },
  });
  return { release: kernel.release, results };
}

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
