import type { FuncStackEntry, PatchState, Trace, TraceEvent } from '../simulator/trace.ts';

/** One function's stack of replacements over time, and who runs which version. Times are microseconds. */
export interface VersionHistory {
  /** `vmlinux` or the module's name. */
  readonly object: string;
  readonly function: string;
  /** In order of time, without gaps from the first registration to the end of the trace. */
  readonly spans: readonly VersionSpan[];
}

/** A time in which neither the stack nor the number of tasks in each version changes. */
export interface VersionSpan {
  readonly from: number;
  readonly to: number;
  /** func_stack, newest first; empty when nothing replaces the function. */
  readonly stack: readonly FuncStackEntry[];
  /** How many tasks would run which version if they called the function now, newest version first. */
  readonly runs: readonly { readonly version: Version; readonly tasks: number }[];
}

/** The patch whose replacement runs, or the original. */
export type Version = { readonly patch: string; readonly newFunc: string } | 'original';

/** The histories of all functions that a trace tells of, in the order in which they were first replaced. */
export function versionHistories(trace: Trace): VersionHistory[] {
  const reader = new HistoryReader(trace);
  for (const event of trace.events) reader.read(event);
  return reader.finish(trace.end);
}

/**
 * The version that a task of that state runs (klp_ftrace_handler()): the top of the stack, or the entry below it for a task
 * that has not gone over to a top in transition.
 */
export function versionRun([top, older]: readonly FuncStackEntry[], state: PatchState): Version {
  const chosen = top?.transition === true && state === 0 ? older : top;
  if (chosen === undefined || chosen.nop) return 'original';
  return { patch: chosen.patch, newFunc: chosen.newFunc };
}

/** Which state each living task is in. */
export class StateCounts {
  private readonly states = new Map<number, PatchState>();
  private readonly counts = [0, 0, 0];

  constructor(trace: Trace) {
    for (const { id } of trace.tasks) this.enter(id, -1);
  }

  /** Takes in an event; returns whether a task came, went or changed its state. */
  read(event: TraceEvent): boolean {
    switch (event.type) {
      case 'patch-state':
        this.enter(event.task, event.state);
        return true;
      case 'fork':
        this.enter(event.child.id, event.state);
        return true;
      case 'exit':
        this.leave(event.task);
        return true;
      default:
        return false;
    }
  }

  /** Living tasks in that state. */
  in(state: PatchState): number {
    return this.counts[state + 1] ?? 0;
  }

  /** The task's state; undefined when it does not live. */
  of(task: number): PatchState | undefined {
    return this.states.get(task);
  }

  private enter(task: number, state: PatchState): void {
    this.leave(task);
    this.states.set(task, state);
    this.counts[state + 1] = this.in(state) + 1;
  }

  private leave(task: number): void {
    const state = this.states.get(task);
    if (state === undefined) return;
    this.states.delete(task);
    this.counts[state + 1] = this.in(state) - 1;
  }
}

/** In which order versions are told: newest state first. */
const STATES: readonly PatchState[] = [1, -1, 0];

interface Building {
  readonly object: string;
  readonly function: string;
  stack: readonly FuncStackEntry[];
  readonly spans: { from: number; to: number; stack: VersionSpan['stack']; runs: VersionSpan['runs'] }[];
}

class HistoryReader {
  private readonly funcs = new Map<string, Building>();
  private readonly tasks: StateCounts;
  /** Time up to which all events were read, and whether the spans that begin there are still to be made. */
  private at = 0;
  private changed = false;

  constructor(trace: Trace) {
    this.tasks = new StateCounts(trace);
  }

  read(event: TraceEvent): void {
    // What happens at one time is one change.
    if (event.at > this.at) this.close(event.at);
    if (this.tasks.read(event)) this.changed = true;
    if (event.type !== 'func-stack') return;
    this.changed = true;
    const key = `${event.object}:${event.function}`;
    const func = this.funcs.get(key);
    if (func !== undefined) func.stack = event.stack;
    else this.funcs.set(key, { object: event.object, function: event.function, stack: event.stack, spans: [] });
  }

  finish(end: number): VersionHistory[] {
    this.close(end);
    return [...this.funcs.values()].map(({ object, function: name, spans }) => {
      const last = spans[spans.length - 1];
      if (last !== undefined) last.to = end;
      return { object, function: name, spans };
    });
  }

  private close(next: number): void {
    if (this.changed) for (const func of this.funcs.values()) this.extend(func);
    this.changed = false;
    this.at = next;
  }

  private extend(func: Building): void {
    const runs = this.runs(func.stack);
    const last = func.spans[func.spans.length - 1];
    if (last !== undefined) {
      last.to = this.at;
      if (last.stack === func.stack && isSame(last.runs, runs)) return;
    }
    func.spans.push({ from: this.at, to: this.at, stack: func.stack, runs });
  }

  private runs(stack: readonly FuncStackEntry[]): VersionSpan['runs'] {
    const runs: { version: Version; tasks: number }[] = [];
    for (const state of STATES) {
      const tasks = this.tasks.in(state);
      if (tasks === 0) continue;
      const version = versionRun(stack, state);
      const known = runs.find((each) => isSameVersion(each.version, version));
      if (known === undefined) runs.push({ version, tasks });
      else known.tasks += tasks;
    }
    return runs;
  }
}

function isSame(a: VersionSpan['runs'], b: VersionSpan['runs']): boolean {
  return (
    a.length === b.length &&
    a.every(({ version, tasks }, index) => {
      const other = b[index];
      return other !== undefined && tasks === other.tasks && isSameVersion(version, other.version);
    })
  );
}

function isSameVersion(a: Version, b: Version): boolean {
  return a === b || (a !== 'original' && b !== 'original' && a.patch === b.patch && a.newFunc === b.newFunc);
}
