import type { BlockerCause } from './blocker-cause.ts';
import type { BlockReason, Trace, TraceTask } from './trace.ts';

/**
 * What loading a patch does over many seeds. Plain JSON. Times are microseconds from the load to "patching complete".
 */
export interface Forecast {
  readonly kernel: string;
  readonly model: string;
  readonly workload: { readonly id: string; readonly title: string; readonly tasks: number };
  readonly seeds: number;
  /** errno of loading when the kernel refuses the patch (the same for all seeds), else 0. */
  readonly errno: number;
  /** How many seeds finished within the time limit. */
  readonly finished: number;
  /** Microseconds. Over the seeds that finished; null when none did. */
  readonly time: { readonly min: number; readonly median: number; readonly p95: number; readonly max: number } | null;
  /** Microseconds; runs that go on beyond it count as "not finished". */
  readonly timeLimit: number;
  /** In how many seeds the signal round was needed. */
  readonly needsSignals: number;
  /** How each run went, in the order of their seeds. */
  readonly runs: readonly SeedRun[];
  /** Who holds it up, worst first. */
  readonly blockers: readonly Blocker[];
  /** Callbacks in order, once each. */
  readonly callbacks: readonly string[];
  /** The run that is typical (its time is the median), for log, picture and panel. */
  readonly typical: Trace;
  readonly assumptions: readonly string[];
  /** One sentence: "Finishes in 16.1 s; 3 of 214 tasks sleep in do_epoll_wait() and wait for the signal at 15 s." */
  readonly headline: string;
  /** One thought each, following from the causes, the worst first; may be empty. */
  readonly advice: readonly string[];
}

/** A forecast before it is put into words. */
export type ForecastFacts = Omit<Forecast, 'headline' | 'advice' | 'blockers'> & {
  readonly blockers: readonly Omit<Blocker, 'advice'>[];
};

/** One of a forecast's runs. */
export interface SeedRun {
  readonly seed: number;
  /** Microseconds; null when it did not finish within the time limit. */
  readonly time: number | null;
  /** Whether the signal round was needed. */
  readonly signalled: boolean;
}

export interface Blocker {
  readonly comm: string;
  readonly group: number | null;
  readonly kind: TraceTask['kind'];
  readonly cause: BlockerCause;
  /** Tasks of this comm that block in the typical run (the most over all seeds when none does there). */
  readonly tasks: number;
  readonly reason: BlockReason;
  readonly stack: readonly string[];
  /** In how many seeds somebody of this group blocked for this reason. */
  readonly seeds: number;
  /** How it ends. */
  readonly released: 'signal' | 'wakes-itself' | 'kernel-exit' | 'never';
  /** System call that the signal breaks off with EINTR, null otherwise. */
  readonly eintr: string | null;
  /** Microseconds from load to switch, median over seeds in which it switched; null when it never did. */
  readonly until: number | null;
  /** How long its sleep lasts by itself, in microseconds; null when only an event ends it, or it is not known. */
  readonly sleep: { readonly time: number; readonly is: 'exact' | 'mean' | 'most' } | null;
  /** What can be done about it, one thought each; what holds for several kinds of tasks is told with each. */
  readonly advice: readonly string[];
}
