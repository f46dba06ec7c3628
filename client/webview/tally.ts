import type { Lane, Segment } from '../../shared/src/picture/lanes.ts';

/** How many tasks are in which state at one time. `blocked` ones run old or new code and can't switch. */
export interface Tally {
  readonly old: number;
  readonly new: number;
  readonly blocked: number;
  readonly rest: number;
}

/** What a task does at a time; null before its fork and after its exit. */
export function segmentAt(lane: Lane, at: number): Segment | null {
  const { segments } = lane;
  let low = 0;
  let high = segments.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((segments[middle] as Segment).from <= at) low = middle;
    else high = middle - 1;
  }
  const segment = segments[low];
  if (segment === undefined || at < segment.from) return null;
  // The last one includes the run's end, where the cursor may stand.
  return at < segment.to || (low === segments.length - 1 && at === segment.to) ? segment : null;
}

export function tally(lanes: readonly Lane[], at: number): Tally {
  const counts = { old: 0, new: 0, blocked: 0, rest: 0 };
  for (const lane of lanes) {
    const segment = segmentAt(lane, at);
    if (segment === null) continue;
    if (segment.state === 'blocked-old' || segment.state === 'blocked-new') counts.blocked++;
    else counts[segment.state]++;
  }
  return counts;
}

/** `211 tasks run new code, 3 are blocked`. */
export function tallyText(counts: Tally): string {
  const parts = [
    counts.new > 0 ? `${tasks(counts.new)} ${counts.new === 1 ? 'runs' : 'run'} new code` : '',
    counts.old > 0 ? `${tasks(counts.old)} ${counts.old === 1 ? 'runs' : 'run'} old code` : '',
    counts.blocked > 0 ? `${tasks(counts.blocked)} ${counts.blocked === 1 ? 'is' : 'are'} blocked` : '',
    counts.rest > 0 ? `${tasks(counts.rest)}, nothing patched` : '',
  ].filter((part) => part !== '');
  return parts.length === 0 ? 'no tasks' : parts.join(', ');
}

function tasks(count: number): string {
  return count === 1 ? '1 task' : `${count} tasks`;
}
