import { parentPort, workerData } from 'node:worker_threads';
import { type HostResult, hostResult, unreadableHost } from '../../../../shared/src/fleet/host-result.ts';
import type { PatchImage } from '../../../../shared/src/model/index.ts';
import { forecast } from '../../../../shared/src/simulator/forecast.ts';
import { readCapture } from '../../capture/read-capture.ts';
import { parseKernelVersion, simulatedKernel } from '../../kernel/version.ts';
import { recordingText } from '../../workspace/recording-text.ts';
import type { FleetItem } from './fleet-source.ts';

/** What every worker of a run has in common. */
export interface FleetJob {
  readonly image: PatchImage;
  readonly run: string;
  /** Null: that of each recording. */
  readonly kernel: string | null;
  readonly seeds: number;
}

const { image, run, kernel, seeds } = workerData as FleetJob;
const identity = { run, module: image.module };

parentPort?.on('message', (item: FleetItem) => {
  void answer(item).then((result) => parentPort?.postMessage(result));
});

/** One broken recording is a result like any other. */
async function answer(item: FleetItem): Promise<HostResult> {
  try {
    if ('error' in item) return unreadableHost(item.host, identity, item.error);
    return play(item.host, 'text' in item ? item.text : await recordingText(item.path));
  } catch (error) {
    return unreadableHost(item.host, identity, error instanceof Error ? error.message : String(error));
  }
}

function play(host: string, text: string): HostResult {
  const reading = readCapture(text);
  if (!reading.ok) return unreadableHost(host, identity, reading.error);
  const recorded = parseKernelVersion(reading.kernel);
  const warnings = [...reading.warnings];
  if (kernel === null && recorded === null) {
    return unreadableHost(
      host,
      identity,
      `Its kernel is "${reading.kernel}", which is no version: --kernel names one.`,
    );
  }
  const simulated = kernel ?? simulatedKernel(recorded ?? { major: 0, minor: 0 });
  const result = forecast(image, { kernel: simulated, workload: reading.workload, seeds });
  return hostResult(host, identity, reading.kernel, result, warnings);
}
