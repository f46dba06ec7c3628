/** A thing that a user does in the editor, and what must come of it. Throws when it doesn't. */
export interface Journey {
  readonly name: string;
  run(): Promise<void>;
}

export interface JourneyResult {
  readonly name: string;
  /** Null when it passed. */
  readonly error: string | null;
}
