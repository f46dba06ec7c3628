import { readFile, stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { RecordedWorkloadParams, RecordedWorkloadResult } from '../../../shared/src/protocol.ts';
import { readCapture } from '../capture/read-capture.ts';
import { parseKernelVersion, simulatedKernel } from '../kernel/version.ts';

/** As on the command line: larger than a recording of 100,000 tasks. */
const MAX_BYTES = 256_000_000;

/** The machine in a recording; what is wrong with it otherwise. */
export async function recordedWorkload({ uri }: RecordedWorkloadParams): Promise<RecordedWorkloadResult> {
  let text: string;
  try {
    const path = fileURLToPath(uri);
    const { size } = await stat(path);
    if (size > MAX_BYTES) return { ok: false, why: `It has ${size} bytes; more than ${MAX_BYTES} are not read.` };
    text = await readFile(path, 'utf8');
  } catch (error) {
    return { ok: false, why: `It can't be read: ${error instanceof Error ? error.message : String(error)}` };
  }
  const reading = readCapture(text);
  if (!reading.ok) return { ok: false, why: reading.error };
  const version = parseKernelVersion(reading.kernel);
  if (!version) return { ok: false, why: `Its kernel is "${reading.kernel}", which is no version.` };
  return { ok: true, workload: reading.workload, kernel: simulatedKernel(version), warnings: reading.warnings };
}
