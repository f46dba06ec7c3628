/** A type of a BTF blob under construction; other types are named by their ids, from 1 (0 is void). */
export type BlobType =
  | { readonly kind: 'int' | 'float'; readonly name: string; readonly size: number }
  | { readonly kind: 'ptr' | 'const' | 'volatile' | 'restrict'; readonly type: number }
  | { readonly kind: 'typedef' | 'fwd' | 'type_tag'; readonly name: string; readonly type: number }
  | { readonly kind: 'array'; readonly type: number; readonly length: number }
  | {
      readonly kind: 'struct' | 'union';
      readonly name: string;
      readonly size: number;
      /** A bit field has a width. */
      readonly members: readonly { name: string; type: number; offset: number; width?: number }[];
    }
  | { readonly kind: 'enum'; readonly name: string; readonly values: number }
  | { readonly kind: 'proto'; readonly type: number; readonly parameters: readonly { name: string; type: number }[] }
  | { readonly kind: 'func'; readonly name: string; readonly type: number };

const KINDS = {
  int: 1,
  ptr: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  fwd: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  proto: 13,
  float: 16,
  type_tag: 18,
} as const;

export interface BlobOptions {
  readonly littleEndian?: boolean;
  /** Where the strings of the base end: of a module's blob, whose own strings come behind them. */
  readonly stringsBefore?: number;
}

/** Makes a BTF blob, as pahole writes it (include/uapi/linux/btf.h). */
export function btfBlob(types: readonly BlobType[], options: BlobOptions = {}): Uint8Array {
  const { littleEndian = true, stringsBefore = 0 } = options;
  let strings = stringsBefore === 0 ? '\0' : '';
  const offsets = new Map<string, number>([['', 0]]);
  const offsetOf = (name: string) => {
    const known = offsets.get(name);
    if (known !== undefined) return known;
    const offset = stringsBefore + strings.length;
    offsets.set(name, offset);
    strings += `${name}\0`;
    return offset;
  };
  const words = types.flatMap((type) => wordsOf(type, offsetOf));
  const text = new TextEncoder().encode(strings);
  const bytes = new Uint8Array(24 + words.length * 4 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, littleEndian);
  view.setUint8(2, 1);
  [24, 0, words.length * 4, words.length * 4, text.length].forEach((word, i) => {
    view.setUint32(4 + i * 4, word, littleEndian);
  });
  words.forEach((word, i) => {
    view.setUint32(24 + i * 4, word, littleEndian);
  });
  bytes.set(text, 24 + words.length * 4);
  return bytes;
}

function wordsOf(type: BlobType, offsetOf: (name: string) => number): number[] {
  const record = (name: string, vlen: number, third: number, flag = false) => [
    offsetOf(name),
    ((flag ? 0x80000000 : 0) | (KINDS[type.kind] << 24) | vlen) >>> 0,
    third,
  ];
  switch (type.kind) {
    case 'int':
      return [...record(type.name, 0, type.size), type.size * 8];
    case 'float':
      return record(type.name, 0, type.size);
    case 'ptr':
    case 'const':
    case 'volatile':
    case 'restrict':
      return record('', 0, type.type);
    case 'typedef':
    case 'fwd':
    case 'type_tag':
    case 'func':
      return record(type.name, 0, type.type);
    case 'array':
      return [...record('', 0, 0), type.type, 1, type.length];
    case 'struct':
    case 'union': {
      const bitfields = type.members.some(({ width }) => width !== undefined);
      const members = type.members.flatMap(({ name, type: of, offset, width = 0 }) => [
        offsetOf(name),
        of,
        (width << 24) | offset,
      ]);
      return [...record(type.name, type.members.length, type.size, bitfields), ...members];
    }
    case 'enum':
      return [
        ...record(type.name, type.values, 4),
        ...Array.from({ length: type.values }, (_, i) => [offsetOf(`V${i}`), i]).flat(),
      ];
    case 'proto': {
      const parameters = type.parameters.flatMap(({ name, type: of }) => [offsetOf(name), of]);
      return [...record('', type.parameters.length, type.type), ...parameters];
    }
  }
}
