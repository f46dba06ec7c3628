import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { layOver, type Overlay } from '../../../shared/src/picture/overlay.ts';
import { type ComparedRow, compareRecords, differs } from '../../../shared/src/scenario/compare.ts';
import { judge } from '../../../shared/src/scenario/judge.ts';
import { play } from '../../../shared/src/scenario/play.ts';
import type { VerifiedRun } from '../../../shared/src/scenario/verified.ts';
import { timeText } from '../../../shared/src/simulator/time-text.ts';
import { findKernel } from '../kernel-runner/find-kernel.ts';
import { integerOption, oneOf, readArguments } from './options.ts';
import { type RealRun, runOnKernel } from './run-on-kernel.ts';
import { isScenarioFile, type LoadedScenario, loadScenario } from './scenario-files.ts';
import { failureLines, sideBySide } from './scenario-report.ts';
import { terminalStyle, textWidth } from './style.ts';
import { UsageError } from './usage.ts';

/** Exit status of what Ctrl-C ended, as shells have it. */
const STOPPED = 130;
const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * `livepatch-ls verify`: plays scenarios on a real kernel in QEMU and on the simulator at the same times. Prints both to
 * stdout, progress to stderr. Returns the exit status: 0 when they agree and everything came as the scenarios say, else 1.
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
  if (positionals.length === 0) throw new UsageError('verify needs a FILE.');
  const other = positionals.find((file) => !isScenarioFile(file));
  if (other !== undefined) throw new UsageError(`${other} is no scenario: its name must end in .klpsim.json.`);
  if (values.headers !== undefined && values.kernel.length !== 1) {
    throw new UsageError('--headers goes with one --kernel.');
  }
  const limit = integerOption('--time-limit', values['time-limit'], 1, 86_400) * 1000;
  const scenarios: LoadedScenario[] = [];
  for (const file of positionals) scenarios.push(await loadScenario(file, wasmFolder));
  const cache = resolve(values.cache ?? cacheFolder());
  const stop = new AbortController();
  const interrupt = (): void => {
    // Who asks again has to wait, too: the guest and the temporary files would be left.
    if (!stop.signal.aborted) process.stderr.write('livepatch-ls: stopping\n');
    stop.abort();
  };
  // To the end of the process: its exit status is to say that it was stopped, however often it was asked to.
  for (const signal of INTERRUPTS) process.on(signal, interrupt);
  // Who started it with a channel, as the editor does, may be killed: nobody wants the result then.
  process.once('disconnect', interrupt);
  process.channel?.unref();
  try {
    const kernels =
      values.kernel.length > 0 ? values.kernel : [...new Set(scenarios.flatMap(({ scenario }) => scenario.kernels))];
    const results = new Map(scenarios.map((loaded): [LoadedScenario, VerifiedRun[]] => [loaded, []]));
    for (const wanted of kernels) {
      const progress = (text: string): void => void process.stderr.write(`${text}\n`);
      const options = { cache, limit, signal: stop.signal, progress };
      const headers = values.headers === undefined ? {} : { headers: values.headers };
      const kernel = await findKernel(wanted, { ...options, ...headers });
      const mine = scenarios.filter(({ scenario }) => values.kernel.length > 0 || scenario.kernels.includes(wanted));
      const runs = await runOnKernel(kernel, mine, options);
      for (const [index, loaded] of mine.entries()) {
        const run = runs[index];
        if (run) results.get(loaded)?.push(compareWithSimulator(loaded, wanted, run, format === 'pretty'));
      }
    }
    if (format === 'json') {
      for (const [{ scenario }, of] of results) {
        process.stdout.write(`${JSON.stringify({ title: scenario.title, results: of })}\n`);
      }
    }
    return [...results.values()].flat().every(({ agree, failures }) => agree && failures === 0) ? 0 : 1;
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    return STOPPED;
  }
}

/** Plays a scenario on the simulator as it went on a kernel, and prints both when `pretty`. */
function compareWithSimulator(
  loaded: LoadedScenario,
  wanted: string,
  { record: real, trace }: RealRun,
  pretty: boolean,
): VerifiedRun {
  const { scenario } = loaded;
  const { record: twin, trace: simulated } = play(scenario, {
    kernel: real.kernel,
    imageOf: loaded.imageOf,
    times: real.steps,
  });
  const blocks = compareRecords(scenario, real, twin);
  const tasks = [...scenario.tasks.keys()];
  const overTime = taskDifferences(layOver(simulated, trace, tasks));
  const differences = [...blocks.flatMap(({ rows }) => rows.filter(differs)), ...overTime];
  const judged = { real: judge(scenario, real), twin: judge(scenario, twin) };
  const failures = judged.real.failures.length + judged.twin.failures.length;
  if (pretty) {
    const style = terminalStyle(process.stdout, process.env);
    const verdict =
      differences.length === 0
        ? style.green('Simulator and kernel agree.')
        : style.red(`${differences.length} ${differences.length === 1 ? 'difference' : 'differences'}.`);
    const parts = [
      style.bold(scenario.title),
      sideBySide(blocks, real, style, textWidth(process.stdout)).trimEnd(),
      ...overTime.map(({ simulator, kernel }) => `simulator: ${simulator}\nLinux ${real.by}: ${kernel}`),
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
  return {
    kernel: wanted,
    release: real.by,
    agree: differences.length === 0,
    failures,
    differences,
    compared: blocks,
    broken: real.broken,
    tasks,
    simulated,
    real: trace,
  };
}

/** What tasks do otherwise, and when. */
function taskDifferences({ tasks, strangers }: Overlay): ComparedRow[] {
  const row = (who: string, simulator: string, kernel: string): ComparedRow => ({
    kind: 'over-time',
    simulator: `${who} ${simulator}`,
    kernel: `${who} ${kernel}`,
  });
  const named = tasks.flatMap(({ name, differences }) =>
    differences.map(({ from, to, simulator, kernel }) =>
      row(`${name}, ${timeText(from)} to ${timeText(to)}:`, simulator, kernel),
    ),
  );
  return [...named, ...strangers.map(({ comm, simulator, kernel }) => row(comm, simulator, kernel))];
}

/** Where fetched kernels and built modules are kept (https://specifications.freedesktop.org/basedir-spec). */
function cacheFolder(): string {
  const base = process.env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(homedir(), '.cache'), 'livepatch-ls');
}
