import { patchImages } from '../../../server/src/analysis/patch-images.ts';
import { imageWithReturns } from '../../../server/src/scenario/image-returns.ts';
import { readScenario } from '../../../server/src/scenario/read-scenario.ts';
import type { LivepatchModule, PatchImage } from '../../../shared/src/model/index.ts';
import { type Judgement, judge } from '../../../shared/src/scenario/judge.ts';
import { type Played, type PlayOptions, play } from '../../../shared/src/scenario/play.ts';
import type { Scenario, ScenarioStep } from '../../../shared/src/scenario/scenario.ts';
import { read } from '../../support/check.ts';
import { patch } from '../simulator/support.ts';

/** What the tests of scenarios are written with. */

/** The text of a scenario with these steps, and whatever else is given. */
export function scenarioText(steps: readonly object[], more: object = {}): string {
  return JSON.stringify({
    title: 'A test',
    modules: { lp: 'lp.c' },
    targets: { gate: 'gate.c' },
    tasks: {
      reader: { does: 'read' },
      thread: { does: 'kernel-thread', stack: ['gate_thread [gate]'] },
      spinner: { does: 'spin' },
      held: {
        does: 'read',
        file: '/proc/gate/wait',
        stack: ['gate_wait [gate]', 'vfs_read'],
        state: 'uninterruptible',
      },
    },
    steps,
    ...more,
  });
}

export function scenarioOf(text: string): Scenario {
  const { scenario, errors } = readScenario(text);
  if (!scenario) throw new Error(errors.map(({ message }) => message).join('\n'));
  return scenario;
}

/** Plays steps with a patch `lp` of pipe_read() that has all callbacks, unless images are given. */
export function playSteps(
  steps: readonly object[],
  more: object = {},
  images: { readonly [module: string]: PatchImage } = {},
  times?: PlayOptions['times'],
): Played & Judgement & { readonly scenario: Scenario } {
  const lp = patch('lp', {
    vmlinux: { funcs: ['pipe_read'], callbacks: ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch'] },
  });
  const all: { readonly [module: string]: PatchImage } = { lp, ...images };
  const scenario = scenarioOf(scenarioText(steps, more));
  const [kernel = ''] = scenario.kernels;
  const played = play(scenario, { kernel, imageOf: ({ module }) => all[module] ?? lp, ...(times ? { times } : {}) });
  return { scenario, ...played, ...judge(scenario, played.record) };
}

/** What a scenario's `load` steps give the kernel, read from the C texts of its modules. */
export function imagesFrom(texts: ReadonlyMap<string, string>): (step: ScenarioStep & { do: 'load' }) => PatchImage {
  const modules = new Map<string, LivepatchModule>();
  for (const [name, text] of texts) modules.set(name, read({ [`${name}.c`]: text }, { name }));
  return ({ module: name, returns }) => {
    const module = modules.get(name);
    const [image] = module ? patchImages(module) : [];
    if (!module || !image) throw new Error(`${name} is no livepatch`);
    return imageWithReturns({ ...image, module: name }, returns);
  };
}
