import type { PatchImage } from '../model/index.ts';
import { rank } from './forecast-blockers.ts';
import { type ForecastOptions, ForecastRuns } from './forecast-runs.ts';
import type { ForecastFacts } from './forecast-types.ts';
import { kernelTraits } from './kernel-traits.ts';
import type { Workload } from './workload.ts';

/** What could be done instead of what is asked about, played on the same machine: advice names only what was seen to help. */
export interface Alternatives {
  /** By the main loop of a kernel thread that the patch replaces: a function that it calls, and how a patch of that goes. */
  readonly callees: ReadonlyMap<string, CalleeInstead>;
  /** The same load on a kernel whose cond_resched() switches running tasks; null when that would not help. */
  readonly later: Outcome | null;
}

export interface CalleeInstead extends Outcome {
  readonly callee: string;
}

export interface Outcome {
  readonly runs: number;
  /** Of the runs, those that finished. */
  readonly finished: number;
  /** Microseconds, median of those that finished. */
  readonly time: number;
}

/** So many runs tell whether something helps. */
const RUNS = 5;
/** Of the functions that a main loop calls, so many are tried. */
const MOST_CALLEES = 3;
/** A kernel that this project knows and whose cond_resched() switches (6.4 to 6.15). */
const COND_RESCHED_KERNEL = '6.12';

/** Functions in which anybody may sleep: whoever replaces them waits for half of the machine. */
const ANYBODY_SLEEPS = /^(__)?(io_)?schedule|^wait_|^kthread|^(do_)?(usleep|msleep|nanosleep)|^rcu_|^synchronize_/;

/** For each main loop that is in the way: what to replace instead of it, where the workload shows a function that helps. */
export function* calleesInstead(
  facts: ForecastFacts,
  image: PatchImage,
  options: ForecastOptions,
): Generator<undefined, Alternatives['callees'], undefined> {
  const found = new Map<string, CalleeInstead>();
  const loops = new Set<string>();
  for (const { cause, reason } of facts.blockers) {
    if (cause === 'main-loop' && reason.kind === 'sleeping-on') loops.add(reason.function);
  }
  for (const loop of loops) {
    let best: CalleeInstead | null = null;
    for (const callee of calledBy(loop, options.workload).slice(0, MOST_CALLEES)) {
      const only = onlyWith(image, loop, callee);
      if (only === null) continue;
      const outcome = yield* played(only, options);
      if (outcome === null || outcome.finished < outcome.runs) continue;
      if (best === null || outcome.time < best.time) best = { callee, ...outcome };
    }
    if (best !== null) found.set(loop, best);
  }
  return found;
}

/** Functions that stand on some stack as called by that one, most frequent first. */
function calledBy(caller: string, { tasks }: Workload): string[] {
  const seen = new Map<string, number>();
  for (const { behaviour, count } of tasks) {
    for (const phase of behaviour.phases) {
      if (phase.do !== 'sleep' && phase.do !== 'kernel') continue;
      const callee = phase.stack[phase.stack.indexOf(caller) - 1];
      if (callee === undefined || ANYBODY_SLEEPS.test(callee) || moduleOf(callee) !== moduleOf(caller)) continue;
      seen.set(callee, (seen.get(callee) ?? 0) + count);
    }
  }
  return [...seen].sort((a, b) => b[1] - a[1]).map(([callee]) => callee);
}

/** A patch that replaces nothing but `instead`, in place of the function whose frame is `frame`. */
function onlyWith(image: PatchImage, frame: string, instead: string): PatchImage | null {
  const oldName = nameOf(frame);
  for (const object of image.objects) {
    const func = object.funcs.find((each) => each.oldName === oldName && object.name === moduleOf(frame));
    if (func === undefined) continue;
    const funcs = [{ ...func, oldName: nameOf(instead), oldSympos: 0 }];
    return { ...image, objects: [{ ...object, funcs, callbacks: {} }] };
  }
  return null;
}

/** Whether a kernel would help that lets running tasks switch in cond_resched(): only where this one does not. */
export function* onLaterKernel(
  facts: ForecastFacts,
  image: PatchImage,
  options: ForecastOptions,
): Generator<undefined, Outcome | null, undefined> {
  if (kernelTraits(options.kernel).condReschedSwitches || facts.errno !== 0) return null;
  const busy = facts.blockers.some(({ cause }) => cause === 'kernel-loop' || cause === 'kernel-thread');
  if (!busy) return null;
  const outcome = yield* played(image, { ...options, kernel: COND_RESCHED_KERNEL });
  if (outcome === null) return null;
  const finishesMore = outcome.finished / outcome.runs > facts.finished / facts.seeds;
  const finishesSooner = facts.time !== null && outcome.time < facts.time.median / 2;
  return finishesMore || finishesSooner ? outcome : null;
}

/** Null when no run finished. */
function* played(image: PatchImage, options: ForecastOptions): Generator<undefined, Outcome | null, undefined> {
  const runs = new ForecastRuns(image, options);
  const times: number[] = [];
  const count = Math.min(RUNS, Math.max(1, options.seeds));
  for (let seed = 1; seed <= count; seed++) {
    const { time } = runs.play(seed);
    if (time !== null) times.push(time);
    yield;
  }
  times.sort((a, b) => a - b);
  return times.length === 0 ? null : { runs: count, finished: times.length, time: rank(times, 50) };
}

/** `nfs` of `nfs_wait [nfs]`, null for vmlinux. */
function moduleOf(frame: string): string | null {
  return / \[(.+)\]$/.exec(frame)?.[1] ?? null;
}

function nameOf(frame: string): string {
  return frame.replace(/ \[.+\]$/, '');
}
