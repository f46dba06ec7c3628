import type { Trace } from '../simulator/trace.ts';
import type { ComparedBlock, ComparedRow } from './compare.ts';

/** A scenario on one kernel and on the simulator at the same times: what `livepatch-ls verify --format json` prints. */
export interface VerifiedRun {
  /** As it was asked for: `6.12`, or a path. */
  readonly kernel: string;
  /** `uname -r`. */
  readonly release: string;
  /** No row differs. */
  readonly agree: boolean;
  /** Expectations that were not met, on both sides together. */
  readonly failures: number;
  /** The rows that differ. */
  readonly differences: readonly ComparedRow[];
  /** Everything that was compared. */
  readonly compared: readonly ComparedBlock[];
  /** Why the kernel did not come to the end, for people; null when it did. */
  readonly broken: string | null;
  /** The scenario's tasks by name. */
  readonly tasks: readonly string[];
  readonly simulated: Trace;
  /** What was seen of the kernel: see guest-trace.ts. */
  readonly real: Trace;
}
