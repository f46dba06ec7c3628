import type { PatchImage } from '../model/index.ts';
import { HeldTasks, type HoldEnd } from './forecast-blockers.ts';
import type { SeedRun } from './forecast-types.ts';
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

/** One run of the load. Times are microseconds since it began. */
export interface RunResult extends SeedRun {
  readonly errno: number;
  readonly held: HeldTasks;
}

/** Between the loads of `installed` patches and the one that is asked about. */
const INSTALL_TIME = 60_000_000;

/** Plays the load of one patch on one machine with one seed after the other. */
export class ForecastRuns {
  readonly timeLimit: number;
  private readonly image: PatchImage;
  private readonly simulation: Omit<Parameters<typeof run>[0], 'seed'>;
  private readonly loadAt: number;
  private readonly prepared: ReturnType<typeof prepareWorkload>;
  private readonly traits: ReturnType<typeof kernelTraits>;

  constructor(image: PatchImage, options: ForecastOptions) {
    const { workload, kernel, model, symbols, installed = [] } = options;
    this.image = image;
    this.timeLimit = options.timeLimit ?? DEFAULT_TIME_LIMIT;
    this.loadAt = installed.length * INSTALL_TIME;
    this.simulation = {
      kernel,
      ...(model === undefined ? {} : { model }),
      ...(symbols === undefined ? {} : { symbols }),
      workload,
      timeLimit: this.loadAt + this.timeLimit,
      steps: [...installed, image].map((each, index) => ({
        at: index * INSTALL_TIME,
        do: 'load' as const,
        image: each,
      })),
    };
    this.prepared = prepareWorkload(workload);
    this.traits = kernelTraits(kernel);
  }

  play(seed: number): RunResult {
    const played = run({ ...this.simulation, seed }, false, this.prepared, this.traits);
    return readRun(played, this.image, seed, this.loadAt, this.simulation.steps.length - 1);
  }

  /** The same run with all that happened. */
  trace(seed: number): Trace {
    return simulate({ ...this.simulation, seed });
  }
}

/** Reads one run: who was held up since the load, why, and how it ended. `step` is the index of the load. */
function readRun({ trace, classOf }: Run, image: PatchImage, seed: number, loadAt: number, step: number): RunResult {
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
