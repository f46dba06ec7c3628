import type { Forecast, SeedRun } from '../simulator/forecast-types.ts';

/** How long the runs of a forecast took, counted for a picture. Times are microseconds. */
export interface Distribution {
  /** The axis goes from 0 to here. */
  readonly end: number;
  /** Of one width, from 0 to `end`. */
  readonly bins: readonly Bin[];
  /** Runs that did not finish within the time limit. */
  readonly unfinished: readonly SeedRun[];
  /** Runs in the fullest bin, the unfinished ones counted as one; at least 1. */
  readonly most: number;
}

export interface Bin {
  readonly from: number;
  /** A run that took exactly so long is in the next one, except in the last. */
  readonly to: number;
  /** Those without the signal round first, then by time. */
  readonly runs: readonly SeedRun[];
}

/** An axis is at least so long: what took no time at all needs some width, too. */
const SHORTEST = 1_000_000;

/** Counts the runs in at most `most` bins of a round width. */
export function distribution({ runs }: Pick<Forecast, 'runs'>, most: number): Distribution {
  const times = runs.flatMap(({ time }) => (time === null ? [] : [time]));
  const longest = Math.max(SHORTEST, ...times);
  const width = roundWidth(longest, Math.max(1, most));
  const count = Math.max(1, Math.ceil(longest / width));
  const sorted: SeedRun[][] = Array.from({ length: count }, () => []);
  for (const run of runs) {
    if (run.time !== null) sorted[Math.min(count - 1, Math.floor(run.time / width))]?.push(run);
  }
  const bins = sorted.map((inBin, index) => ({
    from: index * width,
    to: (index + 1) * width,
    runs: inBin.sort(
      (a, b) => Number(a.signalled) - Number(b.signalled) || (a.time ?? 0) - (b.time ?? 0) || a.seed - b.seed,
    ),
  }));
  const unfinished = runs.filter(({ time }) => time === null);
  return {
    end: count * width,
    bins,
    unfinished,
    most: Math.max(1, unfinished.length, ...bins.map(({ runs: inBin }) => inBin.length)),
  };
}

/** 1, 2 or 5 times a power of ten microseconds. */
function roundWidth(longest: number, most: number): number {
  for (let power = 1; ; power *= 10) {
    const width = [1, 2, 5].map((digit) => digit * power).find((each) => longest / each <= most);
    if (width !== undefined) return width;
  }
}

/** Runs that stand for the others: each is named by what it is. */
export function landmarks(
  forecast: Pick<Forecast, 'runs' | 'time'>,
): { readonly title: string; readonly run: SeedRun }[] {
  const { runs, time } = forecast;
  const marks: { title: string; run: SeedRun }[] = [];
  const tell = (title: string, run: SeedRun | undefined): void => {
    if (run !== undefined) marks.push({ title, run });
  };
  if (time !== null) {
    tell(
      'Shortest',
      runs.find((run) => run.time === time.min),
    );
    tell(
      'Half of the runs that finish, within',
      runs.find((run) => run.time === time.median),
    );
    tell(
      '95 % of them, within',
      runs.find((run) => run.time === time.p95),
    );
    tell(
      'Longest',
      runs.find((run) => run.time === time.max),
    );
  }
  return marks;
}
