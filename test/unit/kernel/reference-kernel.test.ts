import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { symbolsFrom } from '../../../server/src/kernel/knowledge-from.ts';
import { decodeReference, encodeReference } from '../../../server/src/kernel/reference-format.ts';
import { referenceKnowledge } from '../../../server/src/kernel/reference-kernel.ts';
import { REFERENCE_KERNEL } from '../../support/reference-kernel.ts';

const FILE = new URL('../../../data/reference-kernel/symbols.br', import.meta.url);

describe('the built-in reference kernel', () => {
  it('says that it is that, unless a test takes it for its own', () => {
    const kernel = referenceKnowledge(brotliDecompressSync(readFileSync(FILE)));
    expect(kernel.reference).toBe(true);
    expect(kernel.label).toMatch(/^built-in reference kernel, Debian 6\.12\.\d+$/);
    expect(REFERENCE_KERNEL.reference).toBe(false);
  });

  it('knows functions, what ftrace can hook and what is exported', () => {
    const [show] = REFERENCE_KERNEL.lookup('cmdline_proc_show', null);
    expect(show).toMatchObject({ position: 1, kind: 'function', traceable: true, exported: 'no' });
    expect(REFERENCE_KERNEL.lookup('klp_enable_patch', null)).toMatchObject([{ exported: 'gpl' }]);
    expect(REFERENCE_KERNEL.lookup('schedule', null)).toMatchObject([{ exported: 'yes', traceable: true }]);
    expect(REFERENCE_KERNEL.lookup('__schedule', null)).toMatchObject([{ traceable: false }]);
    expect(REFERENCE_KERNEL.lookup('__pfx_schedule', null)).toMatchObject([{ traceable: false, kind: 'function' }]);
    expect(REFERENCE_KERNEL.lookup('jiffies', null)).toMatchObject([{ kind: 'data' }]);
    expect(REFERENCE_KERNEL.lookup('no_such_function', null)).toEqual([]);
    expect(REFERENCE_KERNEL.coverage(null)).toBe('complete');
  });

  it('stays small', () => {
    expect(readFileSync(FILE).length).toBeLessThan(700 * 1024);
  });
});

describe('its format', () => {
  it('gives back what was put in', () => {
    const { tables } = symbolsFrom({
      kallsyms:
        'ffffffff81000000 T _text\n' +
        'ffffffff81000010 t init_once\n' +
        'ffffffff81000020 t __pfx_vfs_read\n' +
        'ffffffff81000030 T vfs_read\n' +
        'ffffffff81000040 t init_once\n' +
        'ffffffff81000050 t __pfx_alone\n' +
        'ffffffff81000060 d init_once\n' +
        'ffffffffc0000000 t init_once\t[ext4]\n',
      filterFunctions: 'init_once\ninit_once\n',
    });
    const table = tables.get(null);
    if (!table) throw new Error('no table');
    const read = decodeReference(encodeReference(table, 'a label', '6.12.0', (_, name) => name !== '_text'));
    const symbols = Array.from({ length: read.table.count }, (_, symbol) =>
      [
        read.table.nameOf(symbol),
        read.table.objects[read.table.object[symbol] ?? 0],
        read.table.isFunction(symbol),
        read.table.traceable[symbol],
      ].join(' '),
    );
    expect(symbols).toEqual([
      '__pfx_alone  true 0',
      'init_once  true 1',
      'init_once  true 1',
      'init_once  false 0',
      'vfs_read  true 0',
      '__pfx_vfs_read  true 0',
      'init_once ext4 true 2',
    ]);
  });

  it('refuses what is cut off', () => {
    const bytes = brotliDecompressSync(readFileSync(FILE));
    expect(() => decodeReference(bytes.subarray(0, 5000))).toThrow('damaged');
  });
});
