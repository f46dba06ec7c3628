import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { RULES } from '../../server/src/analysis/rules/index.ts';
import { parseKernelVersion } from '../../server/src/kernel/version.ts';
import { type BuiltModule, buildModules, type ModuleSource } from '../../server/src/kernel-runner/build-modules.ts';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import type { GuestFile } from '../../server/src/kernel-runner/guest-image.ts';
import type { GuestPlan } from '../../server/src/kernel-runner/guest-plan.ts';
import { kernelModules } from '../../server/src/kernel-runner/kernel-modules.ts';
import { BYSTANDER, loadSteps } from '../../server/src/kernel-runner/load-steps.ts';
import { type LoadVerdict, loadVerdict } from '../../server/src/kernel-runner/load-verdict.ts';
import { runPlans } from '../../server/src/kernel-runner/run-plans.ts';
import { ALL_KERNELS, CACHE, KERNELS, RESULTS, SAMPLE } from './kernels.ts';
import { disagreement, type RuleExperiment, ruleExperiments, sampleOf } from './rule-experiments.ts';

/** Only rules whose id matches, when the environment variable is set: for work on one rule. */
const ONLY = new RegExp(process.env.KLP_RULES ?? '');
/** `bad`, `fixed` or `good`: only these examples. */
const KIND = process.env.KLP_KIND;
/** Milliseconds of guest time for one example. */
const PLAN_LIMIT = 150_000;

describe.each(KERNELS)('rules on Linux %s', (version) => {
  const kernelVersion = parseKernelVersion(version);
  if (!kernelVersion) throw new Error(`KLP_KERNELS names ${version}, which is no version`);
  const rules = RULES.filter((rule) => ONLY.test(rule.id));
  const all = ruleExperiments(rules, kernelVersion).filter(({ kind }) => KIND === undefined || kind === KIND);
  const experiments = SAMPLE ? sampleOf(all, ALL_KERNELS.indexOf(version)) : all;
  let verdicts = new Map<string, LoadVerdict>();

  beforeAll(async () => {
    verdicts = await runAll(version, experiments);
  }, 1_200_000);

  it.each(experiments.map((experiment) => [nameOf(experiment), experiment] as const))('%s', (_, experiment) => {
    const verdict = verdicts.get(experiment.module);
    if (!verdict) throw new Error('was not run');
    expect(disagreement(experiment, verdict), verdict.log.slice(0, 30).join('\n')).toBeNull();
  });
});

function nameOf({ rule, kind, example }: RuleExperiment): string {
  return `${rule.id}, ${kind}: ${example.title}`;
}

async function runAll(version: string, experiments: readonly RuleExperiment[]): Promise<Map<string, LoadVerdict>> {
  const progress = (text: string) => process.stderr.write(`${text}\n`);
  const kernel = await findKernel(version, { cache: CACHE, progress });
  const built = await buildModules(kernel, [BYSTANDER, ...experiments.map(({ source }) => source)], {
    cache: CACHE,
    progress,
  });
  const loadable = experiments.filter(({ source }) => built.get(source.name)?.ok);
  const plans: GuestPlan[] = loadable.map(({ module, source }) => ({
    name: source.name,
    limit: PLAN_LIMIT,
    steps: loadSteps(module, `/modules/${source.name}.ko`),
  }));
  const requested = await kernelModules(kernel, [...new Set(loadable.flatMap(({ requests }) => requests))]);
  const results = await runPlans(
    kernel,
    plans,
    [...(await koFiles([BYSTANDER, ...loadable.map(({ source }) => source)], built)), ...requested],
    {
      cache: CACHE,
      progress: (done, of, { plan, outcome }) => {
        if (outcome !== 'finished' || done % 25 === 0)
          progress(`Linux ${version}: ${done} of ${of} (${plan}: ${outcome})`);
      },
    },
  );
  const verdicts = new Map<string, LoadVerdict>();
  for (const { module, source } of experiments) {
    const result = results.find(({ plan }) => plan === source.name) ?? null;
    verdicts.set(module, loadVerdict(module, built.get(source.name) ?? null, result));
  }
  if (process.env.KLP_RULES === undefined && KIND === undefined && !SAMPLE)
    await record(version, kernel.release, experiments, verdicts);
  return verdicts;
}

async function koFiles(
  sources: readonly ModuleSource[],
  built: ReadonlyMap<string, BuiltModule>,
): Promise<GuestFile[]> {
  const files: GuestFile[] = [];
  for (const { name } of sources) {
    const result = built.get(name);
    if (result?.ok) files.push({ path: `/modules/${name}.ko`, content: await readFile(result.ko) });
  }
  return files;
}

async function record(
  version: string,
  release: string,
  experiments: readonly RuleExperiment[],
  verdicts: ReadonlyMap<string, LoadVerdict>,
): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  const rows = experiments.map((experiment) => {
    const verdict = verdicts.get(experiment.module);
    return {
      rule: experiment.rule.id,
      evidence: experiment.rule.kernel.evidence,
      claim: experiment.rule.kernel.outcome,
      kind: experiment.kind,
      example: experiment.example.title,
      seen: verdict?.outcome,
      errno: verdict?.errno,
      because: verdict?.because,
      disagreement: verdict ? disagreement(experiment, verdict) : 'was not run',
      log: verdict?.log.filter((line) => !/out-of-tree|TAINT_LIVEPATCH|verification failed/.test(line)).slice(0, 40),
    };
  });
  await writeFile(join(RESULTS, `rules-${version}.json`), `${JSON.stringify({ version, release, rows }, null, 1)}\n`);
}
