const MAGIC = 0xeb9f;
const HEADER_LENGTH = 24;
/** Bytes of a struct btf_type. */
export const TYPE_LENGTH = 12;
/** Kinds of types: include/uapi/linux/btf.h. */
export const INT = 1;
export const PTR = 2;
export const ARRAY = 3;
export const STRUCT = 4;
export const UNION = 5;
export const ENUM = 6;
export const FWD = 7;
export const TYPEDEF = 8;
export const VOLATILE = 9;
export const CONST = 10;
export const RESTRICT = 11;
export const FUNC = 12;
export const FUNC_PROTO = 13;
export const FLOAT = 16;
export const TYPE_TAG = 18;
export const ENUM64 = 19;

/**
 * Bytes that follow a type's record, for each of its vlen elements and once. Indexed by kind.
 */
const ELEMENT_LENGTH: readonly number[] = [0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12];
const EXTRA_LENGTH: readonly number[] = [0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0];

/** A blob, cut into its records and strings. */
export interface BtfParts {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly little: boolean;
  /** Offset of the strings in `bytes`, and their length. */
  readonly strings: number;
  readonly stringsLength: number;
  readonly records: Uint32Array;
}

/** Checks that header, records and strings lie inside of the blob; what they say is looked at when it is asked for. */
export function readParts(bytes: Uint8Array, split: boolean): BtfParts | string {
  if (bytes.length < HEADER_LENGTH) return 'It is too short to be BTF.';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getUint16(0, true) === MAGIC;
  if (!little && view.getUint16(0, false) !== MAGIC) return 'It is not BTF: the first two bytes are others.';
  if (view.getUint8(2) !== 1) return `It is BTF of version ${view.getUint8(2)}; only version 1 can be read.`;
  const headerLength = view.getUint32(4, little);
  const types = headerLength + view.getUint32(8, little);
  const typesEnd = types + view.getUint32(12, little);
  const strings = headerLength + view.getUint32(16, little);
  const stringsLength = view.getUint32(20, little);
  if (headerLength < HEADER_LENGTH || typesEnd > bytes.length || strings + stringsLength > bytes.length) {
    return 'It is cut off: the BTF header promises more than there is.';
  }
  const last = strings + stringsLength - 1;
  if (stringsLength === 0 || bytes[last] !== 0 || (!split && bytes[strings] !== 0)) {
    return 'Its BTF strings are broken.';
  }
  const records = new Uint32Array(Math.floor((typesEnd - types) / TYPE_LENGTH));
  let count = 0;
  for (let at = types; at < typesEnd; ) {
    if (at + TYPE_LENGTH > typesEnd) return `BTF type ${count + 1} is cut off.`;
    const info = view.getUint32(at + 4, little);
    const kind = (info >>> 24) & 0x1f;
    if (kind === 0 || kind > ENUM64) return `BTF type ${count + 1} is of kind ${kind}, which is not known.`;
    records[count++] = at;
    at += TYPE_LENGTH + (EXTRA_LENGTH[kind] as number) + (ELEMENT_LENGTH[kind] as number) * (info & 0xffff);
    if (at > typesEnd) return `BTF type ${count} is cut off.`;
  }
  return { bytes, view, little, strings, stringsLength, records: records.slice(0, count) };
}
