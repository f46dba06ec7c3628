import type { Lane, LaneGroup } from '../../shared/src/picture/lanes.ts';
import { taskLabel } from './rows.ts';

/**
 * The groups with those of their tasks that fit: all words of the query stand in the task's name and number, in what kind
 * it is, or in the function that held it up. An empty query fits everything.
 */
export function filterGroups(groups: readonly LaneGroup[], query: string): readonly LaneGroup[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return groups;
  return groups.flatMap((group) => {
    const lanes = group.lanes.filter((lane) => {
      const text = searchText(lane);
      return words.every((word) => text.includes(word));
    });
    return lanes.length === 0 ? [] : [{ ...group, lanes }];
  });
}

/** `blocked` and `switched` find what the picture shows so. */
function searchText(lane: Lane): string {
  const parts = [taskLabel(lane), KINDS[lane.task.kind]];
  for (const { state, reason } of lane.segments) {
    if (state === 'blocked-old' || state === 'blocked-new') parts.push('blocked');
    if (state === 'new') parts.push('switched');
    if (reason?.kind === 'sleeping-on') parts.push(reason.function, reason.original);
  }
  return parts.join(' ').toLowerCase();
}

const KINDS: { readonly [kind in Lane['task']['kind']]: string } = {
  user: 'user',
  kthread: 'kthread kernel',
  io_worker: 'io_worker',
  idle: 'idle',
};
