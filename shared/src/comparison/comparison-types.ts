import type { BlockReason } from '../simulator/trace.ts';
import type { ModelParameter } from './model.ts';

/**
 * Consistency models side by side on one workload with one seed. Plain JSON. Times are microseconds since the patch was
 * loaded.
 */
export interface Comparison {
  readonly format: 'livepatch-comparison-1';
  readonly module: string;
  /** `old_name`s, with their module when it is not vmlinux: `f`, `f [ext4]`. */
  readonly functions: readonly string[];
  readonly workload: { readonly id: string; readonly title: string; readonly tasks: number };
  readonly kernel: string;
  readonly seed: number;
  readonly timeLimit: number;
  /** The time axis that all rows share ends here. */
  readonly end: number;
  readonly rows: readonly ComparisonRow[];
  /** What holds for all rows: of the patch, and of the simulation. */
  readonly assumptions: readonly string[];
}

export interface ComparisonRow {
  /** What plays this row again: id, kernel, parameters and variants that differ from the defaults. */
  readonly choice: ModelChoice;
  readonly title: string;
  readonly summary: string;
  readonly leaves: 'function' | 'patched-set' | 'kernel';
  readonly switches: 'function' | 'thread' | 'kernel';
  /** `kernel`: this very model was compared with real kernels of that version. `documents`: not. */
  readonly evidence: 'kernel' | 'documents';
  readonly sources: readonly string[];
  /** `unfinished`: it neither was done nor gave up within the time limit. */
  readonly outcome: 'done' | 'unfinished' | 'refused';
  /** The outcome and what decided it, a sentence or two. */
  readonly reason: string;
  /** Until it was done or gave up; null when it is unfinished. */
  readonly time: number | null;
  /** When the run was over; later than `time` where old code was still under way. */
  readonly end: number;
  readonly standStill: StandStill;
  /** For how long some ran old code and others new code; `open` when they still do at the run's end. */
  readonly mixed: { readonly time: number; readonly open: boolean };
  /** Tasks at the start, idle ones included. */
  readonly tasks: number;
  /** How many of those that live at the end run new code and nothing but it. */
  readonly switched: number;
  readonly signalled: number;
  /** System calls that were broken off and started again by themselves, and those that returned EINTR. */
  readonly interrupted: { readonly restarted: number; readonly eintr: number };
  /** Who kept it from ending, then who was left behind; largest group first. */
  readonly never: readonly NeverReached[];
  /** What else a patch author should know. */
  readonly findings: readonly string[];
  readonly guarantees: readonly Guarantee[];
  /** The numbers that went in. */
  readonly parameters: readonly ModelParameter[];
  /** What the debate left open, and which of it this row has. */
  readonly variants: readonly RowVariant[];
  readonly cannot: readonly string[];
  /** In order of time, for a picture. */
  readonly columns: readonly ComparisonColumn[];
  /** When each task of the start went over, in the order of the task list; null for never. */
  readonly taskSwitches: readonly { readonly task: number; readonly comm: string; readonly at: number | null }[];
  /** Over several seeds; null when only one was played. */
  readonly seeds: SeedSummary | null;
}

export interface RowVariant {
  readonly name: string;
  readonly about: string;
  readonly chosen: string;
  /** The default first. Empty: names of functions with commas between them. */
  readonly values: readonly { readonly value: string; readonly about: string }[];
}

/** A model with what is to differ from its defaults. */
export interface ModelChoice {
  readonly model: string;
  /** Hybrid models; absent: the comparison's. */
  readonly kernel?: string;
  readonly parameters?: { readonly [name: string]: number };
  readonly variants?: { readonly [name: string]: string };
}

export interface StandStill {
  /** How often the whole machine stood still. */
  readonly stops: number;
  /** The longest time in one piece for which one task stood still. */
  readonly longest: number;
  /** For how long at least one task stood still. */
  readonly total: number;
  /** How many tasks stood still at some time. */
  readonly tasks: number;
}

export interface NeverReached {
  readonly comm: string;
  readonly kind: 'user' | 'kthread' | 'io_worker' | 'idle';
  readonly tasks: number;
  readonly reason: BlockReason;
  /** "sleeps in f(), which the patch replaces". */
  readonly text: string;
  readonly stack: readonly string[];
}

export interface Guarantee {
  /** Nobody mixes old and new code within a call of a patched function, within a system call, in the whole kernel. */
  readonly id: 'function' | 'system-call' | 'kernel';
  /**
   * `kept`: no task went over where it could mix. `not-proven`: some did, but the workload shows none that then mixed.
   * `broken`: the trace shows it. `nothing-changed`: no task went over.
   */
  readonly holds: 'kept' | 'not-proven' | 'broken' | 'nothing-changed';
  /** Tasks that went over where they could mix; for `kernel` those that ran other code than others. */
  readonly tasks: number;
  /** The first of the worst, in a sentence; null when it is kept. */
  readonly witness: string | null;
}

/** From `at` until the next column: how many tasks are in each state. */
export interface ComparisonColumn {
  readonly at: number;
  /** Run old code, and no look has found them in the way. */
  readonly old: number;
  /** Run old code, and a look found that they can't go over. */
  readonly blocked: number;
  readonly new: number;
  /** Went over inside a call of old code that has not returned. */
  readonly between: number;
  /** Stand still, whatever they would run. */
  readonly held: number;
}

export interface SeedSummary {
  readonly runs: number;
  readonly done: number;
  /** Over the runs that were done. */
  readonly time: { readonly min: number; readonly median: number; readonly max: number } | null;
}
