import type { Random } from './random.ts';

/** Something that takes hostile input. */
export interface Target {
  readonly name: string;
  /** Makes one input and lets it be read. Throws when something is wrong; `note` keeps the input for whoever looks into it. */
  run(random: Random, note: (input: string | Uint8Array) => void): void | Promise<void>;
}

/** Whatever is read must be read in this time, of the processor's. Milliseconds. */
export const LONGEST = 1000;
