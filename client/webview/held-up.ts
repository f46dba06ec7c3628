import type { Lane, Segment } from '../../shared/src/picture/lanes.ts';

/** Whether a task can't switch then, because of what it sleeps in or because its stack can't be trusted. */
export function isBlocked(segment: Segment | null): boolean {
  return segment !== null && (segment.state === 'blocked-old' || segment.state === 'blocked-new');
}

/** For how many microseconds a task was blocked, all in all. */
export function heldUp(lane: Lane): number {
  return lane.segments.reduce((sum, segment) => sum + (isBlocked(segment) ? segment.to - segment.from : 0), 0);
}
