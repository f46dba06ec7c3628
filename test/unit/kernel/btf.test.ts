import { describe, expect, it } from 'vitest';
import { Btf } from '../../../server/src/kernel/btf.ts';
import { type BlobType, btfBlob } from '../../support/btf-blob.ts';

function read(types: readonly BlobType[], base: Btf | null = null, options = {}): Btf {
  const btf = Btf.read(btfBlob(types, options), base);
  if (typeof btf === 'string') throw new Error(btf);
  return btf;
}

/** A function `f` of this type, behind others. */
function prototypeOf(types: readonly BlobType[], proto: Omit<Extract<BlobType, { kind: 'proto' }>, 'kind'>) {
  const all: BlobType[] = [...types, { kind: 'proto', ...proto }];
  return read([...all, { kind: 'func', name: 'f', type: all.length }]).prototype('f');
}

const INT: BlobType = { kind: 'int', name: 'int', size: 4 };
const CHAR: BlobType = { kind: 'int', name: 'char', size: 1 };

describe('prototypes', () => {
  it('are written as C writes them', () => {
    const types: BlobType[] = [
      INT,
      { kind: 'struct', name: 'file', size: 8, members: [] },
      { kind: 'ptr', type: 2 },
      CHAR,
      { kind: 'const', type: 4 },
      { kind: 'ptr', type: 5 },
      { kind: 'typedef', name: 'size_t', type: 1 },
    ];
    expect(
      prototypeOf(types, {
        type: 3,
        parameters: [
          { name: 'name', type: 6 },
          { name: 'count', type: 7 },
        ],
      }),
    ).toEqual({
      text: 'struct file *(const char *, size_t)',
      returns: 'struct file *',
      parameters: [
        { name: 'name', type: 'const char *' },
        { name: 'count', type: 'size_t' },
      ],
      variadic: false,
      linkage: null,
    });
  });

  it('have void, no parameters and the dots of variadic functions', () => {
    expect(prototypeOf([INT], { type: 0, parameters: [] })?.text).toBe('void(void)');
    const variadic = prototypeOf([INT], {
      type: 1,
      parameters: [
        { name: 'n', type: 1 },
        { name: '', type: 0 },
      ],
    });
    expect(variadic).toMatchObject({ text: 'int(int, ...)', variadic: true });
    expect(variadic?.parameters).toHaveLength(1);
  });

  it('write declarators from the inside to the outside', () => {
    const parameter = (types: readonly BlobType[], type = types.length) =>
      prototypeOf(types, { type: 0, parameters: [{ name: 'p', type }] })?.parameters[0]?.type;
    const callback: BlobType[] = [
      INT,
      { kind: 'ptr', type: 0 },
      { kind: 'proto', type: 1, parameters: [{ name: '', type: 2 }] },
    ];
    expect(parameter([...callback, { kind: 'ptr', type: 3 }])).toBe('int (*)(void *)');
    expect(parameter([...callback, { kind: 'ptr', type: 3 }, { kind: 'ptr', type: 4 }])).toBe('int (**)(void *)');
    expect(parameter([INT, { kind: 'array', type: 1, length: 4 }, { kind: 'ptr', type: 2 }])).toBe('int (*)[4]');
    expect(parameter([INT, { kind: 'ptr', type: 1 }, { kind: 'array', type: 2, length: 3 }])).toBe('int *[3]');
    expect(parameter([INT, { kind: 'ptr', type: 1 }, { kind: 'const', type: 2 }])).toBe('int *const');
    expect(parameter([INT, { kind: 'const', type: 1 }, { kind: 'volatile', type: 2 }])).toBe('volatile const int');
    expect(parameter([CHAR, { kind: 'type_tag', name: 'user', type: 1 }, { kind: 'ptr', type: 2 }])).toBe('char *');
    expect(parameter([{ kind: 'enum', name: 'hrtimer_mode', values: 2 }])).toBe('enum hrtimer_mode');
    expect(
      parameter([
        { kind: 'fwd', name: 'page', type: 0 },
        { kind: 'ptr', type: 1 },
      ]),
    ).toBe('struct page *');
    expect(parameter([{ kind: 'int', name: 'long unsigned int', size: 8 }])).toBe('unsigned long');
    expect(
      parameter([
        { kind: 'union', name: '', size: 8, members: [] },
        { kind: 'ptr', type: 1 },
      ]),
    ).toBe('union { … } *');
  });

  it('are not known when functions of one name have different ones', () => {
    const types: BlobType[] = [
      INT,
      { kind: 'proto', type: 1, parameters: [] },
      { kind: 'proto', type: 0, parameters: [] },
      { kind: 'func', name: 'same', type: 2 },
      { kind: 'func', name: 'same', type: 2 },
      { kind: 'func', name: 'other', type: 2 },
      { kind: 'func', name: 'other', type: 3 },
    ];
    expect(read(types).prototype('same')?.text).toBe('int(void)');
    expect(read(types).prototype('other')).toBeNull();
    expect(read(types).prototype('none')).toBeNull();
  });

  it('are read in both byte orders', () => {
    const types: BlobType[] = [INT, { kind: 'proto', type: 1, parameters: [] }, { kind: 'func', name: 'f', type: 2 }];
    expect(read(types, null, { littleEndian: false }).prototype('f')?.text).toBe('int(void)');
  });
});

describe('layouts', () => {
  it('have size and members with offsets, bit fields too', () => {
    const types: BlobType[] = [
      INT,
      {
        kind: 'struct',
        name: 'thing',
        size: 12,
        members: [
          { name: 'a', type: 1, offset: 0 },
          { name: 'b', type: 1, offset: 32, width: 3 },
          { name: '', type: 3, offset: 64 },
        ],
      },
      { kind: 'union', name: '', size: 4, members: [] },
    ];
    expect(read(types).layout('thing')).toEqual({
      name: 'thing',
      kind: 'struct',
      size: 12,
      members: [
        { name: 'a', type: 'int', offset: 0 },
        { name: 'b', type: 'int : 3', offset: 32 },
        { name: null, type: 'union { … }', offset: 64 },
      ],
    });
    expect(read(types).layout('int')).toBeNull();
  });
});

describe("a module's types", () => {
  const baseTypes: BlobType[] = [INT, { kind: 'struct', name: 'file', size: 8, members: [] }];
  const base = read(baseTypes);
  /** What pahole needs: how long the base's strings are. */
  const stringsBefore = '\0int\0file\0'.length;
  const own: BlobType[] = [
    { kind: 'ptr', type: 2 },
    { kind: 'proto', type: 1, parameters: [{ name: 'file', type: 3 }] },
    { kind: 'func', name: 'f', type: 4 },
  ];

  it("go on where the kernel's end", () => {
    expect(read(own, base, { stringsBefore }).prototype('f')?.text).toBe('int(struct file *)');
  });

  it('are refused on those of another kernel', () => {
    const other = read([INT, INT, { kind: 'int', name: 'longer name', size: 4 }]);
    expect(Btf.read(btfBlob(own, { stringsBefore }), other)).toContain('different builds');
  });
});

describe('broken blobs', () => {
  const whole = btfBlob([INT, { kind: 'proto', type: 1, parameters: [] }, { kind: 'func', name: 'f', type: 2 }]);

  it.each([
    ['nothing', new Uint8Array(), 'too short'],
    ['something else', new TextEncoder().encode('#!/bin/sh\n'.repeat(10)), 'not BTF'],
    ['half of it', whole.slice(0, whole.length - 3), 'cut off'],
    ['another version', Uint8Array.from(whole, (byte, i) => (i === 2 ? 9 : byte)), 'version 9'],
    ['a kind that there is not', Uint8Array.from(whole, (byte, i) => (i === 24 + 7 ? 0x1f : byte)), 'kind 31'],
  ])('are refused: %s', (_, bytes, message) => {
    expect(Btf.read(bytes)).toContain(message);
  });

  it('end types that contain themselves', () => {
    expect(prototypeOf([{ kind: 'ptr', type: 1 }], { type: 1, parameters: [] })).toBeNull();
    expect(prototypeOf([{ kind: 'const', type: 1 }], { type: 1, parameters: [] })).toBeNull();
    const bomb: BlobType[] = Array.from({ length: 30 }, (_, i) => ({
      kind: 'proto',
      type: i + 2,
      parameters: Array.from({ length: 60 }, () => ({ name: '', type: i + 2 })),
    }));
    expect(prototypeOf([...bomb, INT], { type: 1, parameters: [] })).toBeNull();
  });
});
