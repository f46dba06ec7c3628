import type { BlockReason, Trace } from '../simulator/trace.ts';

/** How a task was held up in a run, for the first time. Times are microseconds since the run's start. */
export interface Hold {
  readonly reason: BlockReason;
  /** As the pass saw it, innermost first. */
  readonly stack: readonly string[];
  /** When it ended; null when it did not. */
  readonly until: number | null;
  /** That, when the task went on by itself: no signal of the transition reached it, and nobody forced it. */
  readonly wokeAt: number | null;
}

/** Whoever merely runs is switched in the next pass, a second later: nobody waits for it. */
const MERELY_RUNS = 1_500_000;
/** A task that a signal woke switches this soon, in microseconds. */
const BY_SIGNAL = 1000;

/** The tasks that were held up, by their id: those whose stack kept them from switching, or who ran for long. */
export function holdsOf(trace: Trace): Map<number, Hold> {
  const open = new Map<number, { at: number; reason: BlockReason; stack: readonly string[] }>();
  const signals = new Map<number, number>();
  const holds = new Map<number, Hold>();
  const close = (id: number, at: number | null, byItself: boolean): void => {
    const hold = open.get(id);
    open.delete(id);
    if (!hold || holds.has(id)) return;
    if (hold.reason.kind === 'running' && (at ?? trace.end) - hold.at < MERELY_RUNS) return;
    holds.set(id, { reason: hold.reason, stack: hold.stack, until: at, wokeAt: byItself ? at : null });
  };
  for (const event of trace.events) {
    if (event.type === 'blocked') {
      // The place where it is found first: what it does later depends on what held it up.
      if (!open.has(event.task) || open.get(event.task)?.reason.kind === 'running') {
        const at = open.get(event.task)?.at ?? event.at;
        open.set(event.task, { at, reason: event.reason, stack: event.stack });
      }
    } else if (event.type === 'signal') signals.set(event.task, event.at);
    else if (event.type === 'exit') close(event.task, event.at, true);
    else if (event.type === 'patch-state') {
      const signal = signals.get(event.task);
      const bySignal = signal !== undefined && event.at - signal < BY_SIGNAL;
      const byItself = event.how !== 'force' && event.how !== 'init' && event.how !== 'done' && !bySignal;
      close(event.task, event.at, byItself);
    } else if (event.type === 'transition' && event.phase === 'reverse') {
      for (const id of [...open.keys()]) close(id, event.at, false);
    }
  }
  for (const id of [...open.keys()]) close(id, null, false);
  return holds;
}
