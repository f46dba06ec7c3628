import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { symbolsFrom } from '../../../server/src/kernel/knowledge-from.ts';
import { decodeReference, encodeReference } from '../../../server/src/kernel/reference-format.ts';
import { referenceKnowledge } from '../../../server/src/kernel/reference-kernel.ts';
import { encodeTypes, ReferenceTypes } from '../../../server/src/kernel/reference-types.ts';
import { finish } from '../../../server/src/kernel/steps.ts';
import { REFERENCE_KERNEL, referenceFile } from '../../support/reference-kernel.ts';

describe('the built-in reference kernel', () => {
  it('says that it is that, unless a test takes it for its own', () => {
    const kernel = finish(referenceKnowledge(referenceFile('symbols'), referenceFile('types')));
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

  it('tells functions of one name apart', () => {
    expect(REFERENCE_KERNEL.lookup('s_stop', null).map(({ traceable }) => traceable)).toEqual([true, true, false]);
    expect(REFERENCE_KERNEL.lookup('__x64_sys_getpid', null)).toMatchObject([{ traceable: true }]);
  });

  it('knows what is gone after the start', () => {
    expect(REFERENCE_KERNEL.lookup('start_kernel', null)).toMatchObject([{ init: true, traceable: false }]);
    expect(REFERENCE_KERNEL.lookup('schedule', null)).toMatchObject([{ init: false, global: true }]);
  });

  it('knows the symbols of common modules, and the names of all', () => {
    expect(REFERENCE_KERNEL.coverage('xfs')).toBe('complete');
    expect(REFERENCE_KERNEL.lookup('xfs_trans_commit', 'xfs')).toMatchObject([{ traceable: true, exported: 'no' }]);
    expect(REFERENCE_KERNEL.lookup('nf_register_net_hook', null)).toMatchObject([{ exported: 'yes' }]);
    expect(REFERENCE_KERNEL.coverage('isofs')).toBe('none');
    expect(REFERENCE_KERNEL.modules()).toContain('isofs');
    expect(REFERENCE_KERNEL.isBuiltIn('xfs')).toBe(false);
    expect(REFERENCE_KERNEL.isBuiltIn('fuse')).toBe(true);
  });

  it('knows prototypes and common structures', () => {
    expect(REFERENCE_KERNEL.prototype('cmdline_proc_show', null)).toEqual({
      text: 'int(struct seq_file *, void *)',
      returns: 'int',
      parameters: [
        { name: 'm', type: 'struct seq_file *' },
        { name: 'v', type: 'void *' },
      ],
      variadic: false,
      linkage: 'static',
    });
    expect(REFERENCE_KERNEL.prototype('seq_printf', null)).toMatchObject({ variadic: true, linkage: 'global' });
    expect(REFERENCE_KERNEL.prototype('no_such_function', null)).toBeNull();
    expect(REFERENCE_KERNEL.layout('list_head')).toEqual({
      name: 'list_head',
      kind: 'struct',
      size: 16,
      members: [
        { name: 'next', type: 'struct list_head *', offset: 0 },
        { name: 'prev', type: 'struct list_head *', offset: 64 },
      ],
    });
    expect(REFERENCE_KERNEL.layout('no_such_struct')).toBeNull();
  });

  it('knows prototypes of modules’ functions, which may be others than vmlinux’s', () => {
    expect(REFERENCE_KERNEL.prototype('lo_open', 'loop')?.text).toBe('int(struct gendisk *, blk_mode_t)');
    expect(REFERENCE_KERNEL.prototype('lo_open', null)).toBeNull();
    expect(REFERENCE_KERNEL.prototype('xfs_trans_commit', 'xfs')).toMatchObject({ returns: 'int', linkage: 'global' });
  });

  it('knows tracepoints and in which namespaces symbols are exported', () => {
    expect(REFERENCE_KERNEL.lookup('__tracepoint_sched_switch', null)).toMatchObject([
      { kind: 'data', exported: 'no' },
    ]);
    expect(REFERENCE_KERNEL.lookup('__tracepoint_block_bio_remap', null)).toMatchObject([{ exported: 'gpl' }]);
    expect(REFERENCE_KERNEL.lookup('dma_buf_get', null)).toMatchObject([{ exported: 'gpl', namespace: 'DMA_BUF' }]);
    expect(REFERENCE_KERNEL.lookup('seq_printf', null)).toMatchObject([{ exported: 'yes', namespace: null }]);
  });

  it('stays small', () => {
    const sizes = ['symbols', 'types'].map(
      (name) => readFileSync(new URL(`../../../data/reference-kernel/${name}.br`, import.meta.url)).length,
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(700_000);
  });
});

const ABOUT = { label: 'a label', release: '6.12.0', modules: ['ext4'], builtIn: ['fuse'] };

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
    const read = finish(decodeReference(encodeReference(tables, ABOUT, (_, __, name) => name !== '_text')));
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
    const bytes = referenceFile('symbols');
    expect(() => finish(decodeReference(bytes.subarray(0, 100_000)))).toThrow('damaged');
  });

  it('gives back types', () => {
    const types = {
      prototype: (name: string) =>
        name === 'plain'
          ? {
              text: 'char *(const void *, int (*)(void *), ...)',
              returns: 'char *',
              parameters: [
                { name: 'data', type: 'const void *' },
                { name: null, type: 'int (*)(void *)' },
              ],
              variadic: true,
              linkage: null,
            }
          : // Its text can't be made from its parts.
            { text: 'void (*(void))(int)', returns: 'void (*)(int)', parameters: [], variadic: false, linkage: null },
      layout: (name: string) => ({
        name,
        kind: 'union' as const,
        size: 24,
        members: [
          { name: 'a', type: 'int', offset: 0 },
          { name: null, type: 'struct { … }', offset: 64 },
          { name: 'b', type: 'char *[2]', offset: 64 },
          { name: 'c', type: 'unsigned long', offset: 192 },
          { name: 'd', type: 'unsigned int : 3', offset: 256 },
        ],
      }),
    };
    const names = ['odd', 'plain'];
    const places = ['/odd', '/plain', 'ext4/plain', 'xfs/plain'];
    const order = {
      count: 4,
      placeOf: (name: string, object: string | null) => places.indexOf(`${object ?? ''}/${name}`),
    };
    const objects = [
      { names, types },
      { names: ['plain'], types: null },
      { names: ['plain'], types },
    ];
    const read = new ReferenceTypes(order, encodeTypes(objects, ['thing']));
    expect(read.prototype('plain')).toEqual(types.prototype('plain'));
    expect(read.prototype('odd')).toBeNull();
    expect(read.prototype('other')).toBeNull();
    expect(read.ofModule('ext4').prototype('plain')).toBeNull();
    expect(read.ofModule('xfs').prototype('plain')).toEqual(types.prototype('plain'));
    expect(read.ofModule('xfs').prototype('odd')).toBeNull();
    expect(read.layout('thing')).toEqual(types.layout('thing'));
    expect(read.layout('plain')).toBeNull();
  });
});
