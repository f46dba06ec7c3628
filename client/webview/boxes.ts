import type { Lane, SegmentState } from '../../shared/src/picture/lanes.ts';
import type { LanePair } from '../../shared/src/picture/overlay.ts';
import { type ShareColumn, shareColumns } from '../../shared/src/picture/shares.ts';
import { timeToX, type View } from './view.ts';

/** A piece of a row's bar, in pixels from the bar's top left corner. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly state: SegmentState;
}

/** "Nothing patched" is a thin line: there is nothing to look at. */
const THIN = 3;
/** What is narrower than this share of a pixel is left to its neighbour. */
const NARROWEST = 0.5;

/** Heights in CSS pixels. */
export const ROW_HEIGHT = 22;
const BAR_HEIGHT = 14;
/** Of the two bars of a task that a real kernel ran, too. */
const HALF_HEIGHT = 7;
const HALF_GAP = 2;

/** One bar of a row; `top` is counted from the row's upper edge, in pixels. */
export interface Bar {
  readonly lanes: readonly Lane[];
  readonly top: number;
  readonly height: number;
}

const alone = new WeakMap<Lane, readonly Lane[]>();

/** The bars of a row: the simulator's over a real kernel's where `pair` has both. */
export function barsOf(lanes: readonly Lane[], pair: LanePair | null): Bar[] {
  if (pair === null) return [{ lanes, top: (ROW_HEIGHT - BAR_HEIGHT) / 2, height: BAR_HEIGHT }];
  const top = (ROW_HEIGHT - 2 * HALF_HEIGHT - HALF_GAP) / 2;
  const upper = { lanes, top, height: HALF_HEIGHT };
  if (pair.real === null) return [upper];
  // The same list each time: its boxes are worked out once.
  const real = alone.get(pair.real) ?? [pair.real];
  alone.set(pair.real, real);
  return [upper, { lanes: real, top: top + HALF_HEIGHT + HALF_GAP, height: HALF_HEIGHT }];
}

/** A stretch of a row in which both bars say different things, in pixels. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly height: number;
}

export function framesOf(pair: LanePair | null, view: View, width: number): Frame[] {
  return (pair?.differences ?? [])
    .filter(({ from, to }) => to >= view.from && from <= view.to)
    .map(({ from, to }) => ({
      left: Math.max(timeToX(from, view, width), 0),
      right: Math.min(timeToX(to, view, width), width),
      top: 1.5,
      height: ROW_HEIGHT - 3,
    }));
}

/** Shares of the same tasks are asked for at every frame. */
const known = new WeakMap<readonly Lane[], readonly ShareColumn[]>();

/**
 * The bar of one task, or of several as shares of its height, as far as it is in view. `width` and `height` are the
 * bar's, in pixels. Hundreds of tasks that switch within a pixel give one box.
 */
export function barBoxes(lanes: readonly Lane[], view: View, width: number, height: number): Box[] {
  const out: Box[] = [];
  let drawn = Number.NEGATIVE_INFINITY;
  for (const column of columnsOf(lanes)) {
    if (column.to <= view.from || column.from >= view.to) continue;
    const left = Math.max(timeToX(column.from, view, width), 0);
    const right = Math.min(timeToX(column.to, view, width), width);
    if (right - drawn < NARROWEST) continue;
    drawn = right;
    let bottom = height;
    for (const { state, share } of column.shares) {
      const full = share * height;
      const high = state === 'rest' ? Math.min(full, THIN) : full;
      const y = state === 'rest' ? bottom - full / 2 - high / 2 : bottom - full;
      out.push({ x: left, y, width: Math.max(right - left, 1), height: high, state });
      bottom -= full;
    }
  }
  return out;
}

/** Where signals reached tasks of a row, in pixels; those within a pixel are one. */
export function signalPlaces(lanes: readonly Lane[], view: View, width: number): number[] {
  const places = new Set<number>();
  for (const { marks } of lanes) {
    for (const { at } of marks) {
      if (at >= view.from && at <= view.to) places.add(Math.round(timeToX(at, view, width)));
    }
  }
  return [...places].sort((a, b) => a - b);
}

function columnsOf(lanes: readonly Lane[]): readonly ShareColumn[] {
  let columns = known.get(lanes);
  if (columns === undefined) {
    columns = shareColumns(lanes);
    known.set(lanes, columns);
  }
  return columns;
}
