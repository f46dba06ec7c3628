import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildModules } from '../../server/src/kernel-runner/build-modules.ts';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import type { PlanResult } from '../../server/src/kernel-runner/guest-report.ts';
import { runPlans } from '../../server/src/kernel-runner/run-plans.ts';
import { scenarioPlan, scenarioRecord } from '../../server/src/kernel-runner/scenario-plan.ts';
import type { RelocationImage } from '../../shared/src/model/index.ts';
import { play } from '../../shared/src/scenario/play.ts';
import { patch } from '../unit/simulator/support.ts';
import { CACHE, KERNELS } from './kernels.ts';
import { type KlpRelocation, relocationText, withRelocation } from './relocations/klp-relocation.ts';
import { agreement } from './twin/agreement.ts';
import { livepatchText } from './twin/livepatch-source.ts';
import { A, inTarget, load, settle, target, untarget, wait } from './twin/stories/words.ts';
import { type Story, type StoryStep, scenarioOf } from './twin/story.ts';
import { targetSource } from './twin/target-source.ts';

/*
 * Livepatch relocations, right and wrong ones, on kernels and on the simulator.
 */

interface Case {
  readonly name: string;
  readonly relocation: KlpRelocation;
  /** The same for the simulator. */
  readonly image: RelocationImage;
  readonly steps: readonly StoryStep[];
  /** What the last step but waiting returns, by kernel. */
  readonly errno: { readonly [version: string]: number };
}

const UPTIME = { object: null, name: 'uptime_proc_show', sympos: 0 };
const KILLABLE = { object: A, name: `${A}_killable`, sympos: 0 };
const LOADS = [load('lp_reloc'), settle];
const [EINVAL, ENOEXEC] = [-22, -8];
const everywhere = (errno: number) => ({ '6.1': errno, '6.12': errno });
const CASES: readonly Case[] = [
  {
    name: 'a symbol of the kernel',
    relocation: { object: 'vmlinux', symbol: '.klp.sym.vmlinux.uptime_proc_show,0', marked: true },
    image: { object: null, symbol: UPTIME },
    steps: LOADS,
    errno: everywhere(0),
  },
  {
    name: 'a section that is not called as it must be',
    relocation: { object: null, symbol: 'somewhere', marked: true },
    image: { object: null, symbol: UPTIME, fault: { of: 'section', name: '.relaklp_probe' } },
    steps: LOADS,
    errno: everywhere(EINVAL),
  },
  {
    name: 'a symbol without its mark',
    relocation: { object: 'vmlinux', symbol: 'somewhere', marked: false },
    image: { object: null, symbol: UPTIME, fault: { of: 'mark', name: 'somewhere' } },
    steps: LOADS,
    errno: everywhere(EINVAL),
  },
  {
    name: 'a symbol that is not called as it must be',
    relocation: { object: 'vmlinux', symbol: 'somewhere', marked: true },
    image: { object: null, symbol: UPTIME, fault: { of: 'symbol', name: 'somewhere' } },
    steps: LOADS,
    errno: everywhere(EINVAL),
  },
  {
    name: 'a symbol that is not there',
    relocation: { object: 'vmlinux', symbol: '.klp.sym.vmlinux.no_such_function,0', marked: true },
    image: { object: null, symbol: { ...UPTIME, name: 'no_such_function' } },
    steps: LOADS,
    errno: everywhere(EINVAL),
  },
  {
    name: 'a symbol of the kernel in a section of a module',
    relocation: { object: A, symbol: '.klp.sym.vmlinux.uptime_proc_show,0', marked: true },
    image: { object: A, symbol: UPTIME },
    steps: [...LOADS, target(A), wait(1)],
    errno: everywhere(EINVAL),
  },
  {
    name: 'a symbol of a module that comes twice: before 6.3 what was written stays, and keeps it out',
    relocation: { object: A, symbol: `.klp.sym.${A}.${A}_killable,0`, marked: true },
    image: { object: A, symbol: KILLABLE },
    steps: [...LOADS, target(A), wait(1), untarget(A), wait(1), target(A), wait(1)],
    errno: { '6.1': ENOEXEC, '6.12': 0 },
  },
];

const moduleOf = (index: number): string => `lp_reloc_${index}`;
const PATCH = { objects: [{ object: 'vmlinux', funcs: ['cmdline_proc_show'] }, inTarget(A, 'interruptible')] };

describe.each(KERNELS)('livepatch relocations on Linux %s', (version) => {
  let results: readonly PlanResult[];

  beforeAll(async () => {
    const kernel = await findKernel(version, { cache: CACHE });
    const sources = CASES.map(({ relocation }, index) => {
      const name = moduleOf(index);
      return { name, files: { [`${name}.c`]: livepatchText(name, PATCH) + relocationText(relocation) } };
    });
    const files = [];
    for (const [name, built] of await buildModules(kernel, [...sources, targetSource(A)], { cache: CACHE })) {
      if (!built.ok) throw new Error(`${name}: ${built.errors}`);
      const ko = await readFile(built.ko);
      const one = CASES[sources.findIndex((source) => source.name === name)];
      files.push({ path: `/modules/${name}.ko`, content: one ? withRelocation(ko, one.relocation) : ko });
    }
    const plans = CASES.map((one, index) => scenarioPlan(one.name, scenarioOf(storyOf(one, index))));
    results = await runPlans(kernel, plans, files, { cache: CACHE });
  }, 600_000);

  it.each(CASES.map((one, index) => [one.name, one, index] as const))('%s', (_, one, index) => {
    const result = results[index];
    if (!result) throw new Error('was not run');
    const scenario = scenarioOf(storyOf(one, index));
    const kernel = scenarioRecord(scenario, version, result);
    const last = scenario.steps.findLastIndex(({ do: what }) => !what.startsWith('wait'));
    expect(kernel.steps[last]?.errno).toBe(one.errno[version]);
    const objects = { vmlinux: ['cmdline_proc_show'], [A]: { funcs: [`${A}_interruptible`], callbacks: ALL } };
    const image = patch(moduleOf(index), objects, { relocations: [one.image] });
    const { record } = play(scenario, { kernel: version, imageOf: () => image, times: kernel.steps });
    expect(agreement(scenario, kernel, record).differences).toEqual([]);
  });
});

const ALL = ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch'] as const;

function storyOf({ name, steps }: Case, index: number): Story {
  const own = steps.map((step): StoryStep => ('load' in step ? load(moduleOf(index)) : step));
  return {
    name: moduleOf(index),
    title: name,
    patches: { [moduleOf(index)]: PATCH },
    targets: [A],
    symbols: { no_such_function: 0 },
    steps: own,
  };
}
