import { describe, expect, it } from 'vitest';
import { comparePolicies, type PolicyRow } from '../../../shared/src/comparison/policies.ts';
import { lanesEnd, versionLanes } from '../../../shared/src/picture/version-lanes.ts';
import { patch, READER } from '../simulator/support.ts';

/** A reader sleeps in what both versions replace, until the signal round of each transition. */
const V1 = patch('lp_1', { vmlinux: ['pipe_read', 'f'] }, { replace: true });
const V2 = patch('lp_2', { vmlinux: ['pipe_read', 'g'] }, { replace: true });

const { rows } = comparePolicies(V2, { workload: READER, kernel: '6.12', seed: 1, installed: [V1] });
const rowOf = (order: string): PolicyRow => rows.find((row) => row.released && row.order === order) as PolicyRow;
const SIZE = { width: 100, height: 10 };

function laneOf(order: string, name: string) {
  const row = rowOf(order);
  const end = row.end - row.start;
  const lane = versionLanes(row, 'lp_2', end, SIZE).find(({ function: each }) => each === name);
  if (lane === undefined) throw new Error(`there is no ${name}`);
  return { ...lane, kinds: [...new Set(lane.boxes.map(({ kind }) => kind))] };
}

describe('who runs which version, as a picture', () => {
  it('shows a replaced function that is never unfixed', () => {
    const { boxes, kinds } = laneOf('load', 'pipe_read');
    expect(kinds).toEqual(['new', 'older']);
    // One of three tasks still runs the older version, and then none.
    expect(boxes[0]).toMatchObject({ x: 0, kind: 'new', tasks: 2 });
    expect(boxes.at(-1)).toMatchObject({ kind: 'new', height: 10, tasks: 3 });
  });

  it('shows when a fix is off: between two transitions, and for good when the new patch lacks it', () => {
    const off = laneOf('disable-all', 'pipe_read').boxes.filter(({ kind }) => kind === 'unfixed');
    expect(off[0]).toMatchObject({ x: 0, y: 0 });
    expect(off.at(-1)?.tasks).toBe(1);
    expect(laneOf('load', 'f').boxes.at(-1)).toMatchObject({ kind: 'unfixed', tasks: 3 });
  });

  it('does not call unfixed what nobody fixed before', () => {
    expect(laneOf('disable-all', 'g').kinds).toEqual(['new', 'original']);
  });

  it('keeps one task, and a moment, in sight', () => {
    for (const row of rows) {
      for (const { boxes } of versionLanes(row, 'lp_2', 60_000_000, SIZE)) {
        for (const { kind, width, height, y } of boxes) {
          expect(y).toBeGreaterThanOrEqual(0);
          expect(y + height).toBeLessThanOrEqual(10 + 1e-9);
          if (kind === 'unfixed') expect([width >= 0.6, height >= 2]).toEqual([true, true]);
        }
      }
    }
  });
});

it('pictures of all rows end with the longest that ends', () => {
  const done = { outcome: 'done', start: 5, end: 105 } as const;
  expect(lanesEnd([done, { outcome: 'unfinished', start: 0, end: 60_000_000 }])).toBeCloseTo(105);
  expect(lanesEnd([{ outcome: 'unfinished', start: 0, end: 1000 }])).toBeCloseTo(1050);
});
