import type { PatchImage } from '../model/index.ts';
import { advise } from './advice.ts';
import { calleesInstead, onLaterKernel } from './alternatives.ts';
import { blockers, rank } from './forecast-blockers.ts';
import { type ForecastOptions, ForecastRuns, type RunResult } from './forecast-runs.ts';
import type { Forecast } from './forecast-types.ts';
import { headline } from './forecast-words.ts';
import type { Trace } from './trace.ts';

export type { ForecastOptions } from './forecast-runs.ts';

/** Plays the loading of the patch over many seeds and says how it goes, in numbers and in words. */
export function forecast(image: PatchImage, options: ForecastOptions): Forecast {
  const steps = forecastInSteps(image, options);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same, run by run: for hosts that have other things to do in between. */
export function* forecastInSteps(
  image: PatchImage,
  options: ForecastOptions,
): Generator<undefined, Forecast, undefined> {
  const { workload } = options;
  const runs = new ForecastRuns(image, options);
  const results: RunResult[] = [];
  for (let seed = 1; seed <= Math.max(1, options.seeds); seed++) {
    results.push(runs.play(seed));
    yield;
  }
  const byTime = [...results].sort((a, b) => (a.time ?? Infinity) - (b.time ?? Infinity) || a.seed - b.seed);
  const typicalResult = byTime[(byTime.length - 1) >> 1] as RunResult;
  const typical = runs.trace(typicalResult.seed);
  const times = byTime.flatMap((result) => (result.time === null ? [] : [result.time]));
  const held = blockers(
    results.map((result) => result.held),
    typicalResult.held,
    workload,
  );
  const facts = {
    kernel: options.kernel,
    model: typical.options.model,
    workload: {
      id: workload.id,
      title: workload.title,
      tasks: workload.tasks.reduce((sum, group) => sum + group.count, 0) + workload.cpus,
    },
    seeds: results.length,
    errno: typicalResult.errno,
    finished: times.length,
    time:
      times.length === 0
        ? null
        : { min: rank(times, 0), median: rank(times, 50), p95: rank(times, 95), max: rank(times, 100) },
    timeLimit: runs.timeLimit,
    needsSignals: results.filter((result) => result.signalled).length,
    runs: results.map(({ seed, time, signalled }) => ({ seed, time, signalled })),
    blockers: held,
    callbacks: callbacksOf(typical, image.module),
    typical,
    assumptions: [...new Set([...image.assumptions, ...typical.options.assumptions])],
  };
  const alternatives = {
    callees: yield* calleesInstead(facts, image, options),
    later: yield* onLaterKernel(facts, image, options),
  };
  const { advice, byBlocker } = advise(facts, image, alternatives);
  return {
    ...facts,
    blockers: held.map((blocker, index) => ({ ...blocker, advice: byBlocker[index] ?? [] })),
    headline: headline(facts, image),
    advice,
  };
}

function callbacksOf(trace: Trace, module: string): string[] {
  const names: string[] = [];
  for (const event of trace.events) {
    if (event.type !== 'callback' || event.patch !== module) continue;
    const name = `${event.callback} (${event.object})`;
    if (!names.includes(name)) names.push(name);
  }
  return names;
}
