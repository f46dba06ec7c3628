import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type KernelReading, knowledgeFrom, symbolsFrom } from '../../server/src/kernel/knowledge-from.ts';
import { type ModuleFile, readModuleFile } from '../../server/src/kernel/module-file.ts';
import { type SymbolTable, TRACEABLE } from '../../server/src/kernel/symbol-table.ts';
import { buildModules } from '../../server/src/kernel-runner/build-modules.ts';
import { findKernel, type Kernel } from '../../server/src/kernel-runner/find-kernel.ts';
import { readGuestFiles } from '../../server/src/kernel-runner/guest-files.ts';
import { CACHE, KERNELS, RESULTS, ROOT } from './kernels.ts';
import { type Asked, askingLivepatch, parseAnswers, TARGET, targetWithDuplicates } from './symbols/modules.ts';

/** Whether what the kernel answered is written to test/fixtures/kernel-symbols/, from which a unit test reads it. */
const RECORD = process.env.KLP_RECORD === '1';

const KALLSYMS = '/proc/kallsyms';
const FILTER = '/sys/kernel/tracing/available_filter_functions';
/** Since 6.5. */
const FILTER_ADDRESSES = '/sys/kernel/tracing/available_filter_functions_addrs';
const BTF = '/sys/kernel/btf/vmlinux';
/** How many names are asked for that are there several times, and that are there once. */
const SEVERAL = 150;
const ONCE = 50;

describe.each(KERNELS)('symbols of a real %s kernel', (version) => {
  let kernel: Kernel;
  let files: Map<string, Uint8Array>;
  let reading: KernelReading;
  let target: ModuleFile;
  let asked: readonly Asked[];
  const at = (path: string) => files.get(path) ?? new Uint8Array();

  beforeAll(async () => {
    kernel = await findKernel(version, { cache: CACHE });
    asked = [...(await namesToAskFor(kernel)), ...DUPLICATES_OF_TARGET];
    const built = await buildModules(kernel, [targetWithDuplicates(), askingLivepatch(asked)], { cache: CACHE });
    const modules = await Promise.all(
      [...built].map(async ([name, module]) => {
        if (!module.ok) throw new Error(module.errors);
        return { path: `/${name}.ko`, content: await readFile(module.ko) };
      }),
    );
    const paths = [KALLSYMS, FILTER, FILTER_ADDRESSES, BTF, '/kernel.log'];
    files = await readGuestFiles(kernel, paths, { cache: CACHE, modules });
    reading = knowledgeFrom({
      label: kernel.release,
      kallsyms: at(KALLSYMS),
      filterFunctions: at(FILTER),
      btf: at(BTF),
    });
    const ko = modules.find(({ path }) => path === `/${TARGET}.ko`)?.content ?? new Uint8Array();
    const read = await readModuleFile(ko);
    if (typeof read === 'string') throw new Error(read);
    target = read;
  }, 600_000);

  it('have the positions that the kernel counts, in vmlinux and in a module, and its sizes', async () => {
    expect(reading.problems).toEqual([]);
    const answers = parseAnswers(new TextDecoder('latin1').decode(at('/kernel.log')));
    expect(answers).toHaveLength(asked.length);
    const { tables } = symbolsFrom({ kallsyms: at(KALLSYMS) });
    const wrong = answers.flatMap((answer) => {
      const { name, object, position } = answer;
      const table = tables.get(object);
      const symbol = table ? nth(table, name, object, position) : -1;
      const ours = symbol < 0 ? 'none' : table?.address[symbol];
      const size = reading.knowledge?.lookup(name, object)[position - 1]?.size ?? null;
      const sameSize = size === null || size === answer.size;
      return ours === answer.address && sameSize ? [] : [{ ...answer, ours, ourSize: size }];
    });
    await writeResults(version, { release: kernel.release, asked: answers.length, wrong: wrong.length });
    if (RECORD) await record(version, kernel.release, answers, at(KALLSYMS));
    expect(wrong).toEqual([]);
  });

  // The list with addresses came with 6.5.
  if (version !== '6.1')
    it('are traceable, by what names alone tell, only where their addresses agree', () => {
      const addresses = at(FILTER_ADDRESSES);
      expect(addresses.length).toBeGreaterThan(0);
      const text = new TextDecoder('latin1').decode(at(KALLSYMS));
      const hidden = new TextEncoder().encode(text.replace(/^\w{16}/gm, '0'.repeat(16)));
      const exact = symbolsFrom({ kallsyms: at(KALLSYMS), filterFunctions: addresses }).tables.get(null);
      for (const kallsyms of [at(KALLSYMS), hidden]) {
        const byName = symbolsFrom({ kallsyms, filterFunctions: at(FILTER) }).tables.get(null);
        const wrong: string[] = [];
        let known = 0;
        for (let symbol = 0; symbol < (byName?.count ?? 0); symbol++) {
          const ours = byName?.traceable[symbol];
          const theirs = exact?.traceable[symbol];
          if (ours === TRACEABLE.unknown || theirs === TRACEABLE.unknown) continue;
          known++;
          if (ours !== theirs) wrong.push(byName?.nameOf(symbol) ?? '');
        }
        expect(wrong).toEqual([]);
        expect(known).toBeGreaterThan(100_000);
      }
    });

  it("are in a module's file what they are once it is loaded", () => {
    const fromFile = knowledgeFrom({ label: 'file', moduleFiles: [target] }).knowledge;
    const names = new Set(Array.from({ length: target.table.count }, (_, symbol) => target.table.nameOf(symbol)));
    const facts = (knowledge: KernelReading['knowledge'], name: string) =>
      (knowledge?.lookup(name, TARGET) ?? [])
        .filter(({ init }) => !init)
        .map(({ kind, traceable, exported }) => ({ name, kind, traceable, exported }));
    for (const name of names) {
      // The loader takes these sections' symbols away; nobody patches them.
      if (/^__UNIQUE_ID_|^____versions$/.test(name)) continue;
      expect(facts(fromFile, name)).toEqual(facts(reading.knowledge, name));
    }
    expect(names.size).toBeGreaterThan(5);
  });

  it('have the prototypes that the headers declare', () => {
    const text = (name: string) => reading.knowledge?.prototype(name, null)?.text;
    expect(text('klp_enable_patch')).toBe('int(struct klp_patch *)');
    expect(text('kthread_create_on_node')).toBe(
      'struct task_struct *(int (*)(void *), void *, int, const char *, ...)',
    );
    expect(text('vfs_read')).toBe('ssize_t(struct file *, char *, size_t, loff_t *)');
    expect(reading.knowledge?.layout('klp_func')?.members.slice(0, 3)).toEqual([
      { name: 'old_name', type: 'const char *', offset: 0 },
      { name: 'new_func', type: 'void *', offset: 64 },
      { name: 'old_sympos', type: 'unsigned long', offset: 128 },
    ]);
  });
});

const DUPLICATES_OF_TARGET: readonly Asked[] = [1, 2, 3].map((position) => ({
  name: 'klp_twice',
  object: TARGET,
  position,
}));

/** Names that this kernel has several times and once, spread over the whole of it. From an earlier boot, or one now. */
async function namesToAskFor(kernel: Kernel): Promise<Asked[]> {
  const kept = join(CACHE, 'symbols', `${kernel.release}.kallsyms`);
  if (!existsSync(kept)) {
    const files = await readGuestFiles(kernel, [KALLSYMS], { cache: CACHE });
    await mkdir(join(CACHE, 'symbols'), { recursive: true });
    await writeFile(kept, files.get(KALLSYMS) ?? '');
  }
  const table = symbolsFrom({ kallsyms: await readFile(kept) }).tables.get(null);
  if (!table) throw new Error(`${kept} holds no symbols`);
  const counts = new Map<string, number>();
  for (let symbol = 0; symbol < table.count; symbol++) {
    // An address below the kernel's is an offset in the per-CPU area, which has no size to look up.
    const isKernel = (table.address[symbol] as number) >= 0xffff80000000;
    const name = table.nameOf(symbol);
    if (table.object[symbol] === 0) counts.set(name, isKernel ? (counts.get(name) ?? 0) + 1 : Number.NaN);
  }
  const several = [...counts].filter(([name, count]) => count > 1 && /^\w+$/.test(name));
  const once = [...counts].filter(([name, count]) => count === 1 && /^[a-z]\w+$/.test(name));
  return [...spread(several, SEVERAL), ...spread(once, ONCE)].flatMap(([name, count]) =>
    Array.from({ length: Math.min(count, 8) }, (_, index) => ({ name, object: null, position: index + 1 })),
  );
}

function spread<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, index) => items[Math.floor(index * step)] as T);
}

function nth(table: SymbolTable, name: string, object: string | null, position: number): number {
  let left = position;
  for (let symbol = table.find(name); symbol >= 0; symbol = table.after(symbol)) {
    if (table.object[symbol] === table.objectNumber(object) && --left === 0) return symbol;
  }
  return -1;
}

async function writeResults(version: string, results: object): Promise<void> {
  await mkdir(RESULTS, { recursive: true });
  await writeFile(join(RESULTS, `symbols-${version}.json`), `${JSON.stringify({ version, ...results }, null, 2)}\n`);
}

/** The lines of kallsyms for the asked names, in its order, and what the kernel answered. */
async function record(
  version: string,
  release: string,
  answers: readonly (Asked & { readonly address: number })[],
  kallsyms: Uint8Array,
): Promise<void> {
  const names = new Set(answers.map(({ name }) => name));
  const lines = new TextDecoder('latin1')
    .decode(kallsyms)
    .split('\n')
    .filter((line) => names.has(line.split(/[ \t]/)[2] ?? ''));
  const recorded = {
    release,
    kallsyms: lines,
    answers: answers.map(({ name, object, position, address }) =>
      [name, object ?? '-', position, address.toString(16)].join(' '),
    ),
  };
  const folder = join(ROOT, 'test/fixtures/kernel-symbols');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${version}.json`), `${JSON.stringify(recorded, null, 2)}\n`);
}
