import type { Workload } from '../../../shared/src/simulator/workload.ts';
import type { Capture } from './capture-format.ts';
import { CaptureError } from './fields.ts';
import { parseCapture } from './parse-capture.ts';
import { taskGroups } from './task-groups.ts';

/** Kernels of Debian and most others. */
const USUAL_HZ = 250;

export type CaptureReading =
  /** `kernel` is the recorded machine's, as `uname -r` says it. Warnings are sentences for people. */
  | { readonly ok: true; readonly workload: Workload; readonly kernel: string; readonly warnings: readonly string[] }
  /** A sentence or two that say what is wrong with the text, and where. */
  | { readonly ok: false; readonly error: string };

/** Makes a workload of what capture.sh wrote. Never throws: the text may be anything. */
export function readCapture(json: string): CaptureReading {
  try {
    const { capture, warnings } = parseCapture(json);
    return workloadOf(capture, warnings);
  } catch (error) {
    if (error instanceof CaptureError) return { ok: false, error: error.message };
    throw error;
  }
}

function workloadOf(capture: Capture, warnings: string[]): CaptureReading {
  const cpus = capture.cpus.length > 0 ? capture.cpus : cpusOfTasks(capture);
  if (capture.cpus.length === 0) {
    warnings.push(
      `The recording does not say how many CPUs there were: ${cpus.length} are taken, from what its tasks use.`,
    );
  }
  if (!capture.hz) warnings.push(`The recording does not say CONFIG_HZ: ${USUAL_HZ} is taken.`);
  const cpuIndex = new Map(cpus.map((cpu, index) => [cpu, index]));
  const { groups, tasks, withoutStack, cameOrWent } = taskGroups(capture, cpuIndex);
  if (tasks === 0) return { ok: false, error: 'There are no tasks in the last sample of this recording.' };
  if (withoutStack > 0) {
    warnings.push(
      `${withoutStack} of ${tasks} tasks sleep on a stack that the recording does not have: they never block a transition here.`,
    );
  }
  if (capture.livepatches.length > 0) {
    warnings.push(
      `The recorded machine had livepatches loaded (${capture.livepatches.slice(0, 5).join(', ')}): the simulation begins without them.`,
    );
  }
  if (cameOrWent > 0) {
    warnings.push(
      `${counted(cameOrWent, 'task')} came or went between the samples: in the simulation those of the last sample stay.`,
    );
  }
  const machine = capture.machine === '' ? '' : ` (${capture.machine})`;
  const workload: Workload = {
    id: 'capture',
    title: `machine recorded on Linux ${capture.kernel}, ${counted(cpus.length, 'CPU')}`,
    description: `${counted(tasks, 'task')}, recorded at ${capture.captured} on Linux ${capture.kernel}${machine}.`,
    cpus: cpus.length,
    hz: capture.hz || USUAL_HZ,
    nohzFullCpus: capture.nohzFull.flatMap((cpu) => cpuIndex.get(cpu) ?? []),
    modules: [...new Set(capture.modules)],
    tasks: groups,
  };
  return { ok: true, workload, kernel: capture.kernel, warnings };
}

const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function cpusOfTasks(capture: Capture): number[] {
  const cpus = new Set(capture.samples.flatMap(({ tasks }) => tasks.flatMap((task) => task.cpus)));
  return cpus.size === 0 ? [0] : [...cpus].sort((a, b) => a - b);
}
