import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Btf } from '../../../server/src/kernel/btf.ts';
import type { KernelKnowledge } from '../../../server/src/kernel/knowledge.ts';
import { type KernelSources, knowledgeFrom } from '../../../server/src/kernel/knowledge-from.ts';
import { readModuleFile } from '../../../server/src/kernel/module-file.ts';
import { readVmlinux } from '../../../server/src/kernel/vmlinux-file.ts';
import { btfBlob } from '../../support/btf-blob.ts';
import { elfBlob, relocations } from '../../support/elf-blob.ts';

/** What a file becomes on a bad disk, a cut connection or in a stranger's hands. */
function damaged(whole: Uint8Array): fc.Arbitrary<Uint8Array> {
  const place = fc.nat(Math.max(0, whole.length - 1));
  return fc.oneof(
    place.map((end) => whole.slice(0, end)),
    fc.uint8Array({ maxLength: 200 }),
    fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 12 }).map((changes) => {
      const bytes = whole.slice();
      for (const [at, byte] of changes) bytes[at] = byte;
      return bytes;
    }),
    // Numbers that readers trust: lengths, counts, offsets.
    fc.tuple(place, fc.constantFrom(0, 1, 0x7fffffff, 0xffffffff)).map(([at, word]) => {
      const bytes = whole.slice();
      if (at + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(at & ~3, word, true);
      return bytes;
    }),
  );
}

const KALLSYMS = new TextEncoder().encode(
  'ffffffff81000000 T vfs_read\nffffffff81000010 t init_once\nffffffff81000020 d init_once\n' +
    'ffffffffc0000000 t show\t[dm_mod]\nffffffffc0000010 t bpf_prog\t[bpf]\n',
);
const FILTER = new TextEncoder().encode('vfs_read\ninit_once\nshow [dm_mod]\n');
const BTF = btfBlob([
  { kind: 'int', name: 'int', size: 4 },
  { kind: 'ptr', type: 1 },
  { kind: 'struct', name: 'thing', size: 8, members: [{ name: 'a', type: 2, offset: 0 }] },
  { kind: 'array', type: 3, length: 2 },
  {
    kind: 'proto',
    type: 2,
    parameters: [
      { name: 'x', type: 4 },
      { name: '', type: 0 },
    ],
  },
  { kind: 'func', name: 'vfs_read', type: 5 },
  { kind: 'const', type: 2 },
  { kind: 'typedef', name: 't', type: 7 },
]);
const ELF = elfBlob(
  [
    { name: '.modinfo', content: 'name=dm_mod\0' },
    { name: '.text', flags: 6, content: new Uint8Array(64) },
    { name: '__mcount_loc', flags: 2, content: new Uint8Array(8) },
    { name: '.rela__mcount_loc', type: 4, relocates: '__mcount_loc', content: relocations([{ symbol: 1, addend: 0 }]) },
    { name: '.BTF', content: BTF },
  ],
  [
    { name: '', section: '.text', type: 'section' },
    { name: 'show', section: '.text', size: 16, type: 'func' },
    { name: '__ksymtab_show', section: '.text' },
  ],
);
const SYMVERS = '0x12345678\tvfs_read\tvmlinux\tEXPORT_SYMBOL_GPL\tNS\n';

/** Asks everything that a rule or an editor asks. */
function interrogate(knowledge: KernelKnowledge): void {
  for (const object of [null, 'dm_mod', 'nfs']) {
    knowledge.coverage(object);
    for (const name of ['vfs_read', 'init_once', 'show', 'é', '', 'x'.repeat(2000)]) {
      for (const { position, size } of knowledge.lookup(name, object)) {
        expect(position).toBeGreaterThan(0);
        if (size !== null) expect(size).toBeGreaterThanOrEqual(0);
      }
      knowledge.variants(name, object);
      knowledge.closest(name, object);
      knowledge.prototype(name, object);
      expect(knowledge.search(name, object, 5).length).toBeLessThanOrEqual(5);
    }
  }
  knowledge.everywhere('init_once');
  knowledge.layout('thing');
  knowledge.modules();
  knowledge.isBuiltIn('dm_mod');
}

/** Reads and asks; a problem is a sentence, never an exception. */
function check(sources: Partial<KernelSources>): void {
  const { knowledge, problems } = knowledgeFrom({ label: 'hostile', ...sources });
  for (const { message } of problems) expect(message).toMatch(/^[\S ]{5,300}\.$/);
  if (knowledge) interrogate(knowledge);
}

describe('sources that are damaged', () => {
  it('are texts in the formats of the kernel', () => {
    fc.assert(
      fc.property(damaged(KALLSYMS), damaged(FILTER), damaged(KALLSYMS), (kallsyms, filterFunctions, systemMap) => {
        check({ kallsyms, filterFunctions });
        check({ systemMap, filterFunctions });
        check({ symvers: new TextDecoder().decode(kallsyms), modulesBuiltin: new TextDecoder().decode(systemMap) });
      }),
      { numRuns: 300 },
    );
  });

  it('are types', () => {
    fc.assert(
      fc.property(damaged(BTF), damaged(BTF), (btf, module) => {
        check({ btf });
        check({ btf: BTF, moduleBtf: new Map([['dm_mod', module]]) });
        const read = Btf.read(btf);
        if (typeof read !== 'string') for (const name of read.functionNames()) read.prototype(name);
      }),
      { numRuns: 300 },
    );
  });

  it('are ELF files', async () => {
    await fc.assert(
      fc.asyncProperty(damaged(ELF), async (bytes) => {
        const file = await readModuleFile(bytes);
        if (typeof file === 'string') expect(file).toMatch(/^[\S ]{5,300}\.$/);
        else check({ btf: BTF, moduleFiles: [file], symvers: SYMVERS });
        const vmlinux = await readVmlinux(async (offset, length) => bytes.subarray(offset, offset + length));
        if (typeof vmlinux === 'string') expect(vmlinux).toMatch(/^[\S ]{5,300}\.$/);
        else check({ vmlinux, filterFunctions: FILTER });
      }),
      { numRuns: 300 },
    );
  });
});

describe('texts of the kernel', () => {
  const name = fc.stringMatching(/^[a-z_]{1,6}(\.[a-z]{1,4})?$/);
  const symbol = fc.record({
    name,
    letter: fc.constantFrom('t', 'T', 'd', 'B'),
    module: fc.constantFrom('', 'a', 'b'),
  });

  it('give each symbol back in its place', () => {
    fc.assert(
      fc.property(fc.array(symbol, { minLength: 1, maxLength: 60 }), (symbols) => {
        const ordered = [...symbols].sort((a, b) => (a.module < b.module ? -1 : a.module > b.module ? 1 : 0));
        const text = ordered.map(({ name: own, letter, module }, i) => {
          const address = (0xffffffff81000000n + BigInt(i) * 16n).toString(16);
          return `${address} ${letter} ${own}${module === '' ? '' : `\t[${module}]`}\n`;
        });
        const { knowledge } = knowledgeFrom({
          label: 'random',
          kallsyms: `${'0'.repeat(16)} T _text\n${text.join('')}`,
        });
        for (const { name: own, module } of ordered) {
          const object = module === '' ? null : module;
          const same = ordered.filter((other) => other.name === own && other.module === module);
          expect(knowledge?.lookup(own, object).map(({ kind, position }) => [kind, position])).toEqual(
            same.map(({ letter }, i) => [/[tT]/.test(letter) ? 'function' : 'data', i + 1]),
          );
          const isFunction = same.some(({ letter }) => /[tT]/.test(letter));
          const found = knowledge?.search(own, object, 100).map((each) => each.name) ?? [];
          expect(found.includes(own)).toBe(isFunction);
          if (isFunction) expect(found[0]).toBe(own);
        }
        expect(knowledge?.everywhere('no_such_name_at_all')).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});
