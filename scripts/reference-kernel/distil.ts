/**
 * Writes data/reference-kernel: boots Debian's 6.12 cloud kernel and distils what it tells of itself.
 * `distil.js ROOT CACHE`.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { EXAMPLE_NAMES } from '../../server/src/analysis/rules/example-kernel.ts';
import { Btf } from '../../server/src/kernel/btf.ts';
import { symbolsFrom } from '../../server/src/kernel/knowledge-from.ts';
import { type ModuleFile, moduleTypes } from '../../server/src/kernel/module-file.ts';
import { builtInModules, markSymvers, readSymvers } from '../../server/src/kernel/read-symvers.ts';
import { encodeReference } from '../../server/src/kernel/reference-format.ts';
import { traceableNames } from '../../server/src/kernel/reference-kernel.ts';
import { encodeTypes, type TypedFunctions } from '../../server/src/kernel/reference-types.ts';
import type { SymbolTable } from '../../server/src/kernel/symbol-table.ts';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import { readGuestFiles } from '../../server/src/kernel-runner/guest-files.ts';
import { findModuleFiles, loadModuleFile } from '../../server/src/workspace/module-files.ts';

const VERSION = '6.12';
const KALLSYMS = '/proc/kallsyms';
/** The list with addresses: it tells functions of one name apart. */
const FILTER = '/sys/kernel/tracing/available_filter_functions_addrs';
const BTF = '/sys/kernel/btf/vmlinux';

/** Modules whose symbols are taken: those that livepatches were published for, and other common ones. */
const MODULES = [
  'bridge cifs dm_mod iscsi_tcp kvm loop nbd nf_conntrack nf_tables nfsd overlay raid1 sctp sunrpc tls tun',
  'veth vhost vhost_net virtio_net vsock vxlan wireguard x_tables xfs zram rational',
].flatMap((names) => names.split(' '));

/** Structures of which the layout is taken: those that most functions have a pointer to, and those that examples name. */
const STRUCTURES = 1500;

/** The two files together may have this much. Bytes. */
const LARGEST = 700_000;

/**
 * Data that macros and the compiler name by themselves, a name for each use: nobody patches it, no function is called so,
 * and it would be a quarter of the file.
 */
const MADE_NAMES =
  /^(?:__ksymtab_|__kstrtab|__UNIQUE_ID|__func__|__already_done|_rs\.|___tp_str|__key|event_|__event_|__tpstrtab|__SCK__tp_func_|print_fmt|trace_event_|__addressable|__initcall|__p_|_eil_addr|__syscall_meta|types_|args_|__param|__setup|__exitcall|__crc|__bpf_raw_tp_map)|\.\d+$/;

async function main(root: string, cache: string): Promise<void> {
  const kernel = await findKernel(VERSION, { cache, progress: console.log });
  console.log(`Booting ${kernel.release}`);
  const files = await readGuestFiles(kernel, [KALLSYMS, FILTER, BTF], { cache });
  const { tables: read, problems } = symbolsFrom({ kallsyms: files.get(KALLSYMS), filterFunctions: files.get(FILTER) });
  const vmlinux = read.get(null);
  const btf = Btf.read(files.get(BTF) ?? new Uint8Array());
  if (!vmlinux || problems.length > 0) throw new Error(problems.map(({ message }) => message).join(' '));
  if (typeof btf === 'string') throw new Error(btf);
  const modules = await findModuleFiles(kernel.modules);
  if (typeof modules === 'string') throw new Error(modules);
  const tables = new Map<string | null, SymbolTable>([[null, vmlinux]]);
  const { exports } = readSymvers(await readFile(join(kernel.build, 'Module.symvers'), 'utf8'));
  markSymvers(exports, tables);
  const names = traceableNames(vmlinux, null);
  const functions: TypedFunctions[] = [{ names, types: btf }];
  for (const name of [...MODULES].sort()) {
    const file = await moduleFile(name, modules.files.get(name));
    tables.set(name, file.table);
    functions.push({ names: traceableNames(file.table, name), types: moduleTypes(file, btf) });
  }

  const about = {
    label: `Debian ${kernel.release.replace(/\+.*$/, '')}`,
    release: kernel.release,
    modules: [...modules.files.keys()].sort(),
    builtIn: [...builtInModules(modules.builtIn ?? '')].sort(),
  };
  const symbols = encodeReference(tables, about, (table, symbol, name) => {
    return table.isFunction(symbol) || !MADE_NAMES.test(name);
  });
  const types = encodeTypes(functions, [...new Set([...commonStructures(names, btf), ...EXAMPLE_NAMES.structures])]);
  const folder = join(root, 'data', 'reference-kernel');
  await mkdir(folder, { recursive: true });
  const written = [compressed('symbols.br', symbols), compressed('types.br', types)];
  if (written.reduce((sum, { bytes }) => sum + bytes.length, 0) > LARGEST) throw new Error('That is too much.');
  for (const { name, bytes } of written) await writeFile(join(folder, name), bytes);
}

async function moduleFile(name: string, path: string | undefined): Promise<ModuleFile> {
  if (path === undefined) throw new Error(`There is no module ${name}.`);
  const file = await loadModuleFile(path);
  if (typeof file === 'string') throw new Error(`${path}: ${file}`);
  return file;
}

function commonStructures(functions: readonly string[], types: Btf): string[] {
  const uses = new Map<string, number>();
  for (const name of functions) {
    const prototype = types.prototype(name);
    for (const type of prototype ? [prototype.returns, ...prototype.parameters.map((each) => each.type)] : []) {
      const structure = /\b(?:struct|union) (\w+)/.exec(type)?.[1];
      if (structure !== undefined) uses.set(structure, (uses.get(structure) ?? 0) + 1);
    }
  }
  return [...uses]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, STRUCTURES)
    .map(([name]) => name);
}

function compressed(name: string, bytes: Uint8Array): { name: string; bytes: Uint8Array } {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  const result = brotliCompressSync(bytes, { params });
  console.log(`${name}: ${bytes.length} bytes, compressed ${result.length}`);
  return { name, bytes: result };
}

const [root = '', cache = ''] = process.argv.slice(2);
await main(root, cache);
