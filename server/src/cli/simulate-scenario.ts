import { judge } from '../../../shared/src/scenario/judge.ts';
import { play } from '../../../shared/src/scenario/play.ts';
import { loadScenario, placeIn } from './scenario-files.ts';
import { recordLog, scenarioReport } from './scenario-report.ts';
import { terminalStyle } from './style.ts';

/**
 * `livepatch-ls simulate F.klpsim.json`: plays it for each kernel that it is about, or for the one that is asked for.
 * Prints to stdout. Returns the exit status: 0 when everything came as the scenario says, else 1.
 */
export async function simulateScenario(
  file: string,
  options: { readonly format: 'pretty' | 'json' | 'log'; readonly kernel: string | null; readonly wasmFolder: string },
): Promise<number> {
  const loaded = await loadScenario(file, options.wasmFolder);
  const { scenario, lines } = loaded;
  const style = terminalStyle(process.stdout, process.env);
  const results = [];
  let failed = false;
  for (const kernel of options.kernel === null ? scenario.kernels : [options.kernel]) {
    const { trace, record } = play(scenario, { kernel, imageOf: loaded.imageOf });
    const judgement = judge(scenario, record);
    failed ||= judgement.failures.length > 0;
    if (options.format === 'log') process.stdout.write(recordLog(record));
    else if (options.format === 'pretty') process.stdout.write(scenarioReport(loaded, record, judgement, style));
    const failures = judgement.failures.map(({ step, source, message }) => ({
      step,
      place: placeIn(file, lines, source.start),
      message,
    }));
    results.push({ kernel, failures, record, trace });
  }
  if (options.format === 'json') process.stdout.write(`${JSON.stringify({ title: scenario.title, results })}\n`);
  return failed ? 1 : 0;
}
