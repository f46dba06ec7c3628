/** Faults that no rule sees, each with the reason. */
export interface Survivor {
  readonly mutator: string;
  /** Part of the base's name. */
  readonly base: string;
  readonly reason: string;
}

export const SURVIVORS: readonly Survivor[] = [
  {
    mutator: 'drop-null-test',
    base: 'cumulative.c',
    reason:
      'Only the address of a field is taken: that reads nothing by itself, and whether the function that gets it ' +
      'looks is not seen in the text.',
  },
];
