import { readFile } from 'node:fs/promises';
import { buildModules } from '../../../server/src/kernel-runner/build-modules.ts';
import { findKernel } from '../../../server/src/kernel-runner/find-kernel.ts';
import type { GuestFile } from '../../../server/src/kernel-runner/guest-image.ts';
import { runPlans } from '../../../server/src/kernel-runner/run-plans.ts';
import { scenarioPlan, scenarioRecord } from '../../../server/src/kernel-runner/scenario-plan.ts';
import type { ScenarioRecord } from '../../../shared/src/scenario/record.ts';
import { CACHE } from '../kernels.ts';
import { livepatchSource } from './livepatch-source.ts';
import { type Story, scenarioOf } from './story.ts';
import { targetSource } from './target-source.ts';

/**
 * Builds the modules of the stories and plays all of them on a kernel. Modules of one name must be the same in all stories
 * (withOwnNames).
 *
 * @returns the kernel's `uname -r`, and a record for each story in their order
 * @throws Error when a module can't be built or the kernel does not boot
 */
export async function runStories(
  version: string,
  stories: readonly Story[],
): Promise<{ release: string; records: readonly ScenarioRecord[] }> {
  const progress = (text: string) => process.stderr.write(`${text}\n`);
  const kernel = await findKernel(version, { cache: CACHE, progress });
  const targets = [...new Set(stories.flatMap(({ targets }) => targets ?? []))];
  const sources = [
    ...stories.flatMap(({ patches }) => Object.entries(patches).map(([name, sketch]) => livepatchSource(name, sketch))),
    ...targets.map(targetSource),
  ];
  const different = new Map(sources.map((source) => [source.name, source]));
  const built = await buildModules(kernel, [...different.values()], { cache: CACHE, progress });
  const files: GuestFile[] = [];
  for (const [name, result] of built) {
    if (!result.ok) throw new Error(`${name} can't be built:\n${result.errors}`);
    files.push({ path: `/modules/${name}.ko`, content: await readFile(result.ko) });
  }
  const scenarios = stories.map(scenarioOf);
  const plans = scenarios.map((scenario, index) => scenarioPlan(stories[index]?.name ?? '', scenario));
  const results = await runPlans(kernel, plans, files, {
    cache: CACHE,
    progress: (done, of, { plan, outcome }) => {
      if (outcome !== 'finished' || done % 10 === 0)
        progress(`Linux ${version}: ${done} of ${of} (${plan}: ${outcome})`);
    },
  });
  const records = results.map((result, index) =>
    scenarioRecord(scenarios[index] as (typeof scenarios)[number], version, result),
  );
  return { release: kernel.release, records };
}
