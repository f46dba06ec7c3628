import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClosestSymbol } from '../../../server/src/kernel/closest-symbol.ts';
import { type SymbolTable, SymbolTableBuilder, UNKNOWN_SIZE } from '../../../server/src/kernel/symbol-table.ts';

function tableOf(names: readonly string[]): SymbolTable {
  const builder = new SymbolTableBuilder();
  for (const name of names) {
    const bytes = new TextEncoder().encode(name);
    builder.add(0, bytes, 0, bytes.length, 0x74, UNKNOWN_SIZE);
  }
  return builder.build();
}

function closest(names: readonly string[], written: string): string | null {
  const table = tableOf(names);
  const found = new ClosestSymbol(table, table.functions()).find(written, 0);
  return found < 0 ? null : table.nameOf(found);
}

/** The definition, without any shortcut: the whole matrix for every name. */
function changes(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, row) => [row, ...new Array<number>(b.length).fill(0)]);
  const at = (row: number, column: number) => rows[row]?.[column] ?? 0;
  for (let column = 0; column <= b.length; column++) (rows[0] as number[])[column] = column;
  for (let row = 1; row <= a.length; row++) {
    for (let column = 1; column <= b.length; column++) {
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      (rows[row] as number[])[column] = Math.min(
        at(row - 1, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1),
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        isSwapped ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return at(a.length, b.length);
}

function closestByDefinition(names: readonly string[], written: string): string | null {
  const most = Math.min(4, Math.max(1, Math.floor(written.length / 4)));
  const near = names
    .map((name) => ({ name, distance: changes(name.toLowerCase(), written.toLowerCase()) }))
    .filter(({ distance }) => distance <= most);
  return near.toSorted((a, b) => a.distance - b.distance)[0]?.name ?? null;
}

describe('the closest symbol', () => {
  it.each([
    { written: 'vfs_reed', names: ['vfs_read', 'vfs_write'], meant: 'vfs_read', why: 'a letter exchanged' },
    { written: 'vfs_raed', names: ['vfs_read', 'vfs_rd'], meant: 'vfs_read', why: 'two letters swapped' },
    { written: 'VFS_READ', names: ['vfs_reads', 'vfs_read'], meant: 'vfs_read', why: 'capital letters are no change' },
    { written: 'tcp_sned', names: ['tcp_send', 'tcp_seed'], meant: 'tcp_send', why: 'a swap is one change' },
    { written: 'tcp_snd', names: ['tcp_end', 'tcp_sed'], meant: 'tcp_end', why: 'of equals the first' },
    { written: 'vfs_read', names: ['tcp_recvmsg'], meant: null, why: 'none is near' },
    { written: 'ab', names: ['ab'], meant: null, why: 'too short to tell' },
  ])('of "$written" is $meant: $why', ({ written, names, meant }) => {
    expect(closest(names, written)).toBe(meant);
  });

  it('is only looked for in the object that was asked for', () => {
    const builder = new SymbolTableBuilder();
    const bytes = new TextEncoder().encode('vfs_read');
    builder.add(builder.objectNumber('ext4'), bytes, 0, bytes.length, 0x74, UNKNOWN_SIZE);
    const table = builder.build();
    expect(new ClosestSymbol(table, table.functions()).find('vfs_raed', 0)).toBe(-1);
    expect(new ClosestSymbol(table, table.functions()).find('vfs_raed', table.objectNumber('ext4'))).toBe(0);
  });

  it('is what the definition says, whatever the names are', () => {
    // Few letters, so that names are often near each other.
    const name = fc.string({ unit: fc.constantFrom('a', 'b', 'C', '_', '1'), minLength: 1, maxLength: 24 });
    fc.assert(
      fc.property(fc.array(name, { maxLength: 30 }), name, (names, written) => {
        fc.pre(written.length >= 3);
        expect(closest(names, written)).toBe(closestByDefinition(names, written));
      }),
      { numRuns: 2000 },
    );
  });

  it('of the longest names is compared whole', () => {
    const name = 'x'.repeat(126);
    expect(closest([`${name}yz`, `${name}yyyyyy`], `${name}zy`)).toBe(`${name}yz`);
    expect(closest([`${'x'.repeat(128)}abcd`], 'x'.repeat(128))).toBe(`${'x'.repeat(128)}abcd`);
    expect(closest(['x'.repeat(511)], 'x'.repeat(128))).toBeNull();
  });
});
