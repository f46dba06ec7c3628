/** How long simulating keeps everything else waiting. Milliseconds. */
const SLICE = 8;

/** Whether somebody still waits for an answer. */
export type IsWanted = () => boolean;

/** Runs to the end, letting others go ahead after each slice of time; null when it is not wanted any more. */
export async function inSlices<T>(steps: Iterator<undefined, T, undefined>, isWanted: IsWanted): Promise<T | null> {
  let until = performance.now() + SLICE;
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    if (performance.now() < until) continue;
    await new Promise((resolve) => setImmediate(resolve));
    if (!isWanted()) return null;
    until = performance.now() + SLICE;
  }
}
