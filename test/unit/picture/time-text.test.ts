import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axisTicks, timeText } from '../../../shared/src/picture/time-text.ts';

test.each([
  [0, '0 s'],
  [400, '0.4 ms'],
  [320_000, '320 ms'],
  [16_100_000, '16.1 s'],
  [99_960_000, '1 min 40 s'],
  [120_000_000, '2 min'],
  [-1_500_000, '-1.5 s'],
])('%i microseconds read as %s', (micros, text) => {
  expect(timeText(micros)).toBe(text);
});

test('an axis has few, evenly spaced, growing marks that begin at 0 and stay within it', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e12 }), fc.integer({ min: 3, max: 12 }), (end, most) => {
      const ticks = axisTicks(end, most);
      expect(ticks[0]).toBe(0);
      expect(ticks.length).toBeLessThanOrEqual(most);
      expect(ticks.every((tick) => tick <= end)).toBe(true);
      const step = (ticks[1] ?? 0) - 0;
      ticks.forEach((tick, i) => {
        expect(tick).toBe(i * step);
      });
    }),
  );
});
