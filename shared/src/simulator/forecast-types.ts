import type { BlockReason, Trace } from './trace.ts';

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
  /** Who holds it up, worst first. */
  readonly blockers: readonly Blocker[];
  /** Callbacks in order, once each. */
  readonly callbacks: readonly string[];
  /** The run that is typical (its time is the median), for log, picture and panel. */
  readonly typical: Trace;
  readonly assumptions: readonly string[];
  /** One sentence: "Finishes in 16.1 s; 3 of 214 tasks sleep in do_epoll_wait() and wait for the signal at 15 s." */
  readonly headline: string;
  /** One thought each, following from the cause; may be empty. */
  readonly advice: readonly string[];
}

export interface Blocker {
  readonly comm: string;
  readonly group: number | null;
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
}
