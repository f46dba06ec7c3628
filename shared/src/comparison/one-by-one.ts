import { simulate } from '../simulator/simulate.ts';
import type { Action, Step } from '../simulator/step.ts';
import type { Trace } from '../simulator/trace.ts';
import type { Workload } from '../simulator/workload.ts';

/** Microseconds after which a transition counts as one that does not end: three rounds of signals and more. */
const PATIENCE = 60_000_000;
/** Microseconds from the end of a transition to the next thing that a script does. Assumption: it watches. */
const GOES_ON = 10_000;

export interface Played {
  readonly trace: Trace;
  /** When each thing was done, in microseconds. */
  readonly times: readonly number[];
  /** Whether everything was done, and the last transition is over. */
  readonly isOver: boolean;
}

/**
 * Does one thing after the other, each when the transition before is over. What happens before a step does not depend on
 * it, so that the time of the next one can be read from a run without it. Ends early when a transition does not.
 */
export function playOneByOne(
  { kernel, workload, seed }: { readonly kernel: string; readonly workload: Workload; readonly seed: number },
  actions: readonly Action[],
): Played {
  const steps: Step[] = [];
  const times: number[] = [];
  let at = 0;
  for (;;) {
    const action = actions[steps.length];
    if (action !== undefined) {
      times.push(at);
      steps.push({ at, ...action });
    }
    const trace = simulate({ kernel, workload, seed, timeLimit: at + PATIENCE, steps });
    const isOver = trace.stopped === 'quiet';
    if (!isOver || steps.length === actions.length) return { trace, times, isOver };
    at = trace.end + GOES_ON;
  }
}
