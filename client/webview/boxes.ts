import type { Lane, SegmentState } from '../../shared/src/picture/lanes.ts';
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
