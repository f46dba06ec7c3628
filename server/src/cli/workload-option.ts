import type { Workload } from '../../../shared/src/simulator/workload.ts';
import { PRESETS, workloadById } from '../../../shared/src/simulator/workloads/index.ts';
import { readCapture } from '../capture/read-capture.ts';
import { compareVersions, parseKernelVersion } from '../kernel/version.ts';
import { recordingText } from '../workspace/recording-text.ts';
import { UsageError } from './usage.ts';

/**
 * The machine that `--workload` names: a preset, or a file that the capture script wrote. Says on stderr what is missing in
 * that.
 *
 * @param value undefined: the option was not given
 * @param kernel the version that is simulated: a recording of another one gets a warning
 */
export async function workloadOption(value: string | undefined, kernel: string): Promise<Workload> {
  const chosen = value ?? 'web-server';
  return workloadById(chosen, kernel) ?? (await recorded(chosen, kernel));
}

async function recorded(file: string, kernel: string): Promise<Workload> {
  const reading = readCapture(await textOf(file));
  if (!reading.ok) throw new UsageError(`${file} can't be used as a workload. ${reading.error}`);
  const { workload, warnings } = reading;
  const warn = (text: string): boolean => process.stderr.write(`livepatch-ls: ${file}: ${text}\n`);
  for (const warning of warnings) warn(warning);
  if (!sameSeries(reading.kernel, kernel)) {
    warn(
      `The stacks are of Linux ${reading.kernel}, the simulated kernel is ${kernel}: functions may have other names there.`,
    );
  }
  return workload;
}

async function textOf(file: string): Promise<string> {
  const ids = PRESETS.map(({ id }) => id).join(', ');
  return recordingText(file).catch((error: Error) => {
    throw new UsageError(`--workload is "${file}"; it can be ${ids}, or a recording. ${error.message}`);
  });
}

function sameSeries(recorded: string, simulated: string): boolean {
  const [a, b] = [recorded, simulated].map((text) => parseKernelVersion(text.split('.').slice(0, 2).join('.')));
  return a !== null && a !== undefined && b !== null && b !== undefined && compareVersions(a, b) === 0;
}
