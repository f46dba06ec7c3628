import { judge } from '../../../shared/src/scenario/judge.ts';
import { play } from '../../../shared/src/scenario/play.ts';
import { junitReport, type ScenarioCase, type ScenarioSuite } from './junit-report.ts';
import { type LoadedScenario, loadScenario, placeIn } from './scenario-files.ts';
import { recordLog, scenarioReport } from './scenario-report.ts';
import { terminalStyle } from './style.ts';
import { UsageError } from './usage.ts';

export const SCENARIO_FORMATS = ['pretty', 'json', 'log', 'junit'] as const;

export interface ScenarioOptions {
  readonly format: (typeof SCENARIO_FORMATS)[number];
  /** Null: those that the scenario is about. */
  readonly kernel: string | null;
  readonly wasmFolder: string;
}

/**
 * `livepatch-ls simulate F.klpsim.json…`: plays each for each kernel that it is about, or for the one that is asked for.
 * Prints to stdout. Returns the exit status: 0 when everything came as the scenarios say, else 1. A file with mistakes
 * ends it; in a report for CI it is an error among the others.
 */
export async function simulateScenarios(files: readonly string[], options: ScenarioOptions): Promise<number> {
  const suites: ScenarioSuite[] = [];
  let failed = false;
  for (const file of files) {
    let loaded: LoadedScenario;
    try {
      loaded = await loadScenario(file, options.wasmFolder);
    } catch (error) {
      if (!(error instanceof UsageError) || options.format !== 'junit') throw error;
      suites.push({ file, cases: [unplayed(file, error.message)] });
      failed = true;
      continue;
    }
    const results = playOnKernels(loaded, options);
    failed ||= results.some(({ failures }) => failures.length > 0);
    if (options.format === 'json') {
      process.stdout.write(`${JSON.stringify({ title: loaded.scenario.title, results })}\n`);
    }
    suites.push({
      file,
      cases: results.map(({ kernel, failures, record, trace }) => ({
        title: loaded.scenario.title,
        kernel,
        time: trace.end,
        failures,
        log: recordLog(record),
        error: null,
      })),
    });
  }
  if (options.format === 'junit') process.stdout.write(junitReport(suites));
  return failed ? 1 : 0;
}

function playOnKernels(loaded: LoadedScenario, options: ScenarioOptions) {
  const { scenario, lines, file } = loaded;
  const style = terminalStyle(process.stdout, process.env);
  return (options.kernel === null ? scenario.kernels : [options.kernel]).map((kernel) => {
    const { trace, record } = play(scenario, { kernel, imageOf: loaded.imageOf });
    const judgement = judge(scenario, record);
    if (options.format === 'log') process.stdout.write(recordLog(record));
    else if (options.format === 'pretty') process.stdout.write(scenarioReport(loaded, record, judgement, style));
    const failures = judgement.failures.map(({ source, ...failure }) => ({
      ...failure,
      place: placeIn(file, lines, source.start),
    }));
    return { kernel, failures, record, trace };
  });
}

const unplayed = (file: string, error: string): ScenarioCase => ({
  title: file,
  kernel: null,
  time: 0,
  failures: [],
  log: '',
  error,
});
