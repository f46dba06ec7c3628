import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, isAbsolute, join, resolve } from 'node:path';
import { compareRecords, differs } from '../../../shared/src/scenario/compare.ts';
import { judge } from '../../../shared/src/scenario/judge.ts';
import { play } from '../../../shared/src/scenario/play.ts';
import { buildModules } from '../kernel-runner/build-modules.ts';
import { findKernel, type Kernel } from '../kernel-runner/find-kernel.ts';
import type { GuestFile } from '../kernel-runner/guest-image.ts';
import { runPlans } from '../kernel-runner/run-plans.ts';
import { progressText, scenarioPlan, scenarioRecord } from '../kernel-runner/scenario-plan.ts';
import { integerOption, oneOf, readArguments } from './options.ts';
import { isScenarioFile, kbuildFiles, type LoadedScenario, loadScenario } from './scenario-files.ts';
import { failureLines, sideBySide } from './scenario-report.ts';
import { terminalStyle, textWidth } from './style.ts';
import { UsageError } from './usage.ts';

/** Exit status of what Ctrl-C ended, as shells have it. */
const STOPPED = 130;
const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * `livepatch-ls verify`: plays a scenario on a real kernel in QEMU and on the simulator at the same times. Prints both to
 * stdout, progress to stderr. Returns the exit status: 0 when they agree and everything came as the scenario says, else 1.
 */
export async function verify(args: readonly string[], wasmFolder: string): Promise<number> {
  const { values, positionals } = readArguments(args, {
    format: { type: 'string', default: 'pretty' },
    kernel: { type: 'string', multiple: true, default: [] },
    headers: { type: 'string' },
    'time-limit': { type: 'string', default: '600' },
    cache: { type: 'string' },
  });
  const format = oneOf('--format', values.format, ['pretty', 'json']);
  const [file] = positionals;
  if (file === undefined || positionals.length > 1) throw new UsageError('verify needs one FILE.');
  if (!isScenarioFile(file)) throw new UsageError(`${file} is no scenario: its name must end in .klpsim.json.`);
  const limit = integerOption('--time-limit', values['time-limit'], 1, 86_400) * 1000;
  const loaded = await loadScenario(file, wasmFolder);
  const wanted = values.kernel.length > 0 ? values.kernel : loaded.scenario.kernels;
  if (values.headers !== undefined && wanted.length !== 1) {
    throw new UsageError('--headers goes with one --kernel.');
  }
  const cache = resolve(values.cache ?? cacheFolder());
  const stop = new AbortController();
  const interrupt = (): void => {
    process.stderr.write('livepatch-ls: stopping\n');
    stop.abort();
  };
  for (const signal of INTERRUPTS) process.once(signal, interrupt);
  try {
    const results: VerifyResult[] = [];
    for (const kernel of wanted) {
      const options = { cache, limit, signal: stop.signal, ...(values.headers ? { headers: values.headers } : {}) };
      results.push(await verifyOn(kernel, loaded, options, format === 'pretty'));
    }
    if (format === 'json') process.stdout.write(`${JSON.stringify({ title: loaded.scenario.title, results })}\n`);
    return results.every(({ agree, failures }) => agree && failures === 0) ? 0 : 1;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return STOPPED;
  } finally {
    for (const signal of INTERRUPTS) process.off(signal, interrupt);
  }
}

interface VerifyResult {
  readonly kernel: string;
  readonly release: string;
  readonly agree: boolean;
  /** Of expectations, on both sides together. */
  readonly failures: number;
  readonly differences: readonly {
    readonly kind: string;
    readonly simulator: string | null;
    readonly kernel: string | null;
  }[];
}

interface VerifyOptions {
  readonly cache: string;
  readonly headers?: string;
  /** Milliseconds that the guest may take. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

async function verifyOn(
  wanted: string,
  loaded: LoadedScenario,
  options: VerifyOptions,
  pretty: boolean,
): Promise<VerifyResult> {
  const { scenario } = loaded;
  const style = terminalStyle(process.stdout, process.env);
  const progress = (text: string): void => void process.stderr.write(`${text}\n`);
  const { cache, limit, signal } = options;
  const kernel = await findKernel(wanted, { ...options, progress });
  const files = await builtModules(kernel, loaded, cache, signal, progress);
  progress(`Booting Linux ${kernel.release}`);
  const plan = scenarioPlan(basename(loaded.file, '.klpsim.json'), scenario);
  const onReport = (line: string): void => {
    const text = progressText(scenario, line);
    if (text !== null) progress(text);
  };
  const [result] = await runPlans(kernel, [plan], files, { cache, limit, signal, onReport });
  if (!result) throw new Error('The kernel did nothing.');
  const real = scenarioRecord(scenario, kernel.version, result);
  const { record: twin } = play(scenario, { kernel: kernel.version, imageOf: loaded.imageOf, times: real.steps });
  const blocks = compareRecords(scenario, real, twin);
  const differences = blocks.flatMap(({ rows }) => rows.filter(differs));
  const judged = { real: judge(scenario, real), twin: judge(scenario, twin) };
  const failures = judged.real.failures.length + judged.twin.failures.length;
  if (pretty) {
    const verdict =
      differences.length === 0
        ? style.green('Simulator and kernel agree.')
        : style.red(`${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}.`);
    const parts = [
      style.bold(scenario.title),
      sideBySide(blocks, real, style, textWidth(process.stdout)).trimEnd(),
      ...(judged.real.failures.length > 0
        ? [`On the kernel:\n${failureLines(loaded, judged.real.failures, style).join('\n')}`]
        : []),
      ...(judged.twin.failures.length > 0
        ? [`On the simulator:\n${failureLines(loaded, judged.twin.failures, style).join('\n')}`]
        : []),
      ...judged.real.notes.map((note) => `note: ${note}`),
      `${verdict}${failures === 0 ? ' Everything came as expected.' : ''}`,
    ];
    process.stdout.write(`${parts.join('\n\n')}\n`);
  }
  return { kernel: wanted, release: kernel.release, agree: differences.length === 0, failures, differences };
}

async function builtModules(
  kernel: Kernel,
  loaded: LoadedScenario,
  cache: string,
  signal: AbortSignal,
  progress: (text: string) => void,
): Promise<GuestFile[]> {
  const sources = [...loaded.sources].map(([name, files]) => ({ name, files: kbuildFiles(name, files) }));
  const built = await buildModules(kernel, sources, { cache, progress, signal });
  const files: GuestFile[] = [];
  for (const [name, result] of built) {
    if (!result.ok) throw new UsageError(`${name} can't be built for ${kernel.release}:\n${result.errors.trim()}`);
    files.push({ path: `/modules/${name}.ko`, content: await readFile(result.ko) });
  }
  return files;
}

/** Where fetched kernels and built modules are kept (https://specifications.freedesktop.org/basedir-spec). */
function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(homedir(), '.cache'), 'livepatch-ls');
}
