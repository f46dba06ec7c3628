import type { PatchImage } from '../model/index.ts';
import type { Blocker, Forecast } from './forecast-types.ts';
import { advise, headline } from './forecast-words.ts';
import { kernelTraits } from './kernel-traits.ts';
import { prepareWorkload } from './prepared-workload.ts';
import { DEFAULT_TIME_LIMIT, type Run, run, simulate } from './simulate.ts';
import type { SymbolTable } from './symbols.ts';
import type { BlockReason, Trace } from './trace.ts';
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

/** One task's being held up in one run. */
interface Hold {
  readonly comm: string;
  readonly group: number | null;
  readonly reason: BlockReason;
  readonly stack: readonly string[];
  /** Microseconds from the load, null when it did not switch. */
  readonly until: number | null;
  readonly released: Blocker['released'];
  readonly effect: 'restarts' | 'EINTR' | null;
}

interface Result {
  readonly seed: number;
  readonly errno: number;
  /** Microseconds from the load to "patching complete"; null when it did not come. */
  readonly time: number | null;
  readonly signalled: boolean;
  readonly holds: readonly Hold[];
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
    blockers: blockers(results, typicalResult),
    callbacks: callbacksOf(typical, image.module),
    typical,
    assumptions: [...new Set([...image.assumptions, ...typical.options.assumptions])],
  };
  return { ...facts, headline: headline(facts, image), advice: advise(facts, image) };
}

/** The value below which `percent` of the sorted numbers lie. */
function rank(sorted: ArrayLike<number>, percent: number): number {
  return sorted[Math.ceil(((sorted.length - 1) * percent) / 100)] as number;
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
function readResult({ trace, identity }: Run, image: PatchImage, seed: number, loadAt: number, step: number): Result {
  const open = new Map<number, { reason: BlockReason; stack: readonly string[]; pass: number }>();
  const signals = new Map<number, { at: number; effect: Hold['effect'] }>();
  const holds: Hold[] = [];
  let errno = 0;
  let time: number | null = null;
  let signalled = false;
  let passes = 0;
  const close = (id: number, at: number | null, how: string | null) => {
    const held = open.get(id);
    if (held === undefined) return;
    open.delete(id);
    // Whoever merely ran during the first pass is switched before the second: nobody waits for it.
    if (held.reason.kind === 'running' && passes < 2) return;
    const signal = signals.get(id);
    const bySignal = signal !== undefined && at !== null && at - signal.at < 1000;
    let released: Hold['released'] = 'wakes-itself';
    if (at === null) released = 'never';
    else if (bySignal && how === 'kernel-exit') released = 'signal';
    else if (held.reason.kind === 'running') released = 'kernel-exit';
    const { comm, group } = identity(id);
    const { reason, stack } = held;
    holds.push({
      comm,
      group,
      reason,
      stack,
      until: at === null ? null : at - loadAt,
      released,
      effect: signal?.effect ?? null,
    });
  };
  for (const event of trace.events) {
    if (event.at < loadAt) continue;
    if (event.type === 'step' && event.index === step) errno = event.errno;
    else if (event.type === 'pass') {
      passes = event.number;
      if (event.signalled) signalled = true;
    } else if (event.type === 'blocked') {
      open.set(event.task, { reason: event.reason, stack: event.stack, pass: passes });
    } else if (event.type === 'signal') {
      const before = signals.get(event.task);
      signals.set(event.task, { at: event.at, effect: event.effect ?? before?.effect ?? null });
    } else if (event.type === 'patch-state') close(event.task, event.at, event.how);
    else if (event.type === 'exit') close(event.task, event.at, null);
    else if (event.type === 'transition' && event.phase === 'done' && event.target === 'patched') {
      if (event.patch === image.module && time === null) time = event.at - loadAt;
    }
  }
  for (const id of [...open.keys()]) close(id, null, null);
  return { seed, errno, time, signalled, holds };
}

/** Tasks alike in name, place and reason, with the runs in which they were held up. */
function blockers(results: readonly Result[], typical: Result): Blocker[] {
  const groups = new Map<string, { readonly first: Hold; readonly byResult: Map<Result, Hold[]> }>();
  for (const result of results) {
    // Tasks that a pass found in one place share one reason: most need no key.
    const known = new Map<BlockReason, Map<string, Hold[]>>();
    for (const hold of result.holds) {
      const { reason, comm } = hold;
      let byComm = known.get(reason);
      if (byComm === undefined) {
        byComm = new Map();
        known.set(reason, byComm);
      }
      let held = byComm.get(comm);
      if (held === undefined) {
        const why = reason.kind === 'sleeping-on' ? `${reason.function}\n${reason.original}` : reason.kind;
        const key = `${family(comm)}\n${why}`;
        let group = groups.get(key);
        if (group === undefined) {
          group = { first: hold, byResult: new Map() };
          groups.set(key, group);
        }
        held = group.byResult.get(result) ?? [];
        group.byResult.set(result, held);
        byComm.set(comm, held);
      }
      held.push(hold);
    }
  }
  const list: Blocker[] = [];
  for (const { first, byResult } of groups.values()) {
    const shown = byResult.get(typical) ?? [...byResult.values()].reduce((a, b) => (b.length > a.length ? b : a));
    const all = [...byResult.values()].flat();
    // A typed array sorts numbers without asking which comes first.
    const times = Float64Array.from(all.flatMap(({ until }) => (until === null ? [] : [until]))).sort();
    const worst = slowest(shown);
    list.push({
      comm: all.every((hold) => hold.comm === first.comm) ? first.comm : family(first.comm),
      group: all.every((hold) => hold.group === first.group) ? first.group : null,
      tasks: shown.length,
      reason: worst.reason,
      stack: worst.stack,
      seeds: byResult.size,
      released: worst.released,
      eintr: worst.effect === 'EINTR' ? (syscallOf(worst.stack) ?? null) : null,
      until: worst.released === 'never' ? null : times.length === 0 ? null : rank(times, 50),
    });
  }
  const order = { never: 0, signal: 1, 'kernel-exit': 2, 'wakes-itself': 3 };
  return list.sort(
    (a, b) =>
      order[a.released] - order[b.released] ||
      wholeSeconds(b.until) - wholeSeconds(a.until) ||
      b.seeds - a.seeds ||
      b.tasks - a.tasks ||
      (a.comm < b.comm ? -1 : a.comm > b.comm ? 1 : 0),
  );
}

/** Threads that differ only in numbers are one kind: `kworker/*:*`. */
function family(comm: string): string {
  return comm.replace(/\d+/g, '*');
}

/** What differs by less is no reason to name one before the other. */
const wholeSeconds = (time: number | null): number => Math.floor((time ?? 0) / 1_000_000);

function slowest(holds: readonly Hold[]): Hold {
  return holds.reduce((a, b) => ((b.until ?? Infinity) > (a.until ?? Infinity) ? b : a));
}

/** The system call's name from its entry function on the stack. */
function syscallOf(stack: readonly string[]): string | undefined {
  for (const frame of stack) {
    const match = /^__(?:x64|do|se)_sys_(\w+)/.exec(frame);
    if (match !== null) return match[1];
  }
  return undefined;
}
