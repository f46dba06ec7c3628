import type { Lane, LaneGroup } from '../../shared/src/picture/lanes.ts';
import { byHoldUp, longestHoldUp } from './held-up.ts';

/** One line of the timeline: a group of tasks, tasks of a group that behave alike, or one task. */
export interface Row {
  /** The same for the same tasks after an edit: folding and selection are kept by it. */
  readonly id: string;
  readonly kind: 'group' | 'alike' | 'task';
  /** 0 for groups and for tasks that are a group of their own. */
  readonly depth: number;
  readonly label: string;
  readonly lanes: readonly Lane[];
  /** Null when there is nothing to unfold. */
  readonly expanded: boolean | null;
}

/** Rows that are folded otherwise than at first, by id. */
export type Folds = { readonly [row: string]: boolean };

/** So many tasks that do the same at the same time become one row. */
const LEAST_ALIKE = 3;
/** A group is unfolded at first when one of its tasks is held up for at least this share of the run. */
const LONG = 1 / 10;
/** Tasks switch "at the same time" when they do so within this share of the run. */
const SAME_TIME = 1 / 50;

/**
 * The rows that are to be seen, top down, those that are held up longest first. At first groups with a task that is held
 * up for long are unfolded and the others are not; within a group, tasks that behave alike are one row. `end` is the run's end in microseconds.
 */
export function visibleRows(groups: readonly LaneGroup[], folds: Folds, end: number): Row[] {
  const out: Row[] = [];
  for (const group of byHoldUp(groups, ({ lanes }) => lanes)) {
    const only = group.lanes.length === 1 ? group.lanes[0] : undefined;
    if (only) {
      out.push(taskRow(only, 0));
      continue;
    }
    const id = `group:${group.title}`;
    const expanded = folds[id] ?? longestHoldUp(group.lanes) >= end * LONG;
    out.push({
      id,
      kind: 'group',
      depth: 0,
      label: `${group.title} (${group.lanes.length})`,
      lanes: group.lanes,
      expanded,
    });
    if (expanded) out.push(...members(group, id, folds, end));
  }
  return out;
}

/** Short name of a task: `nginx:1187`; idle and numbered kernel threads have their CPU in the name already. */
export function taskLabel(lane: Lane): string {
  return lane.task.kind === 'idle' ? lane.task.comm : `${lane.task.comm}:${lane.task.id}`;
}

function members(group: LaneGroup, groupId: string, folds: Folds, end: number): Row[] {
  const classes = new Map<string, Lane[]>();
  for (const lane of group.lanes) {
    const key = behaviour(lane, end);
    const same = classes.get(key);
    if (same) same.push(lane);
    else classes.set(key, [lane]);
  }
  const sorted = byHoldUp([...classes], ([, lanes]) => lanes);
  const out: Row[] = [];
  for (const [key, lanes] of sorted) {
    const whole = lanes.length === group.lanes.length;
    if (lanes.length < LEAST_ALIKE || whole) {
      out.push(...lanes.map((lane) => taskRow(lane, 1)));
      continue;
    }
    const id = `${groupId}/${key}`;
    const expanded = folds[id] ?? false;
    out.push({
      id,
      kind: 'alike',
      depth: 1,
      label: `${commonName(lanes)} ×${lanes.length}`,
      lanes,
      expanded,
    });
    if (expanded) out.push(...lanes.map((lane) => taskRow(lane, 2)));
  }
  return out;
}

/** Id of a task's row. */
export function rowOfTask(id: number): string {
  return `task:${id}`;
}

/** One task's line. */
export function taskRow(lane: Lane, depth: number): Row {
  return {
    id: rowOfTask(lane.task.id),
    kind: 'task',
    depth,
    label: taskLabel(lane),
    lanes: [lane],
    expanded: null,
  };
}

/** What a task does in the run, coarsely: the states in order, each with when it began and what blocked it. */
function behaviour(lane: Lane, end: number): string {
  const step = Math.max(1, Math.floor(end * SAME_TIME));
  return lane.segments
    .map((segment) => {
      const why = segment.reason?.kind === 'sleeping-on' ? segment.reason.function : '';
      return `${segment.state}${why}@${Math.round(segment.from / step)}`;
    })
    .join();
}

function commonName(lanes: readonly Lane[]): string {
  const names = new Set(lanes.map((lane) => lane.task.comm));
  const [first = ''] = names;
  return names.size === 1 ? first : `${first}, …`;
}
