import type { Trace } from '../simulator/trace.ts';

/** What one transition made ftrace and RCU do. */
export interface OperationCost {
  readonly patch: string;
  readonly target: 'patched' | 'unpatched';
  /** Microseconds at which it began, and was done; null when it was not. */
  readonly from: number;
  readonly to: number | null;
  /** Functions that nobody had replaced before: register_ftrace_function(). */
  readonly registered: number;
  /** Functions that nobody replaces any more: unregister_ftrace_function(), which waits for each grace period below. */
  readonly unregistered: number;
  /** Waits of synchronize_rcu_tasks_rude(), and as many of synchronize_rcu_tasks(): ftrace_shutdown() makes one of each. */
  readonly gracePeriods: number;
  /** Rounds of work on every CPU: klp_synchronize_transition(). */
  readonly cpuRounds: number;
  /** Passes over all tasks. */
  readonly passes: number;
}

/**
 * The cost of each transition of a trace, in order, counted from its events. Waits follow kernel/trace/ftrace.c and
 * kernel/livepatch/transition.c of 6.1 and 6.12; 6.1 leaves the second kind of grace period out without
 * CONFIG_PREEMPTION. What coming and going modules cost in between is not a transition's and is left out.
 */
export function operationCosts(trace: Trace): OperationCost[] {
  const costs: Mutable[] = [];
  const depth = new Map<string, number>();
  let open: Mutable | null = null;
  for (const event of trace.events) {
    if (event.type === 'transition') {
      if (event.phase === 'init') {
        const { patch, target, at } = event;
        open = { patch, target, from: at, to: null, registered: 0, unregistered: 0, cpuRounds: 0, passes: 0 };
        costs.push(open);
      } else if (open !== null && event.phase === 'reverse') {
        open.target = event.target;
        open.cpuRounds++;
      } else if (open !== null && event.phase === 'complete') {
        open.cpuRounds++;
      } else if (open !== null && event.phase === 'done') {
        open.to = event.at;
        open = null;
      }
    } else if (event.type === 'pass' && open !== null) {
      open.passes++;
    } else if (event.type === 'func-stack') {
      const key = `${event.object}:${event.function}`;
      const before = depth.get(key) ?? 0;
      const after = event.stack.length;
      depth.set(key, after);
      if (open === null) continue;
      if (before === 0 && after > 0) open.registered++;
      if (before > 0 && after === 0) open.unregistered++;
    }
  }
  return costs.map((cost) => ({ ...cost, gracePeriods: cost.unregistered }));
}

type Mutable = { -readonly [key in Exclude<keyof OperationCost, 'gracePeriods'>]: OperationCost[key] };
