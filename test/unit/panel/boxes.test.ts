import { describe, expect, test } from 'vitest';
import { barBoxes, signalPlaces } from '../../../client/webview/boxes.ts';
import { lane, task } from './traces.ts';

const VIEW = { from: 0, to: 1000 };

describe('bars', () => {
  test('one task: a box for each stretch, as wide as its time', () => {
    const nginx = lane(task(1, 'nginx'), 0, 'old', 100, 'blocked-old', 600, 'new', 1000);
    expect(barBoxes([nginx], VIEW, 500, 14)).toEqual([
      { x: 0, y: 0, width: 50, height: 14, state: 'old' },
      { x: 50, y: 0, width: 250, height: 14, state: 'blocked-old' },
      { x: 300, y: 0, width: 200, height: 14, state: 'new' },
    ]);
  });

  test('several tasks: shares of the height, new code at the bottom', () => {
    const lanes = [
      lane(task(1, 'nginx'), 0, 'new', 1000),
      lane(task(2, 'nginx'), 0, 'new', 1000),
      lane(task(3, 'nginx'), 0, 'new', 1000),
      lane(task(4, 'nginx'), 0, 'blocked-old', 1000),
    ];
    expect(barBoxes(lanes, VIEW, 500, 16)).toEqual([
      { x: 0, y: 4, width: 500, height: 12, state: 'new' },
      { x: 0, y: 0, width: 500, height: 4, state: 'blocked-old' },
    ]);
  });

  test('nothing patched is a thin line in the middle', () => {
    expect(barBoxes([lane(task(1, 'nginx'), 0, 'rest', 1000)], VIEW, 500, 14)).toEqual([
      { x: 0, y: 5.5, width: 500, height: 3, state: 'rest' },
    ]);
  });

  test('only what is in view, cut at its edges', () => {
    const nginx = lane(task(1, 'nginx'), 0, 'old', 100, 'blocked-old', 600, 'new', 1000);
    expect(barBoxes([nginx], { from: 200, to: 400 }, 500, 14)).toEqual([
      { x: 0, y: 0, width: 500, height: 14, state: 'blocked-old' },
    ]);
  });

  test('a short stretch is a pixel wide, and a thousand of them are not a thousand boxes', () => {
    const brief = lane(task(1, 'nginx'), 0, 'old', 1, 'new', 1000);
    expect(barBoxes([brief], VIEW, 500, 14)[0]).toEqual({ x: 0, y: 0, width: 1, height: 14, state: 'old' });
    const many = Array.from({ length: 1000 }, (_, i) => lane(task(i, 'nginx'), 0, 'old', i + 1, 'new', 2000));
    const columns = new Set(barBoxes(many, VIEW, 100, 14).map(({ x }) => x));
    expect(columns.size).toBeLessThanOrEqual(201);
  });
});

describe('signals', () => {
  test('of many tasks at one time are one mark', () => {
    const signalled = (id: number, at: number) => ({
      ...lane(task(id, 'nginx'), 0, 'old', 1000),
      marks: [{ at, kind: 'signal' as const, effect: null }],
    });
    expect(signalPlaces([signalled(1, 500), signalled(2, 501), signalled(3, 900)], VIEW, 100)).toEqual([50, 90]);
    expect(signalPlaces([signalled(1, 500)], { from: 0, to: 400 }, 100)).toEqual([]);
  });
});
