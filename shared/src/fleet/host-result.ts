import type { PatchImage } from '../model/index.ts';
import type { Blocker, Forecast } from '../simulator/forecast-types.ts';

/** What loading a patch would do on one host: one line of a fleet's results. Times are microseconds. */
export type HostResult = HostForecast | UnreadableHost;

export interface HostForecast {
  readonly format: typeof RESULT_FORMAT;
  /** The same for all results of one patch with the same options: only those are counted together. */
  readonly run: string;
  /** The patch's module. */
  readonly module: string;
  readonly host: string;
  readonly ok: true;
  /** `uname -r` of the recorded machine, and the version that was simulated. */
  readonly recorded: string;
  readonly kernel: string;
  readonly tasks: number;
  readonly seeds: number;
  /** Of the load, 0 or negative. */
  readonly errno: number;
  readonly finished: number;
  readonly time: Forecast['time'];
  readonly timeLimit: number;
  readonly needsSignals: number;
  readonly blockers: readonly HostBlocker[];
  /** Kinds of blockers that were left out of `blockers`. */
  readonly moreBlockers: number;
  readonly headline: string;
  readonly warnings: readonly string[];
}

/** A recording that could not be simulated: reported, and never lost. */
export interface UnreadableHost {
  readonly format: typeof RESULT_FORMAT;
  readonly run: string;
  readonly module: string;
  readonly host: string;
  readonly ok: false;
  readonly error: string;
}

export interface HostBlocker extends Pick<Blocker, 'comm' | 'tasks' | 'seeds' | 'released' | 'eintr' | 'until'> {
  readonly why: Blocker['reason']['kind'];
  /** The function it sleeps in, null for other reasons. */
  readonly function: string | null;
  readonly stack: readonly string[];
  /** What can be done about it, one thought each. Absent: nothing is advised. */
  readonly advice?: readonly string[];
}

export const RESULT_FORMAT = 'livepatch-fleet-1';

/** Of the kinds of blockers on one host: the worst come first. */
const MOST_BLOCKERS = 8;
const MOST_WARNINGS = 8;
const MOST_ADVICE = 3;

/** What all results of one run have in common. */
export type RunIdentity = Pick<HostResult, 'run' | 'module'>;

/** The line of one host. */
export function hostResult(
  host: string,
  { run, module }: RunIdentity,
  recorded: string,
  forecast: Forecast,
  warnings: readonly string[],
): HostForecast {
  const { kernel, seeds, errno, finished, time, timeLimit, needsSignals, headline } = forecast;
  return {
    format: RESULT_FORMAT,
    run,
    module,
    host,
    ok: true,
    recorded,
    kernel,
    tasks: forecast.workload.tasks,
    seeds,
    errno,
    finished,
    time,
    timeLimit,
    needsSignals,
    blockers: forecast.blockers.slice(0, MOST_BLOCKERS).map(hostBlocker),
    moreBlockers: Math.max(0, forecast.blockers.length - MOST_BLOCKERS),
    headline,
    warnings: warnings.slice(0, MOST_WARNINGS),
  };
}

export function unreadableHost(host: string, { run, module }: RunIdentity, error: string): UnreadableHost {
  return { format: RESULT_FORMAT, run, module, host, ok: false, error };
}

function hostBlocker({ comm, tasks, seeds, released, eintr, until, reason, stack, advice }: Blocker): HostBlocker {
  return {
    comm,
    tasks,
    seeds,
    released,
    eintr,
    until,
    why: reason.kind,
    function: reason.kind === 'sleeping-on' ? reason.function : null,
    stack,
    ...(advice.length === 0 ? {} : { advice: advice.slice(0, MOST_ADVICE) }),
  };
}

/**
 * A line of a results file; null when it is none of this format. Only what tells a line apart is checked: the file is
 * this program's own.
 */
export function parseHostResult(line: string): HostResult | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const { format, run, module, host, ok, error, blockers, headline, finished } = value as Partial<
    HostForecast & Record<'error', unknown>
  >;
  if (format !== RESULT_FORMAT || typeof run !== 'string' || typeof module !== 'string' || typeof host !== 'string')
    return null;
  const complete =
    ok === true
      ? Array.isArray(blockers) && typeof headline === 'string' && typeof finished === 'number'
      : typeof error === 'string';
  return complete ? (value as HostResult) : null;
}

/** What a patch and its options are, as text: results of another one must not be counted with them. */
export function runDescription(
  image: PatchImage,
  options: { readonly kernel: string | null; readonly seeds: number },
): string {
  // Where the patch stands in a source file, and what was assumed of it, has no part in what happens.
  const { source: _source, assumptions: _assumptions, ...rest } = image;
  return JSON.stringify([RESULT_FORMAT, options, rest], (key, value) => (key === 'source' ? undefined : value));
}
