import type { Example } from '../rule.ts';

/** An example as compilers and readers get it, and where its rule must speak. */
export interface ExampleText {
  /** The C text without the marks. */
  readonly text: string;
  /** Lines on which the rule reports something, counted from 0. */
  readonly markedLines: readonly number[];
}

/** Takes the `//~` marks out of an example. */
export function exampleText(example: Example): ExampleText {
  const lines = example.code.split('\n');
  return {
    text: lines.map((line) => line.replace(/[ \t]*\/\/~[ \t]*$/, '')).join('\n'),
    markedLines: lines.flatMap((line, index) => (/\/\/~[ \t]*$/.test(line) ? [index] : [])),
  };
}
