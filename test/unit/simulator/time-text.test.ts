import { expect, test } from 'vitest';
import { timeText } from '../../../shared/src/simulator/time-text.ts';

test.each([
  [0, '0 s'],
  [400, '400 µs'],
  [999, '999 µs'],
  [1500, '1.5 ms'],
  [9949, '9.9 ms'],
  [9960, '10 ms'],
  [320_000, '320 ms'],
  [999_499, '999 ms'],
  [999_700, '1.0 s'],
  [16_092_000, '16.1 s'],
  [60_000_000, '60.0 s'],
  [99_960_000, '1 min 40 s'],
  [120_000_000, '2 min'],
  [-1_500_000, '-1.5 s'],
])('%i microseconds read as %s', (micros, text) => {
  expect(timeText(micros)).toBe(text);
});
