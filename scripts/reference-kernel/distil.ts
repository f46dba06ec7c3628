/**
 * Writes data/reference-kernel: boots Debian's 6.12 cloud kernel and distils what it tells of itself.
 * `distil.js ROOT CACHE`.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { symbolsFrom } from '../../server/src/kernel/knowledge-from.ts';
import { encodeReference } from '../../server/src/kernel/reference-format.ts';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import { readGuestFiles } from '../../server/src/kernel-runner/guest-files.ts';

const VERSION = '6.12';
const KALLSYMS = '/proc/kallsyms';
const FILTER = '/sys/kernel/tracing/available_filter_functions';

/**
 * Data that macros and the compiler name by themselves, a name for each use: nobody patches it, no function is called so,
 * and it would be a quarter of the file.
 */
const MADE_NAMES =
  /^(?:__ksymtab_|__kstrtab|__UNIQUE_ID|__func__|__already_done|_rs\.|___tp_str|__key|event_|__event_|__tpstrtab|__tracepoint_|__SCK__|print_fmt|trace_event_|__addressable|__initcall|__p_|_eil_addr|__syscall_meta|types_|args_|__param|__setup|__exitcall|__crc|__bpf_raw_tp_map)|\.\d+$/;

async function main(root: string, cache: string): Promise<void> {
  const kernel = await findKernel(VERSION, { cache, progress: console.log });
  console.log(`Booting ${kernel.release}`);
  const files = await readGuestFiles(kernel, [KALLSYMS, FILTER], { cache });
  const { tables, problems } = symbolsFrom({ kallsyms: files.get(KALLSYMS), filterFunctions: files.get(FILTER) });
  const table = tables.get(null);
  if (!table || problems.length > 0) throw new Error(problems.map(({ message }) => message).join(' '));
  const label = `Debian ${kernel.release.replace(/\+.*$/, '')}`;
  const symbols = encodeReference(table, label, kernel.release, (symbol, name) => {
    return table.isFunction(symbol) || !MADE_NAMES.test(name);
  });
  const folder = join(root, 'data', 'reference-kernel');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'symbols.br'), compressed(symbols));
}

function compressed(bytes: Uint8Array): Uint8Array {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  const result = brotliCompressSync(bytes, { params });
  console.log(`${bytes.length} bytes, compressed ${result.length}`);
  return result;
}

const [root = '', cache = ''] = process.argv.slice(2);
await main(root, cache);
