import type { PatchImage } from '../../../shared/src/model/index.ts';
import { forecast } from '../../../shared/src/simulator/forecast.ts';
import { simulate } from '../../../shared/src/simulator/simulate.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import type { Workload } from '../../../shared/src/simulator/workload.ts';
import { DEFAULT_KERNEL_VERSION } from '../kernel/version.ts';
import { FLEET_FORMATS, simulateFleet } from './fleet/simulate-fleet.ts';
import { integerOption, kernelOption, oneOf, readArguments, seedOption } from './options.ts';
import { patchOfFile } from './patch-of-file.ts';
import { isScenarioFile } from './scenario-files.ts';
import { kernelLog, prettyForecast } from './simulate-report.ts';
import { SCENARIO_FORMATS, simulateScenarios } from './simulate-scenario.ts';
import { terminalStyle, textWidth } from './style.ts';
import { UsageError } from './usage.ts';
import { workloadOption } from './workload-option.ts';

const MAX_SEEDS = 1000;

/** `livepatch-ls simulate`. Prints to stdout. Returns the exit status. */
export async function simulateCommand(args: readonly string[], wasmFolder: string): Promise<number> {
  const { values, positionals } = readArguments(args, {
    format: { type: 'string', default: 'pretty' },
    kernel: { type: 'string' },
    workload: { type: 'string' },
    seed: { type: 'string' },
    seeds: { type: 'string' },
    patch: { type: 'string' },
    fleet: { type: 'string', multiple: true },
    results: { type: 'string' },
    jobs: { type: 'string' },
  });
  const [file] = positionals;
  if (file === undefined) throw new UsageError('simulate needs a FILE.');
  if (values.kernel !== undefined) kernelOption('--kernel', values.kernel);
  if (values.fleet !== undefined) {
    if (positionals.length > 1) throw new UsageError('simulate --fleet needs one FILE: the livepatch.');
    refuseOptions(values, ['workload', 'seed'], 'a fleet: its recordings are the machines');
    return simulateFleet({
      image: await patchOfFile(file, values.patch, wasmFolder),
      fleet: values.fleet,
      results: values.results ?? null,
      jobs: values.jobs ?? null,
      kernel: values.kernel ?? null,
      seeds: integerOption('--seeds', values.seeds ?? '10', 1, MAX_SEEDS),
      format: oneOf('--format', values.format, FLEET_FORMATS),
      wasmFolder,
    });
  }
  refuseOptions(values, ['results', 'jobs'], 'a single machine: it belongs to --fleet');
  if (positionals.every(isScenarioFile)) {
    refuseOptions(values, ['workload', 'seed', 'seeds', 'patch'], 'scenarios: the file says what is simulated');
    const format = oneOf('--format', values.format, SCENARIO_FORMATS);
    return simulateScenarios(positionals, { format, kernel: values.kernel ?? null, wasmFolder });
  }
  if (positionals.length > 1) throw new UsageError('simulate needs one FILE. Only scenarios may be several.');
  const format = oneOf('--format', values.format, ['pretty', 'json', 'log']);
  const kernel = values.kernel ?? DEFAULT_KERNEL_VERSION;
  const workload = await workloadOption(values.workload, kernel);
  const seed = values.seed === undefined ? null : seedOption(values.seed);
  const seeds = integerOption('--seeds', values.seeds ?? '50', 1, MAX_SEEDS);

  const image = await patchOfFile(file, values.patch, wasmFolder);
  if (format === 'pretty') {
    const style = terminalStyle(process.stdout, process.env);
    const result = forecast(image, { kernel, workload, seeds });
    const trace = seed === null ? result.typical : runOf(image, kernel, workload, seed);
    process.stdout.write(prettyForecast(image, result, trace, style, textWidth(process.stdout)));
  } else {
    const trace = runOf(image, kernel, workload, seed ?? 1);
    process.stdout.write(format === 'json' ? `${JSON.stringify(trace)}\n` : kernelLog(trace));
  }
  return 0;
}

function refuseOptions(values: Readonly<Record<string, unknown>>, names: readonly string[], not: string): void {
  const given = names.find((name) => values[name] !== undefined);
  if (given !== undefined) throw new UsageError(`--${given} is not for ${not}.`);
}

function runOf(image: PatchImage, kernel: string, workload: Workload, seed: number): Trace {
  return simulate({ kernel, workload, seed, steps: [{ at: 0, do: 'load', image }] });
}
