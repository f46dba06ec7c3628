import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { patchImages } from '../../server/src/analysis/patch-images.ts';
import { buildModules } from '../../server/src/kernel-runner/build-modules.ts';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import type { PlanResult } from '../../server/src/kernel-runner/guest-report.ts';
import { runPlans } from '../../server/src/kernel-runner/run-plans.ts';
import { scenarioPlan, scenarioRecord } from '../../server/src/kernel-runner/scenario-plan.ts';
import { readScenario } from '../../server/src/scenario/read-scenario.ts';
import type { PatchImage } from '../../shared/src/model/index.ts';
import { play } from '../../shared/src/scenario/play.ts';
import type { Scenario } from '../../shared/src/scenario/scenario.ts';
import { read } from '../support/check.ts';
import { CACHE, KERNELS } from './kernels.ts';
import { SHADOW_MODULES } from './shadows/modules.ts';
import { agreement } from './twin/agreement.ts';

/*
 * What becomes of shadow variables when nobody frees them: the simulator's findings, and what the next livepatch finds on a
 * kernel.
 */

interface Case {
  readonly name: string;
  readonly modules: readonly string[];
  readonly steps: readonly object[];
  /** Ids of the simulator's findings, in order. */
  readonly told: readonly string[];
  /** What lp_finds says on a kernel. */
  readonly found: string;
}

const off = (module: string) => [{ disable: module }, { wait: 'transition' }, { unload: module }];
const on = (module: string) => [{ load: module }, { wait: 'transition' }];
/** The one that leaves something behind comes last. */
const CASES: readonly Case[] = [
  {
    name: 'a livepatch that frees its variable when it goes',
    modules: ['lp_frees', 'lp_finds'],
    steps: [...on('lp_frees'), ...off('lp_frees'), ...on('lp_finds'), ...off('lp_finds')],
    told: [],
    found: 'found nothing',
  },
  {
    name: 'two livepatches with a variable of one id',
    modules: ['lp_frees', 'lp_finds'],
    steps: [...on('lp_frees'), ...on('lp_finds'), ...off('lp_finds'), ...off('lp_frees')],
    told: ['shadow-shared'],
    found: 'found 42',
  },
  {
    name: 'a livepatch whose variable can not be constructed',
    modules: ['lp_fails', 'lp_finds'],
    steps: [...on('lp_fails'), ...on('lp_finds'), ...off('lp_finds'), ...off('lp_fails')],
    told: ['shadow-shared'],
    found: 'found nothing',
  },
  {
    name: 'a livepatch that leaves its variable behind',
    modules: ['lp_leaves', 'lp_finds'],
    steps: [...on('lp_leaves'), ...off('lp_leaves'), ...on('lp_finds'), ...off('lp_finds')],
    told: ['shadow-leak', 'shadow-dangles'],
    found: 'found 42',
  },
];

describe.each(KERNELS)('shadow variables on Linux %s', (version) => {
  const results = new Map<string, PlanResult>();

  beforeAll(async () => {
    const kernel = await findKernel(version, { cache: CACHE });
    const sources = [...SHADOW_MODULES].map(([name, text]) => ({ name, files: { [`${name}.c`]: text } }));
    const files = [];
    for (const [name, built] of await buildModules(kernel, sources, { cache: CACHE })) {
      if (!built.ok) throw new Error(`${name}: ${built.errors}`);
      files.push({ path: `/modules/${name}.ko`, content: await readFile(built.ko) });
    }
    const plans = CASES.map((each) => scenarioPlan(each.name, scenarioOf(each)));
    for (const result of await runPlans(kernel, plans, files, { cache: CACHE })) results.set(result.plan, result);
  }, 600_000);

  it.each(CASES)('$name', (one) => {
    const result = results.get(one.name);
    if (!result) throw new Error('was not run');
    const said = result.log.flatMap(({ text }) => /^lp_finds: (found .*)$/.exec(text)?.[1] ?? []);
    expect(said).toEqual([one.found]);
    const scenario = scenarioOf(one);
    const kernel = scenarioRecord(scenario, version, result);
    expect(kernel.steps.map(({ errno }) => errno)).toEqual(one.steps.map(() => 0));
    const imageOf = ({ module }: { readonly module: string }) => image(module);
    const { trace, record } = play(scenario, { kernel: version, imageOf, times: kernel.steps });
    expect(agreement(scenario, kernel, record).differences).toEqual([]);
    expect(trace.events.flatMap((event) => (event.type === 'finding' ? [event.id] : []))).toEqual(one.told);
    const looked = trace.events.flatMap((event) =>
      event.type === 'shadow' && event.call === 'get' ? [event.result] : [],
    );
    expect(looked).toEqual([one.found === 'found nothing' ? 'none' : 'found']);
  });

  function image(module: string): PatchImage {
    const [made] = patchImages(read({ [`${module}.c`]: SHADOW_MODULES.get(module) ?? '' }));
    if (!made) throw new Error(`the analysis saw no klp_patch in ${module}`);
    return made;
  }
});

function scenarioOf({ name, modules, steps }: Case): Scenario {
  const files = Object.fromEntries(modules.map((module) => [module, `${module}.c`]));
  const { scenario, errors } = readScenario(JSON.stringify({ title: name, modules: files, steps }));
  if (!scenario) throw new Error(errors.map(({ message }) => message).join(' '));
  return scenario;
}
