import type { Steps } from '../kernel/steps.ts';

/** Does long work so that messages, timers and files have their turn between its steps. Rejects with what it throws. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}
