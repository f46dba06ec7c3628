import { describe, expect, it } from 'vitest';
import type { KernelKnowledge } from '../../../server/src/kernel/knowledge.ts';
import { type KernelSources, knowledgeFrom } from '../../../server/src/kernel/knowledge-from.ts';

/** Of a machine on which the modules ext4 and dm_mod are loaded. */
const KALLSYMS = `
ffffffff81000000 T _text
ffffffff81000010 t cmdline_proc_show
ffffffff81000040 t init_once
ffffffff81000080 T vfs_read
ffffffff81000080 T __alias_of_vfs_read
ffffffff81000100 t init_once
ffffffff81000140 t vfs_read.cold
ffffffff81000150 t parse_options.isra.0
ffffffff81000200 D init_once
ffffffffc0000300 t parse_options\t[ext4]
ffffffffc0000200 t init_once\t[ext4]
ffffffffc0000100 t parse_options\t[ext4]
ffffffffc0000400 b parse_options\t[ext4]
0000000000000000 U kfree\t[ext4]
ffffffffc0001000 T dm_table_get\t[dm_mod]
ffffffffc0002000 t bpf_prog_6deef7357e7b4530_sd_fw_egress\t[bpf]
ffffffffc0003000 t ftrace_trampoline\t[__builtin__ftrace]
`.trimStart();

const FILTER = `
cmdline_proc_show
init_once
vfs_read
init_once
parse_options [ext4]
init_once [ext4]
`.trimStart();

function known(sources: Partial<KernelSources>): KernelKnowledge {
  const { knowledge, problems } = knowledgeFrom({ label: 'a test', ...sources });
  expect(problems).toEqual([]);
  if (!knowledge) throw new Error('no knowledge');
  return knowledge;
}

describe('kallsyms alone', () => {
  const kernel = known({ kallsyms: KALLSYMS });

  it('knows each symbol of an object, in the order of positions, data included', () => {
    expect(kernel.lookup('cmdline_proc_show', null)).toEqual([
      {
        name: 'cmdline_proc_show',
        module: null,
        position: 1,
        kind: 'function',
        size: 0x30,
        global: false,
        init: null,
        traceable: null,
        exported: null,
        namespace: null,
      },
    ]);
    expect(kernel.lookup('init_once', null).map(({ position, kind }) => [position, kind])).toEqual([
      [1, 'function'],
      [2, 'function'],
      [3, 'data'],
    ]);
    expect(kernel.lookup('init_once', 'ext4')).toHaveLength(1);
    expect(kernel.lookup('init_once', 'dm_mod')).toEqual([]);
    expect(kernel.lookup('init_once', 'nfs')).toEqual([]);
  });

  it('counts a module in the order of its table, not by address', () => {
    const symbols = kernel.lookup('parse_options', 'ext4');
    expect(symbols.map(({ position, kind }) => [position, kind])).toEqual([
      [1, 'function'],
      [2, 'function'],
      [3, 'data'],
    ]);
  });

  it('leaves out what a module only uses', () => {
    expect(kernel.everywhere('kfree')).toEqual([]);
  });

  it('finds a name wherever it is, the kernel first', () => {
    expect(kernel.everywhere('init_once').map(({ module, position }) => [module, position])).toEqual([
      [null, 1],
      [null, 2],
      [null, 3],
      ['ext4', 1],
    ]);
  });

  it('says which objects it knows completely', () => {
    expect(kernel.coverage(null)).toBe('complete');
    expect(kernel.coverage('ext4')).toBe('complete');
    expect(kernel.coverage('nfs')).toBe('none');
    expect(kernel.modules()).toEqual(['dm_mod', 'ext4']);
  });

  it('gives symbols at one address one size', () => {
    expect(kernel.lookup('vfs_read', null)[0]?.size).toBe(0x80);
    expect(kernel.lookup('__alias_of_vfs_read', null)[0]?.size).toBe(0x80);
  });

  it("knows the compiler's variants of a function", () => {
    expect(kernel.variants('vfs_read', null).map(({ name }) => name)).toEqual(['vfs_read.cold']);
    expect(kernel.variants('parse_options', null).map(({ name }) => name)).toEqual(['parse_options.isra.0']);
    expect(kernel.variants('parse_options', 'ext4')).toEqual([]);
  });

  it('needs no addresses', () => {
    const hidden = known({ kallsyms: KALLSYMS.replace(/^[0-9a-f]{16}/gm, '0'.repeat(16)) });
    expect(hidden.lookup('init_once', null).map(({ position, size }) => [position, size])).toEqual([
      [1, null],
      [2, null],
      [3, null],
    ]);
  });
});

describe('what ftrace can hook', () => {
  const kernel = known({ kallsyms: KALLSYMS, filterFunctions: FILTER });

  it('is what available_filter_functions lists', () => {
    const traceable = (name: string, object: string | null) =>
      kernel.lookup(name, object).map((symbol) => symbol.traceable);
    expect(traceable('vfs_read', null)).toEqual([true]);
    expect(traceable('vfs_read.cold', null)).toEqual([false]);
    expect(traceable('init_once', null)).toEqual([true, true, false]);
    // One line for two functions: either.
    expect(traceable('parse_options', 'ext4')).toEqual([null, null, false]);
    // The list names nothing of this module.
    expect(traceable('dm_table_get', 'dm_mod')).toEqual([null]);
  });

  it('is a part of the symbols when nothing else is given', () => {
    const alone = known({ filterFunctions: FILTER });
    expect(alone.coverage(null)).toBe('partial');
    expect(alone.coverage('ext4')).toBe('partial');
    expect(alone.lookup('vfs_read', null).map(({ traceable }) => traceable)).toEqual([true]);
    expect(alone.lookup('_text', null)).toEqual([]);
  });

  it('may come with addresses', () => {
    const addresses = FILTER.replace(/^(?=.)/gm, 'ffffffff81000014 ');
    expect(known({ filterFunctions: addresses }).lookup('parse_options', 'ext4')).toHaveLength(1);
  });
});

describe('search', () => {
  const kernel = known({ kallsyms: KALLSYMS, filterFunctions: FILTER });
  const found = (typed: string, object: string | null = null) =>
    kernel.search(typed, object, 10).map(({ name }) => name);

  it('finds the name itself, then beginnings, words and letters', () => {
    expect(found('vfs_read')).toEqual(['vfs_read', 'vfs_read.cold', '__alias_of_vfs_read']);
    expect(found('pro')).toEqual(['cmdline_proc_show', 'parse_options.isra.0']);
    expect(found('CPS')).toEqual(['cmdline_proc_show']);
    expect(found('xyz')).toEqual([]);
  });

  it('gives each name once and stays in the object', () => {
    expect(found('init_once')).toEqual(['init_once']);
    expect(found('', 'ext4')).toEqual(['init_once', 'parse_options']);
    expect(found('', 'nfs')).toEqual([]);
  });

  it('stops at the limit with the best', () => {
    expect(kernel.search('v', null, 1).map(({ name }) => name)).toEqual(['vfs_read']);
    expect(kernel.search('v', null, 0)).toEqual([]);
  });

  it('says which name is nearest', () => {
    expect(kernel.closest('cmdline_porc_show', null)).toBe('cmdline_proc_show');
    expect(kernel.closest('vfs_reed', null)).toBe('vfs_read');
    expect(kernel.closest('something_else', null)).toBeNull();
    expect(kernel.closest('vfs_reed', 'ext4')).toBeNull();
  });
});

describe('broken sources', () => {
  const problems = (sources: Partial<KernelSources>) => knowledgeFrom({ label: 'a test', ...sources });

  it('says that a text is something else', () => {
    const { knowledge, problems: said } = problems({ kallsyms: '#!/bin/sh\necho\n' });
    expect(knowledge).toBeNull();
    expect(said).toEqual([{ source: 'kallsyms', message: 'It holds no symbols in the format of /proc/kallsyms.' }]);
  });

  it('names the line that is broken', () => {
    const { knowledge, problems: said } = problems({ kallsyms: `${KALLSYMS}ffffffff81000000 broken\n` });
    expect(knowledge?.coverage(null)).toBe('complete');
    expect(said.map(({ message }) => message)).toEqual(['Line 18 is not in the format of /proc/kallsyms.']);
  });

  it('concludes nothing from what a cut text does not list', () => {
    const { knowledge, problems: said } = problems({ kallsyms: KALLSYMS.slice(0, 100), filterFunctions: 'vfs_re' });
    expect(knowledge?.coverage(null)).toBe('partial');
    expect(knowledge?.lookup('cmdline_proc_show', null).map(({ traceable }) => traceable)).toEqual([null]);
    expect(said.map(({ source }) => source)).toEqual(['kallsyms', 'filterFunctions']);
  });

  it('concludes nothing from an excerpt, and takes no note for a symbol', () => {
    const excerpt = problems({ kallsyms: 'ffffffff81000080 T vfs_read\n' });
    expect(excerpt.knowledge?.coverage(null)).toBe('partial');
    expect(excerpt.problems.map(({ message }) => message)).toEqual([expect.stringContaining('no symbol _text')]);
    const note = 'ffffffffffffffff B The real System.map is in the linux-image-<version>-dbg package\n';
    expect(problems({ systemMap: note })).toEqual({
      knowledge: null,
      problems: [{ source: 'systemMap', message: 'It holds no symbols in the format of System.map.' }],
    });
  });

  it('has nothing without sources', () => {
    expect(knowledgeFrom({ label: 'nothing' })).toEqual({ knowledge: null, problems: [] });
  });
});
