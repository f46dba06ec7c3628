import type { BlockReason, Trace, TraceTask } from '../simulator/trace.ts';

/**
 * What a stretch of a task's life looks like in a picture:
 * - `rest`: no transition runs and nothing is patched
 * - `old`: runs the code from before the patch; during a transition it has not switched yet
 * - `new`: runs the patch's code
 * - `blocked-old`, `blocked-new`: like `old` and `new`, and a pass found that its stack keeps it from switching
 */
export type SegmentState = 'rest' | 'old' | 'new' | 'blocked-old' | 'blocked-new';

export interface Segment {
  /** Microseconds since the run's start; `to` is exclusive. */
  readonly from: number;
  readonly to: number;
  readonly state: SegmentState;
  /** Why a pass left it alone: what blocks it, or just that it was running. Null when no pass did. */
  readonly reason: BlockReason | null;
  /** The stack that the pass saw, innermost first; empty when there is no reason. */
  readonly stack: readonly string[];
}

export interface Mark {
  readonly at: number;
  readonly kind: 'signal';
  /** What the interrupted system call did, null when none was interrupted. */
  readonly effect: 'restarts' | 'EINTR' | null;
}

/** One task's life. */
export interface Lane {
  readonly task: TraceTask;
  /** In order of time, without gaps; begins at the fork and ends at the exit. */
  readonly segments: readonly Segment[];
  readonly marks: readonly Mark[];
}

/** Lanes as people look at them: by what the tasks are, those that matter first. */
export interface LaneGroup {
  /** `nginx`, `idle`, `kernel threads`. */
  readonly title: string;
  readonly lanes: readonly Lane[];
  /** True when a task of the group was found blocked. */
  readonly blocked: boolean;
}

/**
 * Reads every task's life from a trace: the trace's tasks in their order, forked ones last.
 */
export function lanes(trace: Trace): Lane[] {
  const lives = new Map<number, LaneBuilder>();
  for (const task of trace.tasks) lives.set(task.id, new LaneBuilder(task, 0, 'rest'));
  const enabled = new Set<string>();
  let atRest: SegmentState = 'rest';
  for (const event of trace.events) {
    switch (event.type) {
      case 'transition':
        // What blocked a task was on the way to the other state: a reversed transition asks anew.
        if (event.phase === 'reverse') for (const life of lives.values()) life.unblock(event.at);
        if (event.phase === 'done') {
          if (event.target === 'patched') enabled.add(event.patch);
          else enabled.delete(event.patch);
          atRest = enabled.size > 0 ? 'new' : 'rest';
          for (const life of lives.values()) life.enter(event.at, atRest);
        }
        break;
      case 'sysfs':
        // A patch's directory vanishes when it was disabled or replaced.
        if (event.value === null && !event.path.includes('/')) enabled.delete(event.path);
        break;
      case 'patch-state':
        // -1 says only that the transition is over; "done" above says what the task runs from then on.
        if (event.state !== -1) lives.get(event.task)?.enter(event.at, stateOf(event.state));
        break;
      case 'blocked':
        lives.get(event.task)?.block(event.at, event.reason, event.stack);
        break;
      case 'signal':
        lives.get(event.task)?.signal(event.at, event.effect);
        break;
      case 'fork':
        lives.set(
          event.child.id,
          new LaneBuilder(event.child, event.at, event.state === -1 ? atRest : stateOf(event.state)),
        );
        break;
      case 'exit':
        lives.get(event.task)?.end(event.at);
        break;
      default:
        break;
    }
  }
  return [...lives.values()].map((life) => life.finish(trace.end));
}

/**
 * Puts lanes that belong together into one group: idle tasks, kernel threads, then user tasks by name. Groups with a
 * blocked task come first, then larger ones; ties keep the order of the trace.
 */
export function groupLanes(all: readonly Lane[]): LaneGroup[] {
  const groups = new Map<string, Lane[]>();
  for (const lane of all) {
    const title = groupTitle(lane.task);
    const group = groups.get(title);
    if (group) group.push(lane);
    else groups.set(title, [lane]);
  }
  return [...groups]
    .map(([title, lanes]) => ({ title, lanes, blocked: lanes.some(isBlockedEver) }))
    .sort((a, b) => Number(b.blocked) - Number(a.blocked) || b.lanes.length - a.lanes.length);
}

/** Whether a pass ever found that the task can't switch because of what it sleeps in, or that its stack can't be trusted. */
export function isBlockedEver(lane: Lane): boolean {
  return lane.segments.some((segment) => segment.reason !== null && segment.reason.kind !== 'running');
}

function groupTitle(task: TraceTask): string {
  if (task.kind === 'idle') return 'idle';
  if (task.kind === 'kthread') return 'kernel threads';
  return task.comm;
}

function stateOf(state: 0 | 1): SegmentState {
  return state === 1 ? 'new' : 'old';
}

class LaneBuilder {
  private readonly task: TraceTask;
  private readonly segments: Segment[] = [];
  private readonly marks: Mark[] = [];
  private from: number;
  private state: SegmentState;
  private reason: BlockReason | null = null;
  private stack: readonly string[] = [];
  private ended: number | null = null;

  constructor(task: TraceTask, at: number, state: SegmentState) {
    this.task = task;
    this.from = at;
    this.state = state;
  }

  enter(at: number, state: SegmentState): void {
    if (state === this.state || this.ended !== null) return;
    this.cut(at);
    this.state = state;
    this.reason = null;
    this.stack = [];
  }

  block(at: number, reason: BlockReason, stack: readonly string[]): void {
    if (this.ended !== null) return;
    this.cut(at);
    const runs = this.state === 'new' || this.state === 'blocked-new' ? 'new' : 'old';
    this.state = reason.kind === 'running' ? runs : `blocked-${runs}`;
    this.reason = reason;
    this.stack = stack;
  }

  unblock(at: number): void {
    if (this.reason === null || this.ended !== null) return;
    this.cut(at);
    this.state = this.state === 'new' || this.state === 'blocked-new' ? 'new' : 'old';
    this.reason = null;
    this.stack = [];
  }

  signal(at: number, effect: Mark['effect']): void {
    this.marks.push({ at, kind: 'signal', effect });
  }

  end(at: number): void {
    this.cut(at);
    this.ended = at;
  }

  finish(end: number): Lane {
    if (this.ended === null) this.cut(end);
    return { task: this.task, segments: this.segments, marks: this.marks };
  }

  private cut(at: number): void {
    if (at > this.from) {
      this.segments.push({ from: this.from, to: at, state: this.state, reason: this.reason, stack: this.stack });
      this.from = at;
    }
  }
}
