import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pan, reveal, ticks, timeToX, type View, wholeRun, xToTime, zoom } from '../../../client/webview/view.ts';

const END = 16_000_000;
const times = fc.integer({ min: 0, max: END });
const views = fc
  .tuple(times, fc.integer({ min: 5000, max: END }))
  .map(([from, span]): View => reveal({ from: 0, to: Math.min(span, wholeRun(END).to) }, from, END));

describe('view', () => {
  test('times and places lead to each other', () => {
    fc.assert(
      fc.property(views, fc.double({ min: 0, max: 1, noNaN: true }), (view, share) => {
        const at = xToTime(share * 800, view, 800);
        expect(Number.isInteger(at)).toBe(true);
        expect(Math.abs(timeToX(at, view, 800) - share * 800)).toBeLessThan(0.1);
      }),
    );
  });

  test('places beyond the edges are the edges', () => {
    const view = { from: 1000, to: 21_000 };
    expect(xToTime(-50, view, 800)).toBe(1000);
    expect(xToTime(900, view, 800)).toBe(21_000);
    expect(xToTime(10, view, 0)).toBe(1000);
  });

  test('zooming keeps what is below the pointer, and never leaves the run', () => {
    fc.assert(
      fc.property(views, times, fc.constantFrom(0.5, 0.8, 1.25, 2), (view, at, factor) => {
        const next = zoom(view, factor, at, END);
        const whole = wholeRun(END);
        expect(next.from).toBeGreaterThanOrEqual(whole.from);
        expect(next.to).toBeLessThanOrEqual(whole.to);
        expect(next.to - next.from).toBeGreaterThanOrEqual(5000);
        const inside = next.from > whole.from && next.to < whole.to && at >= view.from && at <= view.to;
        if (inside) expect(Math.abs(timeToX(at, next, 1) - timeToX(at, view, 1))).toBeLessThan(0.01);
      }),
    );
  });

  test('panning keeps the width and stops at the ends', () => {
    fc.assert(
      fc.property(views, fc.double({ min: -3, max: 3, noNaN: true }), (view, share) => {
        const next = pan(view, share, END);
        expect(next.to - next.from).toBe(view.to - view.from);
        expect(next.from).toBeGreaterThanOrEqual(0);
        expect(next.to).toBeLessThanOrEqual(wholeRun(END).to);
      }),
    );
  });

  test('revealing brings a time into sight and leaves the view alone when it is', () => {
    fc.assert(
      fc.property(views, times, (view, at) => {
        const next = reveal(view, at, END);
        expect(at).toBeGreaterThanOrEqual(next.from);
        expect(at).toBeLessThanOrEqual(next.to);
        if (at >= view.from && at <= view.to) expect(next).toEqual(view);
      }),
    );
  });

  test('an empty run has a view of some width', () => {
    const { from, to } = wholeRun(0);
    expect(to).toBeGreaterThan(from);
  });
});

describe('ticks', () => {
  const texts = (view: View, most: number) => ticks(view, most).map(({ text }) => text);

  test('round times with the decimals that tell them apart', () => {
    expect(texts({ from: 0, to: 16_500_000 }, 9)).toEqual([
      '0',
      '2 s',
      '4 s',
      '6 s',
      '8 s',
      '10 s',
      '12 s',
      '14 s',
      '16 s',
    ]);
    expect(texts({ from: 15_000_000, to: 15_010_000 }, 6)).toEqual([
      '15.000 s',
      '15.002 s',
      '15.004 s',
      '15.006 s',
      '15.008 s',
      '15.010 s',
    ]);
    expect(texts({ from: 0, to: 60_000 }, 7)).toEqual(['0', '10 ms', '20 ms', '30 ms', '40 ms', '50 ms', '60 ms']);
    expect(texts({ from: 0, to: 600_000_000 }, 4)).toEqual(['0', '5 min', '10 min']);
  });

  test('however narrow, two marks tell the scale, and no two read the same', () => {
    fc.assert(
      fc.property(views, fc.integer({ min: 1, max: 20 }), (view, most) => {
        const found = texts(view, most);
        expect(found.length).toBeGreaterThanOrEqual(1);
        expect(found.length).toBeLessThanOrEqual(Math.max(most, 2) + 4);
        expect(new Set(found).size).toBe(found.length);
      }),
    );
  });
});
