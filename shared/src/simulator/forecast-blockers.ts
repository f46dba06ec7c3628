import { causeOf, sleepTime } from './blocker-cause.ts';
import type { Blocker } from './forecast-types.ts';
import type { TaskClass } from './task-class.ts';
import type { BlockReason, TraceEvent } from './trace.ts';
import type { Workload } from './workload.ts';

/** How one task's being held up ended. */
export interface HoldEnd {
  /** Microseconds from the load, null when it did not switch. */
  readonly until: number | null;
  readonly released: Blocker['released'];
  readonly effect: 'restarts' | 'EINTR' | null;
}

type BlockedEvent = Extract<TraceEvent, { type: 'blocked' }>;

/** Tasks of one run that are alike in name and reason. */
interface HeldGroup {
  /** Those of the first one, and whether all have the same. */
  readonly first: TaskClass;
  sameComm: boolean;
  sameGroup: boolean;
  count: number;
  /** Of those that switched. */
  readonly untils: number[];
  /** How that one was blocked that took longest, and how it ended. */
  slowest: BlockedEvent;
  end: HoldEnd;
}

/** Who was held up in one run. */
export class HeldTasks {
  /** By family of names and reason. */
  readonly groups = new Map<string, HeldGroup>();
  /** Tasks that a pass found in one place share one reason: most need no key. */
  private readonly known = new Map<BlockReason, Map<TaskClass, HeldGroup>>();

  add(task: TaskClass, blocked: BlockedEvent, end: HoldEnd): void {
    const group = this.known.get(blocked.reason)?.get(task) ?? this.groupOf(task, blocked, end);
    if ((end.until ?? Infinity) > (group.end.until ?? Infinity)) {
      group.slowest = blocked;
      group.end = end;
    }
    group.count++;
    if (end.until !== null) group.untils.push(end.until);
  }

  private groupOf(task: TaskClass, slowest: BlockedEvent, end: HoldEnd): HeldGroup {
    const { reason } = slowest;
    const why = reason.kind === 'sleeping-on' ? `${reason.function}\n${reason.original}` : reason.kind;
    const key = `${family(task.comm)}\n${why}`;
    let group = this.groups.get(key);
    if (group === undefined) {
      group = { first: task, sameComm: true, sameGroup: true, count: 0, untils: [], slowest, end };
      this.groups.set(key, group);
    }
    if (task.comm !== group.first.comm) group.sameComm = false;
    if (task.group !== group.first.group) group.sameGroup = false;
    const byClass = this.known.get(reason) ?? new Map<TaskClass, HeldGroup>();
    this.known.set(reason, byClass.set(task, group));
    return group;
  }
}

/** Tasks alike in name, place and reason over all runs, worst first; `typical` is the run that is shown. */
export function blockers(
  runs: readonly HeldTasks[],
  typical: HeldTasks,
  workload: Workload,
): Omit<Blocker, 'advice'>[] {
  const byKey = new Map<string, HeldGroup[]>();
  for (const { groups } of runs) {
    for (const [key, group] of groups) {
      const alike = byKey.get(key);
      if (alike === undefined) byKey.set(key, [group]);
      else alike.push(group);
    }
  }
  return [...byKey].map(([key, alike]) => blocker(alike, typical.groups.get(key), workload)).sort(worstFirst);
}

function blocker(
  alike: readonly HeldGroup[],
  typical: HeldGroup | undefined,
  workload: Workload,
): Omit<Blocker, 'advice'> {
  const { first } = alike[0] as HeldGroup;
  const { first: task, count, slowest, end } = typical ?? alike.reduce((a, b) => (b.count > a.count ? b : a));
  const { cause, phase } = causeOf(task, slowest.reason, slowest.stack, workload);
  // A typed array sorts numbers without asking which comes first.
  const times = Float64Array.from(alike.flatMap(({ untils }) => untils)).sort();
  const sameComm = alike.every((group) => group.sameComm && group.first.comm === first.comm);
  const sameGroup = alike.every((group) => group.sameGroup && group.first.group === first.group);
  return {
    comm: sameComm ? first.comm : family(first.comm),
    group: sameGroup ? first.group : null,
    kind: task.kind,
    cause,
    tasks: count,
    reason: slowest.reason,
    stack: slowest.stack,
    seeds: alike.length,
    released: end.released,
    eintr: end.effect === 'EINTR' ? (syscallOf(slowest.stack) ?? null) : null,
    until: end.released === 'never' || times.length === 0 ? null : rank(times, 50),
    sleep: sleepTime(phase),
  };
}

const ORDER = { never: 0, signal: 1, 'kernel-exit': 2, 'wakes-itself': 3 };

function worstFirst(a: Omit<Blocker, 'advice'>, b: Omit<Blocker, 'advice'>): number {
  return (
    ORDER[a.released] - ORDER[b.released] ||
    wholeSeconds(b.until) - wholeSeconds(a.until) ||
    b.seeds - a.seeds ||
    b.tasks - a.tasks ||
    (a.comm < b.comm ? -1 : a.comm > b.comm ? 1 : 0)
  );
}

/** What differs by less is no reason to name one before the other. */
const wholeSeconds = (time: number | null): number => Math.floor((time ?? 0) / 1_000_000);

/** The value below which `percent` of the sorted numbers lie. */
export function rank(sorted: ArrayLike<number>, percent: number): number {
  return sorted[Math.ceil(((sorted.length - 1) * percent) / 100)] as number;
}

/** Threads that differ only in numbers are one kind: `kworker/*:*`. */
function family(comm: string): string {
  return comm.replace(/\d+/g, '*');
}

/** The system call's name from its entry function on the stack. */
export function syscallOf(stack: readonly string[]): string | undefined {
  for (const frame of stack) {
    const match = /^__(?:x64|do|se)_sys_(\w+)/.exec(frame);
    if (match !== null) return match[1];
  }
  return undefined;
}
