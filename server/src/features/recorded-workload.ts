import { fileURLToPath } from 'node:url';
import type { RecordedWorkloadParams, RecordedWorkloadResult } from '../../../shared/src/protocol.ts';
import { readCapture } from '../capture/read-capture.ts';
import { parseKernelVersion, simulatedKernel } from '../kernel/version.ts';
import { recordingText } from '../workspace/recording-text.ts';

/** The machine in a recording; what is wrong with it otherwise. */
export async function recordedWorkload({ uri }: RecordedWorkloadParams): Promise<RecordedWorkloadResult> {
  let text: string;
  try {
    text = await recordingText(fileURLToPath(uri));
  } catch (error) {
    return { ok: false, why: error instanceof Error ? error.message : String(error) };
  }
  const reading = readCapture(text);
  if (!reading.ok) return { ok: false, why: reading.error };
  const version = parseKernelVersion(reading.kernel);
  if (!version) return { ok: false, why: `Its kernel is "${reading.kernel}", which is no version.` };
  return { ok: true, workload: reading.workload, kernel: simulatedKernel(version), warnings: reading.warnings };
}
