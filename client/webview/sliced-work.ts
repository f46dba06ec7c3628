/** Milliseconds of work at a time: half a frame. */
const SLICE = 8;

type Steps<T> = Generator<undefined, T, undefined>;

/** One work at a time, in small pieces: nothing that is typed, clicked or played waits for it. */
export class SlicedWork {
  private timer: ReturnType<typeof setTimeout> | null = null;

  /**
   * Begins in `delay` milliseconds; what is under way is given up.
   *
   * @param make called then; null when there is nothing to do any more
   * @param failed is given what a step or `done` threw
   */
  start<T>(
    delay: number,
    make: () => Steps<T> | null,
    done: (result: T) => void,
    failed: (error: unknown) => void,
  ): void {
    this.stop();
    this.timer = setTimeout(() => {
      const steps = make();
      if (steps !== null) this.goOn(steps, done, failed);
    }, delay);
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  private goOn<T>(steps: Steps<T>, done: (result: T) => void, failed: (error: unknown) => void): void {
    const until = performance.now() + SLICE;
    try {
      do {
        const step = steps.next();
        if (step.done === true) {
          done(step.value);
          return;
        }
      } while (performance.now() < until);
    } catch (error) {
      failed(error);
      return;
    }
    this.timer = setTimeout(() => this.goOn(steps, done, failed));
  }
}
