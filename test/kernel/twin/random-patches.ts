import type { Prng } from '../../../shared/src/simulator/prng.ts';
import { SLEEPS } from './stories/words.ts';
import type { ObjectSketch, PatchSketch } from './story.ts';

/** Functions of the kernel that exist once, can be traced and do no harm when they return 0. */
const QUIET = ['cmdline_proc_show', 'uptime_proc_show', 'loadavg_proc_show', 'version_proc_show', 'meminfo_proc_show'];
/** What a pre_patch callback may return that is no 0. */
export const FAILURES = [-19, -22, -16, 1];
const NAMES = ['lp_one', 'lp_two', 'lp_three'];

/**
 * One to three livepatches of the kernel and of targets.
 *
 * @param held functions of the kernel in which tasks may sleep
 */
export function randomPatches(
  random: Prng,
  targets: readonly string[],
  held: readonly string[],
): Record<string, PatchSketch> {
  const names = NAMES.slice(0, 1 + random.below(NAMES.length));
  return Object.fromEntries(names.map((name) => [name, randomPatch(random, targets, held)]));
}

function randomPatch(random: Prng, targets: readonly string[], held: readonly string[]): PatchSketch {
  const kind = random.below(3);
  const objects: ObjectSketch[] = [];
  if (kind !== 1) {
    const funcs = some(random, [...QUIET, ...some(random, held, 3)], 3);
    objects.push({ object: 'vmlinux', funcs: odd(random, funcs), ...callbacks(random) });
  }
  if (kind !== 0) {
    for (const target of targets) {
      if (target !== targets[0] && chance(random, 50)) continue;
      const funcs = some(random, [...SLEEPS, 'thread_wait'], 2).map((name) => `${target}_${name}`);
      objects.push({ object: target, funcs: odd(random, funcs), ...callbacks(random) });
    }
  }
  return {
    objects,
    ...(chance(random, 30) ? { replace: true } : {}),
    ...(chance(random, 35) ? { states: [{ id: 1 + random.below(2), version: 1 + random.below(2) }] } : {}),
  };
}

/** Now and then no function, one that is not there or can't be traced, or a position. */
function odd(random: Prng, funcs: readonly string[]): ObjectSketch['funcs'] {
  if (chance(random, 6)) return [];
  if (chance(random, 4)) return [...funcs, 'no_such_function'];
  if (chance(random, 3) && funcs.every((name) => !name.startsWith('klp_'))) return [...funcs, '__schedule'];
  const sympos = chance(random, 20) ? 2 : 1;
  if (chance(random, 8)) return funcs.map((name, place) => (place === 0 ? { name, sympos } : name));
  return funcs;
}

function callbacks(random: Prng): Pick<ObjectSketch, 'callbacks'> {
  if (chance(random, 25)) return {};
  if (chance(random, 80)) return { callbacks: 'all' };
  if (chance(random, 35))
    return { callbacks: { pre_patch: 'parameter', post_patch: 0, pre_unpatch: 0, post_unpatch: 0 } };
  const more = chance(random, 50) ? { post_patch: 0, pre_unpatch: 0, post_unpatch: 0 } : { post_unpatch: 0 };
  return { callbacks: { pre_patch: FAILURES[random.below(FAILURES.length)] ?? 0, ...more } };
}

function chance(random: Prng, percent: number): boolean {
  return random.below(100) < percent;
}

function some<T>(random: Prng, list: readonly T[], most: number): T[] {
  const rest = [...list];
  const count = 1 + random.below(most);
  return Array.from({ length: count }, () => rest.splice(random.below(rest.length), 1)).flat();
}
