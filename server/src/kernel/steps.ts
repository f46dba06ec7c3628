/**
 * Long work that stops now and then, so that whoever has it done may do something else in between. What comes of it does not
 * hang on that.
 */
export type Steps<T> = Generator<void, T, void>;

/** Does all of it at once. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
