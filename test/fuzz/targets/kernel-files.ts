import { Btf } from '../../../server/src/kernel/btf.ts';
import type { KernelKnowledge } from '../../../server/src/kernel/knowledge.ts';
import { knowledgeFrom } from '../../../server/src/kernel/knowledge-from.ts';
import { readModuleFile } from '../../../server/src/kernel/module-file.ts';
import { readVmlinux } from '../../../server/src/kernel/vmlinux-file.ts';
import { mutatedBytes } from '../mutate.ts';
import type { Random } from '../random.ts';
import type { Target } from '../target.ts';

/** Lists of symbols and exports that somebody broke. */
export function listsTarget(seeds: readonly string[]): Target {
  const encoder = new TextEncoder();
  const seedBytes = seeds.map((seed) => encoder.encode(seed));
  return {
    name: 'symbol lists',
    run(random, note) {
      const list = (): Uint8Array => mutatedBytes(random, random.pick(seedBytes));
      const [kallsyms, filterFunctions, systemMap, symvers] = [
        list(),
        list(),
        list(),
        new TextDecoder().decode(list()),
      ];
      note(kallsyms);
      const { knowledge } = knowledgeFrom({
        label: 'fuzzed',
        ...(random.chance(0.8) && { kallsyms }),
        ...(random.chance(0.6) && { filterFunctions }),
        ...(random.chance(0.3) && { systemMap }),
        ...(random.chance(0.5) && { symvers }),
        ...(random.chance(0.3) && { modulesBuiltin: symvers }),
      });
      if (knowledge) ask(knowledge, random);
    },
  };
}

/** BTF blobs: a kernel's, and a module's on top of it. */
export function typesTarget(seeds: readonly Uint8Array[]): Target {
  return {
    name: 'btf',
    run(random, note) {
      const bytes = mutatedBytes(random, random.pick(seeds));
      note(bytes);
      const base = Btf.read(bytes);
      const module = Btf.read(mutatedBytes(random, random.pick(seeds)), typeof base === 'string' ? undefined : base);
      for (const types of [base, module]) {
        if (typeof types === 'string') {
          if (types.trim() === '') throw new Error('a refusal without a reason');
          continue;
        }
        const names = [...types.functionNames()].slice(0, 50);
        for (const name of names) types.prototype(name);
        for (const name of ['list_head', 'klp_patch', 'file', '', ...names]) types.layout(name);
      }
      const { knowledge } = knowledgeFrom({ label: 'fuzzed', btf: bytes, moduleBtf: new Map([['m', bytes]]) });
      if (knowledge) ask(knowledge, random);
    },
  };
}

/** ELF files: as vmlinux, and as a module. */
export function elfTarget(seeds: readonly Uint8Array[]): Target {
  return {
    name: 'elf',
    async run(random, note) {
      const bytes = mutatedBytes(random, random.pick(seeds));
      note(bytes);
      const vmlinux = await readVmlinux(async (offset, length) => bytes.subarray(offset, offset + length));
      const module = await readModuleFile(bytes);
      const { knowledge } = knowledgeFrom({
        label: 'fuzzed',
        ...(typeof vmlinux !== 'string' && { vmlinux }),
        ...(typeof module !== 'string' && { moduleFiles: [module] }),
      });
      if (knowledge) ask(knowledge, random);
    },
  };
}

const NAMES = [
  'uptime_proc_show',
  'schedule',
  'm_show',
  '',
  '__x64_sys_openat',
  'a',
  'lo_open',
  'x'.repeat(600),
  '\u00e9',
];

/** Every question that rules and features ask. */
function ask(knowledge: KernelKnowledge, random: Random): void {
  const modules = knowledge.modules();
  const objects = [null, 'loop', 'not there', ...(modules.length > 0 ? [random.pick(modules)] : [])];
  for (const name of NAMES) {
    for (const symbol of knowledge.everywhere(name)) {
      if (symbol.name !== name) throw new Error(`${symbol.name} is not ${name}`);
      if (!(symbol.position >= 1)) throw new Error('positions count from 1');
    }
    for (const object of objects) {
      const found = knowledge.lookup(name, object);
      if (found.some((symbol, index) => symbol.position !== index + 1)) throw new Error('positions have gaps');
      knowledge.variants(name, object);
      knowledge.closest(name, object);
      knowledge.prototype(name, object);
      const best = knowledge.search(name.slice(0, 4), object, 20);
      if (best.length > 20) throw new Error('more than was asked for');
    }
    knowledge.isBuiltIn(name);
    knowledge.layout(name);
  }
  for (const object of objects) knowledge.coverage(object);
}
