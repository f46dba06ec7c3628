import { Random } from './random.ts';
import { LONGEST, type Target } from './target.ts';

/** What went wrong with one input. */
export interface Failure {
  readonly target: string;
  readonly seed: number;
  readonly number: number;
  readonly error: string;
  readonly input: string | Uint8Array;
}

/** Runs the input that a target makes of a seed and a number. Null when nothing is wrong. */
export async function runCase(target: Target, seed: number, number: number): Promise<Failure | null> {
  let input: string | Uint8Array = '';
  const failure = (error: string): Failure => ({ target: target.name, seed, number, error, input });
  let before = process.cpuUsage();
  /** Milliseconds that the slowest of the case's inputs took. */
  let longest = 0;
  const lap = (): void => {
    const { user, system } = process.cpuUsage(before);
    longest = Math.max(longest, (user + system) / 1000);
    before = process.cpuUsage();
  };
  try {
    await target.run(new Random(seed, number), (noted) => {
      // A case may have several inputs, one after the other: each has the whole time.
      lap();
      input = noted;
    });
    lap();
  } catch (error) {
    return failure(
      error instanceof Error
        ? `${error.stack}${error.cause ? `\n${(error.cause as Error).stack}` : ''}`
        : String(error),
    );
  }
  return longest > LONGEST ? failure(`took ${Math.round(longest)} ms`) : null;
}
