/**
 * The benchmarks: the bundled server as an editor sees it, beside servers that do less and beside clangd, on the same files
 * in the same run. Figures of one machine say little, so read the ratios.
 * `main.js DIST HERE KERNELS [--quick]` prints Markdown; DIST is the bundle's folder, HERE the benchmarks' own.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadReferenceKernel } from '../../server/src/workspace/reference-kernel.ts';
import { type EditTimes, editTimes } from './editing.ts';
import { generateModule } from './generated-module.ts';
import { growthWithRules, growthWithSize } from './growth.ts';
import { shown, table } from './measure.ts';
import { requestTimes } from './requests.ts';
import { type BenchServer, clangd, floors, ourServer, type Places, writeCompileFlags } from './servers.ts';
import { firstFindings } from './start.ts';

/** What is edited. The first is what the goals are for. */
const MODULES = [
  { title: 'Functions of four lines', shape: { functions: 500 } },
  { title: 'Functions with calls', shape: { functions: 100, calls: 16 } },
  { title: 'Thirty patches', shape: { functions: 300, patches: 30 } },
];

async function main(places: Places, quick: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'livepatch-bench-'));
  try {
    const other = clangd();
    const compiles = writeCompileFlags(folder, places);
    const servers = [ourServer(places), ...floors(places), ...(other ? [other.server] : [])];
    console.log(
      `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}. ` +
        (other ? `clangd ${other.version} ${compiles}.` : '**clangd is not installed: nothing stands beside ours.**') +
        ` Other programs kept ${(loadavg()[0] ?? 0).toFixed(1)} processors busy when it began.`,
    );
    const rounds = quick ? 1 : 15;
    console.log(`\n${await firstFindings(servers.slice(0, 3), folder, places.names, rounds)}`);
    for (const { title, shape } of quick ? MODULES.slice(0, 1) : MODULES) {
      // clangd takes so long that once is enough.
      const compared = shape === MODULES[0]?.shape ? servers : servers.slice(0, 3);
      console.log(`\n${await editing(title, compared, folder, generateModule(shape, places.names), quick ? 4 : 80)}`);
    }
    console.log(
      `\n${await requestTimes(ourServer(places), floors(places)[0] as BenchServer, folder, places.names, rounds)}`,
    );
    if (!quick) console.log(`\n${await growthWithSize(ourServer(places), folder, places.names)}`);
    if (!quick) console.log(`\n${await growthWithRules(places.dist, places.names)}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A key to findings, as a table: figures and how many times ours. */
async function editing(
  title: string,
  servers: readonly BenchServer[],
  folder: string,
  module: ReturnType<typeof generateModule>,
  keys: number,
): Promise<string> {
  const times = await editTimes(servers, folder, module, keys);
  const ours = times[0] as EditTimes;
  const figure = (time: EditTimes, key: 'open' | 'median' | 'p95' | 'memory', unit: string) =>
    time === ours ? shown(time[key], unit) : `${shown(time[key], unit)} (${(time[key] / ours[key]).toFixed(2)} ×)`;
  const rows = times.map((time) => [
    time.server,
    figure(time, 'median', 'ms'),
    figure(time, 'p95', 'ms'),
    figure(time, 'open', 'ms'),
    figure(time, 'memory', 'MB'),
  ]);
  return [
    `### A key to its findings: ${title.toLowerCase()}`,
    '',
    `${module.lines} lines, ${module.functions} functions; ${keys} keys all over the module. In brackets: how many times ours.`,
    '',
    table(['', 'Median', '95th percentile', 'Open to findings', 'Memory'], rows),
  ].join('\n');
}

/** Functions of the built-in reference kernel that return int and are there once: nothing is to be said of replacing them. */
async function replaceable(dist: string): Promise<string[]> {
  const kernel = await loadReferenceKernel(dist);
  const found = ['tcp_', 'udp_', 'ip_', 'sk_', 'net_'].flatMap((typed) => kernel.search(typed, null, 1000));
  const functions = found.filter(({ kind, traceable }) => kind === 'function' && traceable === true);
  return [...new Set(functions.map(({ name }) => name))].filter(
    (name) => kernel.prototype(name, null)?.returns === 'int' && kernel.lookup(name, null).length === 1,
  );
}

const [dist = '', here = '', kernels = '', ...flags] = process.argv.slice(2);
void replaceable(dist).then((names) => main({ dist, here, kernels, names }, flags.includes('--quick')));
