import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distribution, landmarks } from '../../../shared/src/picture/distribution.ts';
import type { SeedRun } from '../../../shared/src/simulator/forecast-types.ts';

const SECOND = 1_000_000;

/** Runs by the seconds that they took; null for those that did not finish. */
const runs = (...seconds: (number | null)[]): SeedRun[] =>
  seconds.map((time, index) => ({
    seed: index + 1,
    time: time === null ? null : time * SECOND,
    signalled: time === null || time > 15,
  }));

describe('the runs of a forecast as a picture', () => {
  it('are counted in bins of a round width', () => {
    const { bins, end, unfinished, most } = distribution({ runs: runs(0, 1.2, 16.1, 16.4, null) }, 20);
    expect(bins[0]).toMatchObject({ from: 0, to: SECOND, runs: [{ seed: 1 }] });
    expect(bins.flatMap(({ from, runs: inBin }) => inBin.map(({ seed }) => [from / SECOND, seed]))).toEqual([
      [0, 1],
      [1, 2],
      [16, 3],
      [16, 4],
    ]);
    expect(end).toBe(17 * SECOND);
    expect(unfinished.map(({ seed }) => seed)).toEqual([5]);
    expect(most).toBe(2);
  });

  it('that all finish in the first pass, or never, still have an axis', () => {
    expect(distribution({ runs: runs(0, 0) }, 10)).toMatchObject({ end: SECOND, most: 2 });
    expect(distribution({ runs: runs(null, null) }, 10)).toMatchObject({ end: SECOND, most: 2 });
  });

  it('put those that needed the signal round upon the others', () => {
    const mixed: SeedRun[] = [
      { seed: 1, time: 100, signalled: true },
      { seed: 2, time: 200, signalled: false },
    ];
    expect(distribution({ runs: mixed }, 3).bins[0]?.runs.map(({ seed }) => seed)).toEqual([2, 1]);
  });

  it('are all there once, in the bin of their time', () => {
    const time = fc.option(fc.integer({ min: 0, max: 3_600_000_000 }));
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 60 }), fc.integer({ min: 1, max: 40 }), (times, most) => {
        const all = times.map((each, index) => ({ seed: index + 1, time: each, signalled: false }));
        const made = distribution({ runs: all }, most);
        const seeds = [...made.bins.flatMap(({ runs: inBin }) => inBin), ...made.unfinished].map(({ seed }) => seed);
        expect(seeds.sort((a, b) => a - b)).toEqual(all.map(({ seed }) => seed));
        expect(made.bins.length).toBeLessThanOrEqual(most);
        for (const { from, to, runs: inBin } of made.bins) {
          for (const run of inBin) {
            expect(run.time).toBeGreaterThanOrEqual(from);
            expect(run.time).toBeLessThanOrEqual(to);
          }
        }
      }),
    );
  });

  it('has landmarks that are runs', () => {
    const all = runs(3, 1, 2, null);
    const time = { min: SECOND, median: 2 * SECOND, p95: 3 * SECOND, max: 3 * SECOND };
    expect(landmarks({ runs: all, time }).map(({ run }) => run.seed)).toEqual([2, 3, 1, 1]);
    expect(landmarks({ runs: runs(null), time: null })).toEqual([]);
  });
});
