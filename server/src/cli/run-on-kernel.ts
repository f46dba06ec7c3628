import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ScenarioRecord } from '../../../shared/src/scenario/record.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import { buildModules, type ModuleSource } from '../kernel-runner/build-modules.ts';
import type { Kernel } from '../kernel-runner/find-kernel.ts';
import type { GuestFile } from '../kernel-runner/guest-image.ts';
import { guestTrace } from '../kernel-runner/guest-trace.ts';
import { runPlans } from '../kernel-runner/run-plans.ts';
import { progressText, scenarioPlan, scenarioRecord } from '../kernel-runner/scenario-plan.ts';
import { kbuildFiles, type LoadedScenario } from './scenario-files.ts';
import { UsageError } from './usage.ts';

export interface RunOnKernelOptions {
  readonly cache: string;
  /** Milliseconds that one guest may take. */
  readonly limit: number;
  readonly signal: AbortSignal;
  readonly progress: (text: string) => void;
}

/** What a kernel did with a scenario. */
export interface RealRun {
  readonly record: ScenarioRecord;
  readonly trace: Trace;
}

/**
 * Plays scenarios on a real kernel, as many as possible in one guest.
 *
 * @returns what the kernel did, in the order of the scenarios
 * @throws UsageError when a module can't be built
 */
export async function runOnKernel(
  kernel: Kernel,
  scenarios: readonly LoadedScenario[],
  options: RunOnKernelOptions,
): Promise<RealRun[]> {
  const runs = new Map<LoadedScenario, RealRun>();
  for (const batch of batchesOf(scenarios)) {
    const files = await modulesOf(kernel, batch, options);
    options.progress(`Booting Linux ${kernel.release}`);
    const plans = batch.map(({ file, scenario }) => scenarioPlan(basename(file, '.klpsim.json'), scenario));
    let playing = 0;
    const results = await runPlans(kernel, plans, files, {
      ...options,
      tellTasks: true,
      progress: () => {},
      onReport: (line) => {
        playing = planNumber(line) ?? playing;
        const loaded = batch[playing];
        const text = loaded ? progressText(loaded.scenario, line) : null;
        if (text !== null) options.progress(batch.length === 1 ? text : `${basename(loaded?.file ?? '')}: ${text}`);
      },
    });
    for (const [index, loaded] of batch.entries()) {
      const result = results[index];
      if (!result) continue;
      const { scenario } = loaded;
      runs.set(loaded, {
        record: scenarioRecord(scenario, kernel.version, result),
        trace: guestTrace(scenario, kernel.version, result, (original) => replacementsOf(loaded, original)),
      });
    }
  }
  return scenarios.map((loaded) => {
    const run = runs.get(loaded);
    if (!run) throw new Error(`${loaded.file} was not played.`);
    return run;
  });
}

/** The functions that a scenario's livepatches put in place of one of the kernel. */
function replacementsOf({ scenario, imageOf }: LoadedScenario, original: string): string[] {
  const images = scenario.steps.flatMap((step) => (step.do === 'load' ? [imageOf(step)] : []));
  const funcs = images.flatMap(({ objects }) => objects.flatMap((object) => object.funcs));
  return [...new Set(funcs.filter(({ oldName }) => oldName === original).map(({ newFunc }) => newFunc))];
}

/** Which plan a line of the guest's report begins; null when it begins none. */
function planNumber(line: string): number | null {
  const number = /^\{"type":"plan","at":\d+,"plan":(\d+)\}/.exec(line)?.[1];
  return number === undefined ? null : Number(number);
}

function sourcesOf({ sources }: LoadedScenario): ModuleSource[] {
  return [...sources].map(([name, files]) => ({ name, files: kbuildFiles(name, files) }));
}

/** In one guest a module's name stands for one source: scenarios that call two sources alike don't share one. */
function batchesOf(scenarios: readonly LoadedScenario[]): LoadedScenario[][] {
  const batches: { readonly texts: Map<string, string>; readonly scenarios: LoadedScenario[] }[] = [];
  for (const loaded of scenarios) {
    const own = sourcesOf(loaded).map(({ name, files }) => [name, JSON.stringify(files)] as const);
    let batch = batches.find(({ texts }) => own.every(([name, text]) => (texts.get(name) ?? text) === text));
    if (!batch) {
      batch = { texts: new Map(), scenarios: [] };
      batches.push(batch);
    }
    for (const [name, text] of own) batch.texts.set(name, text);
    batch.scenarios.push(loaded);
  }
  return batches.map((batch) => batch.scenarios);
}

async function modulesOf(
  kernel: Kernel,
  batch: readonly LoadedScenario[],
  options: RunOnKernelOptions,
): Promise<GuestFile[]> {
  const sources = new Map(batch.flatMap(sourcesOf).map((source) => [source.name, source]));
  const files: GuestFile[] = [];
  for (const [name, built] of await buildModules(kernel, [...sources.values()], options)) {
    if (!built.ok) throw new UsageError(`${name} can't be built for ${kernel.release}:\n${built.errors.trim()}`);
    files.push({ path: `/modules/${name}.ko`, content: await readFile(built.ko) });
  }
  return files;
}
