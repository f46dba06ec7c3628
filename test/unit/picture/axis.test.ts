import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axisTicks } from '../../../shared/src/picture/axis.ts';

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
