import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exampleText } from '../../server/src/analysis/rules/example-text.ts';
import { RULES } from '../../server/src/analysis/rules/index.ts';
import { elfBlob, relocations } from '../support/elf-blob.ts';

/** C texts to break: all examples of all rules, the samples, and the kernel's own modules where they were unpacked. */
export function cTexts(root: string): string[] {
  const examples = RULES.flatMap(({ examples: { bad, good } }) => [...bad, ...good]).map(
    (example) => exampleText(example).text,
  );
  const folders = ['samples', 'test/mutation/modules', '.cache/upstream'].map((folder) => join(root, folder));
  return [
    ...examples,
    ...folders.flatMap((folder) => filesBelow(folder, /\.[ch]$/, 200_000)).map((file) => readFileSync(file, 'utf8')),
  ];
}

/** Files below a folder, if there is one, in a fixed order. `largest` in bytes. */
function filesBelow(folder: string, name: RegExp, largest: number): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => statSync(file).size <= largest)
    .sort();
}

/** Lists as kernels print them, small. */
export const LISTS: readonly string[] = [
  `ffffffff81000000 T startup_64
ffffffff81000000 T _text
ffffffff81001230 t uptime_proc_show
ffffffff81001230 t __pfx_uptime_proc_show
ffffffff81002000 t m_show
ffffffff81003000 t m_show
ffffffff81003100 T schedule
ffffffff81003200 W arch_cpu_idle
ffffffff81004000 t do_sysinfo.isra.0
ffffffff81004100 t do_sysinfo.isra.0.cold
ffffffff82000000 D init_uts_ns
ffffffff82000100 r __ksymtab_schedule
ffffffff82000110 b counter
ffffffffc0001000 t lo_open\t[loop]
ffffffffc0001100 t loop_init\t[loop]
ffffffffc0002000 t bpf_prog_0123456789abcdef\t[bpf]
`,
  `0000000000000000 A fixed_percpu_data
0000000000000000 t uptime_proc_show
0000000000000000 t lo_open [loop]
`,
  `uptime_proc_show
m_show
m_show
schedule
lo_open [loop]
__x64_sys_openat
`,
  `ffffffff81001230 uptime_proc_show
ffffffff81003100 schedule
ffffffffc0001000 lo_open [loop]
`,
  `0x00000000\tschedule\tvmlinux\tEXPORT_SYMBOL\t
0x12345678\tlo_thing\tdrivers/block/loop\tEXPORT_SYMBOL_GPL\tLOOP_NS
`,
  'kernel/drivers/block/loop.ko\nkernel/fs/ext4/ext4.ko\n',
];

/** BTF with a type of every kind, those included of which nothing is read. */
export function smallBtf(): Uint8Array {
  const strings = [
    '',
    'int',
    'list_head',
    'next',
    'prev',
    'file',
    'uptime_proc_show',
    'm',
    'v',
    'mode',
    'SMALL',
    'LARGE',
    '.data',
    'u32',
  ];
  const offsets = new Map<string, number>();
  let text = '';
  for (const string of strings) {
    offsets.set(string, text.length);
    text += `${string}\0`;
  }
  const at = (name: string) => offsets.get(name) ?? 0;
  const words: number[] = [];
  const type = (name: string, kind: number, vlen: number, sizeOrType: number, ...rest: number[]) => {
    words.push(at(name), (kind << 24) | vlen, sizeOrType, ...rest);
  };
  type('int', 1, 0, 4, 0x01000020); // 1 int
  type('', 2, 0, 3); // 2 pointer to 3
  type('list_head', 4, 2, 16, at('next'), 2, 0, at('prev'), 2, 64); // 3 struct
  type('', 3, 0, 0, 1, 1, 8); // 4 int[8]
  type('u32', 8, 0, 1); // 5 typedef
  type('', 10, 0, 1); // 6 const
  type('', 13, 2, 1, at('m'), 2, at('v'), 6); // 7 prototype
  type('uptime_proc_show', 12, 0, 7); // 8 function
  type('mode', 6, 2, 4, at('SMALL'), 1, at('LARGE'), 2); // 9 enum
  type('file', 7, 0, 0); // 10 declared only
  type('', 5, 1, 4, at('v'), 5, 0); // 11 union
  type('', 9, 0, 1); // 12 volatile
  type('v', 14, 0, 1, 1); // 13 variable
  type('.data', 15, 1, 4, 13, 0, 4); // 14 section
  type('', 16, 0, 8); // 15 float
  type('mode', 19, 1, 8, at('LARGE'), 5, 0); // 16 enum of 64 bits
  type('m', 17, 0, 3, 0xffffffff); // 17 tag of a declaration
  type('m', 18, 0, 1); // 18 tag of a type
  type('', 11, 0, 2); // 19 restrict
  const bytes = new Uint8Array(24 + words.length * 4 + text.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  view.setUint32(4, 24, true);
  view.setUint32(12, words.length * 4, true);
  view.setUint32(16, words.length * 4, true);
  view.setUint32(20, text.length, true);
  for (const [index, word] of words.entries()) view.setUint32(24 + index * 4, word, true);
  bytes.set(new TextEncoder().encode(text), 24 + words.length * 4);
  return bytes;
}

/** ELF files: one with what vmlinux and modules have, and those that are there, an ordinary program and built modules. */
export function elfFiles(root: string): Uint8Array[] {
  const modules = filesBelow(join(root, '.cache', 'kernels', 'modules'), /\.ko$/, 400_000).slice(0, 5);
  const files = ['/bin/true', ...modules].filter((file) => existsSync(file));
  return [smallElf(), ...files.map((file) => Uint8Array.from(readFileSync(file)))];
}

function smallElf(): Uint8Array {
  return elfBlob(
    [
      { name: '.modinfo', content: 'name=loop\0vermagic=6.12\0' },
      { name: '.text', flags: 6, address: 0x1000, content: new Uint8Array(64) },
      { name: '__mcount_loc', flags: 2, content: new Uint8Array(16) },
      {
        name: '.rela__mcount_loc',
        type: 4,
        relocates: '__mcount_loc',
        content: relocations([{ symbol: 1, addend: 4 }]),
      },
      { name: '.BTF', content: smallBtf() },
    ],
    [
      { name: '', section: '.text', type: 'section' },
      { name: 'lo_open', section: '.text', value: 4, size: 16, type: 'func' },
      { name: 'loop_init', section: '.text', value: 32, size: 16, type: 'func', binding: 'global' },
      { name: 'schedule', binding: 'global' },
    ],
  );
}

/** Scenario files: the samples. */
export function scenarios(root: string): string[] {
  return filesBelow(join(root, 'samples'), /\.klpsim\.json$/, 100_000).map((file) => readFileSync(file, 'utf8'));
}

/** Recordings of machines. */
export function captures(root: string): string[] {
  return filesBelow(join(root, 'test', 'fixtures', 'captures'), /\.json$/, 100_000).map((file) =>
    readFileSync(file, 'utf8'),
  );
}
