import type { FuncStackEntry, Trace, TraceEvent } from '../simulator/trace.ts';
import { StateCounts, versionRun } from './version-history.ts';

/** A time in which a task runs the original of a function that everybody ran a replacement of before. */
export interface UnfixedTime {
  /** `vmlinux` or the module's name. */
  readonly object: string;
  readonly function: string;
  /** Microseconds. */
  readonly from: number;
  /** Microseconds; null when it still is so at the end: nothing that is loaded fixes it any more. */
  readonly to: number | null;
  /** The most tasks that ran the original at once. */
  readonly tasks: number;
}

/**
 * Is there ever a moment when a fixed function runs unfixed? All such times, in the order in which they begin, read from
 * the trace alone: what stands on each function's stack, and which state each task is in. A function counts as fixed from
 * when every task runs a replacement until its object goes away.
 */
export function unfixedTimes(trace: Trace): UnfixedTime[] {
  const reader = new Reader(trace);
  for (const event of trace.events) reader.read(event);
  return reader.times;
}

interface Func {
  readonly object: string;
  readonly function: string;
  stack: readonly FuncStackEntry[];
  fixed: boolean;
  open: { -readonly [key in keyof UnfixedTime]: UnfixedTime[key] } | null;
}

class Reader {
  readonly times: UnfixedTime[] = [];
  private readonly funcs = new Map<string, Func>();
  private readonly tasks: StateCounts;

  constructor(trace: Trace) {
    this.tasks = new StateCounts(trace);
  }

  read(event: TraceEvent): void {
    const moved = this.tasks.read(event);
    switch (event.type) {
      case 'module':
        if (event.state === 'gone') this.forget(event.module, event.at);
        return;
      case 'func-stack': {
        const key = `${event.object}:${event.function}`;
        const func = this.funcs.get(key);
        if (func !== undefined) func.stack = event.stack;
        else {
          const { object, stack } = event;
          this.funcs.set(key, { object, function: event.function, stack, fixed: false, open: null });
        }
        break;
      }
      default:
        if (!moved) return;
    }
    for (const func of this.funcs.values()) this.look(func, event.at);
  }

  /** Nobody runs functions of a module that is gone, also not since its patches were reverted a moment before. */
  private forget(module: string, at: number): void {
    for (const [key, func] of this.funcs) {
      if (func.object !== module) continue;
      this.funcs.delete(key);
      if (func.open?.from === at) this.times.splice(this.times.indexOf(func.open), 1);
      else if (func.open !== null) func.open.to = at;
    }
  }

  private look(func: Func, at: number): void {
    let unfixed = 0;
    for (const state of [-1, 0, 1] as const) {
      if (versionRun(func.stack, state) === 'original') unfixed += this.tasks.in(state);
    }
    if (unfixed === 0) {
      func.fixed = true;
      if (func.open !== null) func.open.to = at;
      func.open = null;
    } else if (func.open !== null) {
      func.open.tasks = Math.max(func.open.tasks, unfixed);
    } else if (func.fixed) {
      func.open = { object: func.object, function: func.function, from: at, to: null, tasks: unfixed };
      this.times.push(func.open);
    }
  }
}
