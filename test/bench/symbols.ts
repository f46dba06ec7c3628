/**
 * How fast what is known of the target kernel is read and searched: 200,000 symbols, and the built-in reference kernel.
 * `symbols.js DIST [--quick]` prints Markdown; it wants node --expose-gc for the memory.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelKnowledge } from '../../server/src/kernel/knowledge.ts';
import { knowledgeFrom } from '../../server/src/kernel/knowledge-from.ts';
import { loadReferenceKernel } from '../../server/src/workspace/reference-kernel.ts';
import { shown, table } from './measure.ts';

const SYMBOLS = 200_000;
const MODULES = 150;

/** What people type into `.old_name`, from nothing to nearly all of a name. */
const TYPED = ['', 'v', 'vf', 'vfsr', 'net_work', 'alloc', 'proc_show', 'tcp_rcv_est', 'zzqx', '__x64_sys_'];

const WORDS = (
  'alloc free read write open close init exit show store get put lock unlock queue work timer irq net tcp udp ipv4 ipv6 ' +
  'skb dev page folio inode dentry file path proc sys task sched cpu mem slab vfs ext4 xfs btrfs block bio rcu signal ' +
  'established receive send poll wait wake handler probe remove suspend resume register unregister find insert delete'
).split(' ');

async function main(dist: string, quick: boolean): Promise<void> {
  const rounds = quick ? 2 : 15;
  const folder = mkdtempSync(join(tmpdir(), 'livepatch-symbols-'));
  try {
    const kallsyms = join(folder, 'kallsyms');
    const filter = join(folder, 'available_filter_functions');
    const texts = generate();
    writeFileSync(kallsyms, texts.kallsyms);
    writeFileSync(filter, texts.filter);
    console.log(
      `Node ${process.version} on ${cpus().length} CPUs (${process.arch}). Times are those that the processor worked; each is ` +
        `the least of ${rounds}. ${SYMBOLS.toLocaleString('en')} symbols of a kernel and ${MODULES} modules, made up: ` +
        `${shown(statSync(kallsyms).size / 1e6, 'MB')} of kallsyms, ${shown(statSync(filter).size / 1e6, 'MB')} of available_filter_functions.`,
    );
    console.log(`\n${await loading(dist, kallsyms, filter, rounds)}`);
    console.log(`\n${searching(knowledge(texts.kallsyms, texts.filter), rounds)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function loading(dist: string, kallsyms: string, filter: string, rounds: number): Promise<string> {
  const read = () => Promise.all([readFile(kallsyms), readFile(filter)]);
  const reading = await best(rounds, read);
  const [symbols, functions] = await read();
  const all = await best(rounds, async () => {
    const [a, b] = await read();
    knowledge(a, b);
  });
  const alone = await best(rounds, async () => knowledge(symbols, undefined));
  const lines = await best(rounds, async () => (await readFile(kallsyms, 'latin1')).split('\n').length);
  const reference = await best(rounds, () => loadReferenceKernel(dist));
  const before = memory();
  const kept = [knowledge(symbols, functions)];
  kept[0]?.search('vfs', null, 10);
  const taken = memory() - before;
  const referenceBefore = memory();
  kept.push(await loadReferenceKernel(dist));
  kept[1]?.search('vfs', null, 10);
  kept[1]?.prototype('vfs_read', null);
  const referenceTaken = memory() - referenceBefore;
  const rows = [
    ['Reading both files', shown(reading, 'ms'), ''],
    ['Reading kallsyms and splitting it into lines, for comparison', shown(lines, 'ms'), ''],
    ['Reading both files and making the symbols of them', shown(all, 'ms'), shown(taken, 'MB')],
    ['Making the symbols of kallsyms alone, already read', shown(alone, 'ms'), ''],
    [
      'The built-in reference kernel: 155,000 symbols, 39,000 prototypes',
      shown(reference, 'ms'),
      shown(referenceTaken, 'MB'),
    ],
  ];
  return ['### Loading', '', table(['', 'Time', 'Memory'], rows)].join('\n');
}

function searching(kernel: KernelKnowledge, rounds: number): string {
  const rows = TYPED.map((typed) => {
    const found = kernel.search(typed, null, 100).length;
    return [
      typed === '' ? '(nothing)' : `\`${typed}\``,
      String(found),
      shown(
        least(rounds, () => kernel.search(typed, null, 100)),
        'ms',
      ),
    ];
  });
  const closest = least(rounds, () => kernel.closest('vfs_raed_alloc_prbe', null));
  const lookup = least(rounds, () => {
    for (let i = 0; i < 1000; i++) kernel.lookup('vfs_read', null);
  });
  return [
    '### Completing a name in 200,000 symbols',
    '',
    'The best hundred for what has been typed.',
    '',
    table(['Typed', 'Found', 'Time'], rows),
    '',
    `The name that is nearest to a misspelt one: ${shown(closest, 'ms')}. Looking a name up: ${(lookup).toFixed(1)} µs.`,
  ].join('\n');
}

function knowledge(kallsyms: Uint8Array, filterFunctions: Uint8Array | undefined): KernelKnowledge {
  const reading = knowledgeFrom({ label: 'bench', kallsyms, filterFunctions });
  if (!reading.knowledge || reading.problems.length > 0) throw new Error('the symbols that were made up are wrong');
  return reading.knowledge;
}

/** As large as a distribution's kernel with its modules, with as many names that are there several times. */
function generate(): { kallsyms: Uint8Array; filter: Uint8Array } {
  let state = 1;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 0x100000000) * below);
  };
  const word = () => WORDS[random(WORDS.length)] as string;
  const symbols: string[] = ['ffffffff81000000 T _text\n'];
  const functions: string[] = [];
  let address = 0xffffffff81000000n;
  for (let i = 0; i < SYMBOLS; i++) {
    const inModule = i > SYMBOLS * 0.7;
    const module = inModule ? ` \t[module_${Math.floor(((i / SYMBOLS - 0.7) / 0.3) * MODULES)}]`.slice(1) : '';
    const name = `${word()}_${word()}${random(3) === 0 ? `_${word()}` : ''}${random(10) > 0 ? `_${random(10_000)}` : ''}`;
    const isFunction = random(5) < 3;
    symbols.push(`${address.toString(16)} ${isFunction ? 't' : 'd'} ${name}${module}\n`);
    if (isFunction && random(5) > 0) functions.push(`${name}${module.replace('\t', ' ')}\n`);
    address += BigInt(16 * (1 + random(20)));
  }
  symbols.splice(10, 0, 'ffffffff81000010 T vfs_read\n');
  const encoder = new TextEncoder();
  return { kallsyms: encoder.encode(symbols.join('')), filter: encoder.encode(functions.join('')) };
}

/** Least processor time in milliseconds: what always takes the same work is only ever disturbed to take longer. */
async function best(rounds: number, work: () => Promise<unknown>): Promise<number> {
  let result = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    result = Math.min(result, (user + system) / 1000);
  }
  return result;
}

function least(rounds: number, work: () => unknown): number {
  let result = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds * 3; round++) {
    const start = performance.now();
    work();
    result = Math.min(result, performance.now() - start);
  }
  return result;
}

/** MB that JavaScript's objects and buffers take. */
function memory(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
}

const [dist = '', ...flags] = process.argv.slice(2);
void main(dist, flags.includes('--quick'));
