import { readFile } from 'node:fs/promises';
import { buildModules } from '../../../server/src/kernel-runner/build-modules.ts';
import { findKernel } from '../../../server/src/kernel-runner/find-kernel.ts';
import type { GuestFile } from '../../../server/src/kernel-runner/guest-image.ts';
import type { PlanResult } from '../../../server/src/kernel-runner/guest-report.ts';
import { runPlans } from '../../../server/src/kernel-runner/run-plans.ts';
import { CACHE } from '../kernels.ts';
import { livepatchSource } from './livepatch-source.ts';
import { scenarioPlan } from './recording.ts';
import { type Scenario, withOwnNames } from './scenario.ts';
import { targetSource } from './target-source.ts';

/**
 * Builds the modules of the scenarios and plays all of them on a kernel, with their own module names.
 *
 * @returns the kernel's `uname -r`, and a result for each scenario in their order
 * @throws Error when a module can't be built or the kernel does not boot
 */
export async function runScenarios(
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
