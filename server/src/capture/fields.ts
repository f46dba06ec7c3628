/** What is wrong with a recording, for people. Never leaves readCapture(). */
export class CaptureError extends Error {}

/** A place in a recording, such as `samples[1].tasks[7].pid`, and what stands there. */
export interface Field {
  readonly path: string;
  readonly value: unknown;
}

const LONGEST_SHOWN = 40;

/** A member of an object; undefined where it has none. */
export function member(parent: Field, name: string): Field {
  const { value } = parent;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(parent, 'an object');
  const own = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
  return { path: parent.path === '' ? name : `${parent.path}.${name}`, value: own };
}

/** The elements of an array of at most `most`. */
export function elements(field: Field, most: number): Field[] {
  const { path, value } = field;
  if (!Array.isArray(value)) throw wrong(field, 'a list');
  if (value.length > most) {
    throw new CaptureError(`${path} has ${value.length} entries; more than ${most} are not read.`);
  }
  return value.map((element: unknown, index) => ({ path: `${path}[${index}]`, value: element }));
}

export function text(field: Field, longest: number): string {
  const { path, value } = field;
  if (typeof value !== 'string') throw wrong(field, 'a text');
  if (value.length > longest) {
    throw new CaptureError(`${path} has ${value.length} characters; more than ${longest} are not read.`);
  }
  return value;
}

/** A number from 0 to `max`; whole, unless told. */
export function number(field: Field, max: number, whole = true): number {
  const { value } = field;
  if (typeof value !== 'number' || !(value >= 0 && value <= max) || (whole && !Number.isInteger(value))) {
    throw wrong(field, `a ${whole ? 'whole ' : ''}number from 0 to ${max}`);
  }
  return value;
}

export function oneOf<T extends string>(field: Field, allowed: readonly T[]): T {
  const found = allowed.find((word) => word === field.value);
  if (found === undefined) throw wrong(field, `one of ${allowed.join(', ')}`);
  return found;
}

export function truth(field: Field): boolean {
  if (typeof field.value !== 'boolean') throw wrong(field, 'true or false');
  return field.value;
}

/** What `read` makes of it, or null where it is null or not there. */
export function optional<T>(field: Field, read: (field: Field) => T): T | null {
  return field.value === undefined || field.value === null ? null : read(field);
}

export function wrong({ path, value }: Field, wanted: string): CaptureError {
  const where = path === '' ? 'The recording' : path;
  if (value === undefined) return new CaptureError(`${where} is missing; it must be ${wanted}.`);
  return new CaptureError(`${where} is ${shown(value)}; it must be ${wanted}.`);
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const words = printable(JSON.stringify(value) ?? String(value));
  return words.length <= LONGEST_SHOWN ? words : `${words.slice(0, LONGEST_SHOWN)}…`;
}

/** Text without what a terminal would obey. */
export function printable(value: string): string {
  return value.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
