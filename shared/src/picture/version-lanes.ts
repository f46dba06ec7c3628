import type { PolicyRow } from '../comparison/policies.ts';
import type { VersionHistory } from '../comparison/version-history.ts';

/** Who runs which version of one function over time, as boxes in a picture of a given width and height. */
export interface VersionLane {
  readonly object: string;
  readonly function: string;
  readonly boxes: readonly VersionBox[];
}

export interface VersionBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly kind: 'new' | 'older' | 'original' | 'unfixed';
  /** Microseconds since the first thing that was done. */
  readonly from: number;
  readonly to: number;
  readonly tasks: number;
}

/** From the bottom up. */
const KINDS: readonly VersionBox['kind'][] = ['new', 'older', 'original', 'unfixed'];

/** What must be seen however short it is, and however few tasks it is about: shares of width and height. */
const LEAST_WIDTH = 0.006;
const LEAST_HEIGHT = 0.2;

/**
 * Lanes of one way of bringing the patch of `module`, one for each function that a patch replaces. `end` is how many
 * microseconds the width stands for. `original` is what nobody fixed before, `unfixed` what somebody did.
 */
export function versionLanes(
  row: Pick<PolicyRow, 'histories' | 'unfixed' | 'start'>,
  module: string,
  end: number,
  size: { readonly width: number; readonly height: number },
): VersionLane[] {
  return row.histories.map((history) => ({
    object: history.object,
    function: history.function,
    boxes: history.spans.flatMap((span) => spanBoxes(span, history, row, module, end, size)),
  }));
}

function spanBoxes(
  span: VersionHistory['spans'][number],
  { object, function: name }: VersionHistory,
  { unfixed, start }: Pick<PolicyRow, 'unfixed' | 'start'>,
  module: string,
  end: number,
  { width, height }: { readonly width: number; readonly height: number },
): VersionBox[] {
  const from = span.from - start;
  const to = Math.min(span.to - start, end);
  if (from >= end) return [];
  const open = unfixed.some(
    (time) =>
      time.object === object &&
      time.function === name &&
      time.from <= span.from &&
      (time.to === null || time.to >= span.to),
  );
  const tasks = { new: 0, older: 0, original: 0, unfixed: 0 };
  for (const { version, tasks: count } of span.runs) {
    if (version === 'original') tasks[open ? 'unfixed' : 'original'] += count;
    else tasks[version.patch === module ? 'new' : 'older'] += count;
  }
  const all = KINDS.reduce((sum, kind) => sum + tasks[kind], 0);
  if (all === 0) return [];
  const x = (from / end) * width;
  let bottom = height;
  return KINDS.flatMap((kind): VersionBox[] => {
    if (tasks[kind] === 0) return [];
    const must = kind === 'unfixed';
    const high = Math.max((tasks[kind] / all) * height, must ? LEAST_HEIGHT * height : 0);
    const wide = Math.max(((to - from) / end) * width, must ? LEAST_WIDTH * width : 0);
    const y = Math.max(0, bottom - high);
    bottom = y;
    // The last one, which is what matters, stands before what is below it when there is not room for both.
    const top = must ? 0 : y;
    return [{ x, y: top, width: wide, height: must ? high : Math.max(0, high), kind, from, to, tasks: tasks[kind] }];
  });
}

/** Microseconds that the pictures of all rows stand for: those that end, or, when none does, all that was played. */
export function lanesEnd(rows: readonly Pick<PolicyRow, 'outcome' | 'start' | 'end'>[]): number {
  const ended = rows.filter(({ outcome }) => outcome === 'done');
  const lengths = (ended.length > 0 ? ended : rows).map(({ start, end }) => end - start);
  return Math.max(1, ...lengths) * 1.05;
}
