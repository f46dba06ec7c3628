import type { Lane, SegmentState } from './lanes.ts';

/** A stretch of time in which the same share of several tasks is in each state. */
export interface ShareColumn {
  /** Microseconds; `to` is exclusive. */
  readonly from: number;
  readonly to: number;
  /** 0 to 1, of the tasks that live then, in drawing order from the bottom up; without those that nobody is in. */
  readonly shares: readonly { readonly state: SegmentState; readonly share: number }[];
}

const ORDER: readonly SegmentState[] = ['new', 'blocked-new', 'old', 'blocked-old', 'rest'];

/** Several lanes as one: in order of time, without stretches in which none of the tasks lives. */
export function shareColumns(group: readonly Lane[]): ShareColumn[] {
  const cuts = new Set<number>();
  for (const lane of group) {
    for (const segment of lane.segments) cuts.add(segment.from).add(segment.to);
  }
  const times = [...cuts].sort((a, b) => a - b);
  // A sweep over starts and ends keeps this linear in the number of segments.
  const starts = new Map<number, SegmentState[]>();
  const ends = new Map<number, SegmentState[]>();
  for (const lane of group) {
    for (const segment of lane.segments) {
      push(starts, segment.from, segment.state);
      push(ends, segment.to, segment.state);
    }
  }
  const counts = new Map<SegmentState, number>();
  const columns: ShareColumn[] = [];
  for (let i = 0; i + 1 < times.length; i++) {
    const from = times[i] as number;
    for (const state of ends.get(from) ?? []) counts.set(state, (counts.get(state) ?? 0) - 1);
    for (const state of starts.get(from) ?? []) counts.set(state, (counts.get(state) ?? 0) + 1);
    const alive = [...counts.values()].reduce((sum, count) => sum + count, 0);
    if (alive === 0) continue;
    columns.push({
      from,
      to: times[i + 1] as number,
      shares: ORDER.filter((state) => (counts.get(state) ?? 0) > 0).map((state) => ({
        state,
        share: (counts.get(state) ?? 0) / alive,
      })),
    });
  }
  return columns;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values) values.push(value);
  else map.set(key, [value]);
}
