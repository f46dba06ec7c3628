import type { PatchImage } from '../model/index.ts';
import { blockers, HeldTasks, type HoldEnd, rank } from './forecast-blockers.ts';
import type { Forecast } from './forecast-types.ts';
import { advise, headline } from './forecast-words.ts';
import { kernelTraits } from './kernel-traits.ts';
import { prepareWorkload } from './prepared-workload.ts';
import { DEFAULT_TIME_LIMIT, type Run, run, simulate } from './simulate.ts';
import type { SymbolTable } from './symbols.ts';
import type { Trace, TraceEvent } from './trace.ts';
import type { Workload } from './workload.ts';

export interface ForecastOptions {
  /** As in simulate(). */
  readonly kernel: string;
  readonly model?: string;
  readonly workload: Workload;
  /** How many runs; their seeds are 1, 2, 3, … */
  readonly seeds: number;
  /** Microseconds; absent: DEFAULT_TIME_LIMIT. */
  readonly timeLimit?: number;
  readonly symbols?: SymbolTable;
  /** Livepatches that are loaded before, in this order, each with its transition finished when it can. */
  readonly installed?: readonly PatchImage[];
}

interface Result {
  readonly seed: number;
  readonly errno: number;
  /** Microseconds from the load to "patching complete"; null when it did not come. */
  readonly time: number | null;
  readonly signalled: boolean;
  readonly held: HeldTasks;
}

/** Between the loads of `installed` patches and the one that is asked about. */
const INSTALL_TIME = 60_000_000;

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
  const timeLimit = options.timeLimit ?? DEFAULT_TIME_LIMIT;
  const installed = options.installed ?? [];
  const loadAt = installed.length * INSTALL_TIME;
  const steps = [...installed, image].map((each, index) => ({
    at: index * INSTALL_TIME,
    do: 'load' as const,
    image: each,
  }));
  const simulation = {
    kernel: options.kernel,
    ...(options.model === undefined ? {} : { model: options.model }),
    ...(options.symbols === undefined ? {} : { symbols: options.symbols }),
    workload,
    timeLimit: loadAt + timeLimit,
    steps,
  };
  const prepared = prepareWorkload(workload);
  const traits = kernelTraits(options.kernel);
  const results: Result[] = [];
  for (let seed = 1; seed <= Math.max(1, options.seeds); seed++) {
    results.push(
      readResult(run({ ...simulation, seed }, false, prepared, traits), image, seed, loadAt, installed.length),
    );
    yield;
  }
  const byTime = [...results].sort((a, b) => (a.time ?? Infinity) - (b.time ?? Infinity) || a.seed - b.seed);
  const typicalResult = byTime[(byTime.length - 1) >> 1] as Result;
  const typical = simulate({ ...simulation, seed: typicalResult.seed });
  const times = byTime.flatMap((result) => (result.time === null ? [] : [result.time]));
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
    timeLimit,
    needsSignals: results.filter((result) => result.signalled).length,
    blockers: blockers(
      results.map(({ held }) => held),
      typicalResult.held,
    ),
    callbacks: callbacksOf(typical, image.module),
    typical,
    assumptions: [...new Set([...image.assumptions, ...typical.options.assumptions])],
  };
  return { ...facts, headline: headline(facts, image), advice: advise(facts, image) };
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

/** Reads one run: who was held up since the load, why, and how it ended. */
function readResult({ trace, classOf }: Run, image: PatchImage, seed: number, loadAt: number, step: number): Result {
  const open = new Map<number, Extract<TraceEvent, { type: 'blocked' }>>();
  const signals = new Map<number, { at: number; effect: HoldEnd['effect'] }>();
  const held = new HeldTasks();
  let errno = 0;
  let time: number | null = null;
  let signalled = false;
  let passes = 0;
  const close = (id: number, at: number | null, how: string | null) => {
    const blocked = open.get(id);
    if (blocked === undefined) return;
    open.delete(id);
    const isRunning = blocked.reason.kind === 'running';
    // Whoever merely ran during the first pass is switched before the second: nobody waits for it.
    if (isRunning && passes < 2) return;
    const signal = signals.get(id);
    const bySignal = signal !== undefined && at !== null && at - signal.at < 1000;
    let released: HoldEnd['released'] = 'wakes-itself';
    if (at === null) released = 'never';
    else if (bySignal && how === 'kernel-exit') released = 'signal';
    else if (isRunning) released = 'kernel-exit';
    const until = at === null ? null : at - loadAt;
    held.add(classOf(id), blocked, { until, released, effect: signal?.effect ?? null });
  };
  for (const event of trace.events) {
    if (event.at < loadAt) continue;
    if (event.type === 'step' && event.index === step) errno = event.errno;
    else if (event.type === 'pass') {
      passes = event.number;
      if (event.signalled) signalled = true;
    } else if (event.type === 'blocked') open.set(event.task, event);
    else if (event.type === 'signal') {
      const before = signals.get(event.task);
      signals.set(event.task, { at: event.at, effect: event.effect ?? before?.effect ?? null });
    } else if (event.type === 'patch-state') close(event.task, event.at, event.how);
    else if (event.type === 'exit') close(event.task, event.at, null);
    else if (event.type === 'transition' && event.phase === 'done' && event.target === 'patched') {
      if (event.patch === image.module && time === null) time = event.at - loadAt;
    }
  }
  for (const id of [...open.keys()]) close(id, null, null);
  return { seed, errno, time, signalled, held };
}
