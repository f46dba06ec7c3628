import type { Lane, Segment } from '../../shared/src/picture/lanes.ts';

/** Whether a task can't switch then, because of what it sleeps in or because its stack can't be trusted. */
export function isBlocked(segment: Segment | null): boolean {
  return segment !== null && (segment.state === 'blocked-old' || segment.state === 'blocked-new');
}

/** For how many microseconds a task was blocked, all in all. */
export function heldUp(lane: Lane): number {
  return lane.segments.reduce((sum, segment) => sum + (isBlocked(segment) ? segment.to - segment.from : 0), 0);
}

/** Longest held up first; a tenth of a second makes no difference, so that the order of the trace is kept. */
export function byHoldUp<T>(items: readonly T[], lanesOf: (item: T) => readonly Lane[]): T[] {
  return items
    .map((item) => ({ item, time: Math.round(longestHoldUp(lanesOf(item)) / 100_000) }))
    .sort((a, b) => b.time - a.time)
    .map(({ item }) => item);
}

/** Microseconds for which the longest held up task of several was blocked. */
export function longestHoldUp(lanes: readonly Lane[]): number {
  return lanes.reduce((most, lane) => Math.max(most, heldUp(lane)), 0);
}
