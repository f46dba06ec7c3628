/**
 * Where something stands in the source. Offsets are UTF-16 code units from the start of the file,
 * `end` is exclusive. `file` is the key under which the host passed the text in (the server uses the URI).
 */
export interface SourceRange {
  readonly file: string;
  readonly start: number;
  readonly end: number;
}

/** A value that the reader could evaluate; `range` is the expression it was read from. */
export interface Known<T> {
  readonly kind: 'known';
  readonly value: T;
  readonly range: SourceRange;
}

/** Something is written there, but what it amounts to can't be told from the text. Never a reason for an error. */
export interface Unknown {
  readonly kind: 'unknown';
  /** Why, for people: "macro FOO is not defined in this module", "set at run time in livepatch_init()". */
  readonly why: string;
  readonly range: SourceRange;
  /**
   * What it is when the first of several alternatives counts (a macro's first definition, the first arm of an `#if`).
   * For forecasts, which must decide; rules must not build on it. Not there when there is nothing to go by.
   */
  readonly likely?: string | number | boolean | null;
}

/** Nothing is written there, and nothing in the module could set it later: C makes it zero. */
export interface Absent {
  readonly kind: 'absent';
}

/** How sure we are of a value. */
export type Value<T> = Known<T> | Unknown | Absent;

export const ABSENT: Absent = { kind: 'absent' };

/** The value when it is known, else undefined: for code that treats unknown and absent alike. */
export function knownValue<T>(value: Value<T>): T | undefined {
  return value.kind === 'known' ? value.value : undefined;
}

/**
 * One arm of a `#if … #elif … #else … #endif` group in which a piece of source stands.
 * Two pieces of the same group with different arms are never compiled together.
 */
export interface Condition {
  /** Start offset of the group's `#if`, which names the group within its file. */
  readonly group: number;
  /** 0 for the `#if` arm, 1 for the first `#elif`/`#else`, and so on. */
  readonly arm: number;
  /** The arm's condition as written, "else" for `#else`. */
  readonly text: string;
}

/** Whether two pieces of one file can never be compiled together. */
export function areExclusive(a: readonly Condition[], b: readonly Condition[]): boolean {
  return a.some((x) => b.some((y) => x.group === y.group && x.arm !== y.arm));
}
