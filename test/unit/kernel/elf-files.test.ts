import { describe, expect, it } from 'vitest';
import { knowledgeFrom } from '../../../server/src/kernel/knowledge-from.ts';
import { readModuleFile } from '../../../server/src/kernel/module-file.ts';
import { readVmlinux } from '../../../server/src/kernel/vmlinux-file.ts';
import { btfBlob } from '../../support/btf-blob.ts';
import { type BlobSection, type BlobSymbol, type ElfOptions, elfBlob, relocations } from '../../support/elf-blob.ts';

const BTF = btfBlob([
  { kind: 'int', name: 'int', size: 4 },
  { kind: 'proto', type: 1, parameters: [] },
  { kind: 'func', name: 'vfs_read', type: 2 },
]);

/** dm-mod.ko: symbols in an order that is not that of addresses. */
const MODULE_SECTIONS: readonly BlobSection[] = [
  { name: '.modinfo', content: 'license=GPL\0name=dm_mod\0vermagic=6.12.117+deb12-cloud-amd64 SMP preempt\0' },
  { name: '.text', flags: 6, content: new Uint8Array(256) },
  { name: '.init.text', flags: 6, content: new Uint8Array(64) },
  { name: '.data', flags: 3, content: new Uint8Array(16) },
  { name: '__ksymtab', flags: 2, content: new Uint8Array(12) },
  { name: '__ksymtab_gpl', flags: 2, content: new Uint8Array(12) },
  { name: '__ksymtab_strings', flags: 2, content: '\0DM\0' },
  { name: '__mcount_loc', flags: 2, content: new Uint8Array(16) },
];
const MODULE_SYMBOLS: readonly BlobSymbol[] = [
  { name: '', section: '.text', type: 'section' },
  { name: 'dm.c', type: 'file', section: '.text' },
  { name: 'show', section: '.text', value: 0x80, size: 0x20, type: 'func' },
  { name: 'show', section: '.text', value: 0x10, size: 0x20, type: 'func' },
  { name: 'show', section: '.data', value: 0, size: 8, type: 'object' },
  { name: 'notrace_thing', section: '.text', value: 0x40, size: 0x20, type: 'func' },
  { name: 'dm_init', section: '.init.text', value: 0, size: 0x20, type: 'func' },
  { name: '__ksymtab_dm_get', section: '__ksymtab', value: 0 },
  { name: '__ksymtab_dm_put', section: '__ksymtab_gpl', value: 0 },
  { name: '__kstrtabns_dm_put', section: '__ksymtab_strings', value: 1 },
  { name: 'dm_get', section: '.text', value: 0xa0, size: 0x10, type: 'func', binding: 'global' },
  { name: 'dm_put', section: '.text', value: 0xb0, size: 0x10, type: 'func', binding: 'global' },
  { name: 'kfree', binding: 'global' },
];
/** ENDBR takes the first four bytes of `show` at 0x80. */
const PLACES = relocations([
  { symbol: 1, addend: 0x84 },
  { symbol: 1, addend: 0x10 },
  { symbol: 1, addend: 0xa0 },
]);

function moduleBlob(options: ElfOptions = {}): Uint8Array {
  const sections = [
    ...MODULE_SECTIONS,
    { name: '.rela__mcount_loc', type: 4, relocates: '__mcount_loc', content: PLACES },
  ];
  return elfBlob(sections, MODULE_SYMBOLS, options);
}

describe("a module's file", () => {
  it('has symbols in the order of its table, without what it only uses', async () => {
    const file = await readModuleFile(moduleBlob());
    if (typeof file === 'string') throw new Error(file);
    expect(file).toMatchObject({ name: 'dm_mod', release: '6.12.117+deb12-cloud-amd64', btf: null });
    const kernel = knowledgeFrom({ label: 'a module', moduleFiles: [file] }).knowledge;
    expect(kernel?.coverage('dm_mod')).toBe('complete');
    expect(kernel?.coverage(null)).toBe('none');
    const facts = (name: string) =>
      kernel
        ?.lookup(name, 'dm_mod')
        .map(({ position, kind, size, traceable, init }) => ({ position, kind, size, traceable, init }));
    expect(facts('show')).toEqual([
      { position: 1, kind: 'function', size: 0x20, traceable: true, init: false },
      { position: 2, kind: 'function', size: 0x20, traceable: true, init: false },
      { position: 3, kind: 'data', size: 8, traceable: false, init: false },
    ]);
    expect(facts('notrace_thing')).toEqual([
      { position: 1, kind: 'function', size: 0x20, traceable: false, init: false },
    ]);
    expect(facts('dm_init')?.map(({ init }) => init)).toEqual([true]);
    expect(facts('kfree')).toEqual([]);
    expect(facts('dm.c')).toEqual([]);
  });

  it('says what it exports, to whom, in which namespace', async () => {
    const file = await readModuleFile(moduleBlob());
    if (typeof file === 'string') throw new Error(file);
    const kernel = knowledgeFrom({ label: 'a module', moduleFiles: [file] }).knowledge;
    const exported = (name: string) =>
      kernel?.lookup(name, 'dm_mod').map((symbol) => [symbol.exported, symbol.namespace]);
    expect(exported('dm_get')).toEqual([['yes', null]]);
    expect(exported('dm_put')).toEqual([['gpl', 'DM']]);
    expect(exported('notrace_thing')).toEqual([['no', null]]);
  });

  it('says nothing about ftrace on other machines, where the place may lie before the function', async () => {
    const file = await readModuleFile(moduleBlob({ machine: 183 }));
    if (typeof file === 'string') throw new Error(file);
    const kernel = knowledgeFrom({ label: 'a module', moduleFiles: [file] }).knowledge;
    expect(kernel?.lookup('show', 'dm_mod').map(({ traceable }) => traceable)).toEqual([null, null, null]);
  });

  it('gives what kallsyms does not say, and leaves the positions to it', async () => {
    const file = await readModuleFile(moduleBlob());
    if (typeof file === 'string') throw new Error(file);
    const kallsyms =
      '0000000000000000 t show\t[dm_mod]\n0000000000000000 t show\t[dm_mod]\n0000000000000000 d show\t[dm_mod]\n' +
      '0000000000000000 t only_loaded\t[dm_mod]\n';
    const kernel = knowledgeFrom({ label: 'both', kallsyms, moduleFiles: [file] }).knowledge;
    expect(kernel?.lookup('show', 'dm_mod').map(({ size, traceable }) => [size, traceable])).toEqual([
      [0x20, true],
      [0x20, true],
      [8, false],
    ]);
    expect(kernel?.lookup('only_loaded', 'dm_mod')).toHaveLength(1);
    expect(kernel?.lookup('dm_init', 'dm_mod')).toEqual([]);
  });

  it.each([
    ['no ELF file', new TextEncoder().encode('hello'.repeat(20)), 'not an ELF file'],
    ['an ELF file of 32 bits', Uint8Array.from(moduleBlob(), (byte, i) => (i === 4 ? 1 : byte)), '32 bits'],
    ['an ELF file that is no module', elfBlob([{ name: '.text', flags: 6 }], []), 'no kernel module'],
    ['a stripped module', elfBlob(MODULE_SECTIONS, null), 'symbol table'],
    ['a cut one', moduleBlob().slice(0, -100), 'cut off'],
  ])('is refused when it is %s', async (_, bytes, message) => {
    expect(await readModuleFile(bytes)).toContain(message);
  });
});

/** The low 48 bits of the usual 0xffffffff81000000, which has more digits than a number holds. */
const TEXT = 0xffff81000000;

function vmlinuxBlob(options: ElfOptions = {}): Uint8Array {
  const places = new Uint8Array(16);
  const view = new DataView(places.buffer);
  view.setBigUint64(0, 0xffff81000014n, true);
  view.setBigUint64(8, 0xffff81001000n, true);
  return elfBlob(
    [
      { name: '.text', flags: 6, address: TEXT, content: new Uint8Array(0x80) },
      { name: '.init.text', flags: 6, address: TEXT + 0x1000, content: new Uint8Array(0x40) },
      { name: '.rodata', flags: 2, address: TEXT + 0x2000, content: new Uint8Array(0x40) },
      { name: '.init.data', flags: 3, address: TEXT + 0x3000, content: places },
      { name: '.BTF', content: BTF },
      { name: '.comment', content: 'gcc' },
    ],
    [
      { name: '_text', section: '.text', value: TEXT, binding: 'global' },
      { name: 'vfs_read', section: '.text', value: TEXT + 0x10, size: 0x20, type: 'func', binding: 'global' },
      { name: 'init_once', section: '.text', value: TEXT + 0x60, size: 0x10, type: 'func' },
      { name: 'init_once', section: '.text', value: TEXT + 0x40, size: 8, type: 'func' },
      {
        name: 'start_kernel',
        section: '.init.text',
        value: TEXT + 0x1000,
        size: 0x20,
        type: 'func',
        binding: 'global',
      },
      { name: '__start___ksymtab', section: '.rodata', value: TEXT + 0x2000, binding: 'global' },
      { name: '__start___ksymtab_gpl', section: '.rodata', value: TEXT + 0x200c, binding: 'global' },
      { name: '__ksymtab_vfs_read', section: '.rodata', value: TEXT + 0x200c },
      { name: '__start_mcount_loc', section: '.init.data', value: TEXT + 0x3000, binding: 'global' },
      { name: '__stop_mcount_loc', section: '.init.data', value: TEXT + 0x3010, binding: 'global' },
      { name: '.Ltmp0', section: '.text', value: TEXT },
      { name: '$d', section: '.text', value: TEXT },
      { name: 'debug_thing', section: '.comment', value: 0 },
      { name: 'undefined_thing', binding: 'global' },
    ],
    options,
  );
}

async function readBlob(bytes: Uint8Array) {
  return readVmlinux(async (offset, length) => bytes.subarray(offset, offset + length));
}

describe('vmlinux', () => {
  it('has symbols in the order of addresses, as the kernel counts them', async () => {
    const vmlinux = await readBlob(vmlinuxBlob());
    if (typeof vmlinux === 'string') throw new Error(vmlinux);
    const kernel = knowledgeFrom({ label: 'vmlinux', vmlinux }).knowledge;
    expect(kernel?.coverage(null)).toBe('complete');
    expect(kernel?.lookup('init_once', null).map(({ size }) => size)).toEqual([8, 0x10]);
    expect(kernel?.lookup('vfs_read', null)).toEqual([
      {
        name: 'vfs_read',
        module: null,
        position: 1,
        kind: 'function',
        size: 0x20,
        global: true,
        init: false,
        traceable: true,
        exported: 'gpl',
        namespace: null,
      },
    ]);
    // ftrace forgets what is freed after the start.
    expect(kernel?.lookup('start_kernel', null)).toMatchObject([{ init: true, traceable: false }]);
    for (const dropped of ['.Ltmp0', '$d', 'debug_thing', 'undefined_thing']) {
      expect(kernel?.lookup(dropped, null)).toEqual([]);
    }
    expect(kernel?.prototype('vfs_read', null)).toMatchObject({ text: 'int(void)', linkage: 'global' });
  });

  it('counts where kallsyms is not given or cut, and adds sizes where it is', async () => {
    const vmlinux = await readBlob(vmlinuxBlob());
    if (typeof vmlinux === 'string') throw new Error(vmlinux);
    const kallsyms =
      '0000000000000000 T _text\n0000000000000000 T vfs_read\n' +
      '0000000000000000 t init_once\n0000000000000000 t init_once\n';
    const both = knowledgeFrom({ label: 'both', vmlinux, kallsyms }).knowledge;
    expect(both?.lookup('init_once', null).map(({ size }) => size)).toEqual([8, 0x10]);
    expect(both?.lookup('start_kernel', null)).toEqual([]);
    const cut = knowledgeFrom({ label: 'cut', vmlinux, kallsyms: kallsyms.slice(0, -5) }).knowledge;
    expect(cut?.lookup('start_kernel', null)).toHaveLength(1);
  });

  it('is refused when it is stripped or something else', async () => {
    expect(await readBlob(elfBlob([{ name: '.text', flags: 6 }], null))).toContain('stripped');
    expect(await readBlob(new Uint8Array(1000))).toContain('not an ELF file');
    // What kernels' header packages have beside BTF: the ids of a few functions, and no function.
    const ids = [{ name: '__BTF_ID__func__vfs_read__1', section: '.BTF_ids' }];
    const sections = [
      { name: '.BTF', content: BTF },
      { name: '.BTF_ids', flags: 2, content: new Uint8Array(8) },
    ];
    const headers = await readBlob(elfBlob(sections, ids));
    if (typeof headers === 'string') throw new Error(headers);
    const kernel = knowledgeFrom({ label: 'headers', vmlinux: headers }).knowledge;
    expect(kernel?.coverage(null)).toBe('partial');
    expect(kernel?.prototype('vfs_read', null)?.text).toBe('int(void)');
  });
});
