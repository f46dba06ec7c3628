import type { Recording } from './recording.ts';

/** How far a kernel and the simulator agree on one scenario. */
export interface Comparison {
  readonly steps: number;
  readonly logLines: number;
  readonly sysfsEntries: number;
  readonly patchStates: number;
  /** Each in a line; empty when they agree. */
  readonly differences: readonly string[];
}

/**
 * Compares step by step: errno, log lines with their order, /sys/kernel/livepatch and each task's patch_state and EINTRs
 * (these after steps that wait: between others the kernel needs time for what the simulator does at once).
 */
export function compare(real: Recording, twin: Recording): Comparison {
  const differences: string[] = [];
  const counts = { logLines: 0, sysfsEntries: 0, patchStates: 0 };
  real.steps.forEach((step, index) => {
    const other = twin.steps[index];
    const place = `${index + 1} ${step.step}`;
    if (!other) {
      differences.push(`${place}: not played`);
      return;
    }
    if (step.errno !== other.errno && step.step !== 'settle') {
      differences.push(`${place}: errno ${step.errno}, twin ${other.errno}`);
    }
    counts.logLines += step.log.length;
    if (!WAITS.test(step.step)) return;
    counts.sysfsEntries += Object.keys(step.sysfs).length;
    differences.push(...compareTrees(step.sysfs, other.sysfs).map((text) => `${place}: ${text}`));
    for (const task of step.tasks) {
      counts.patchStates++;
      const twinTask = other.tasks.find(({ name }) => name === task.name);
      if (task.patchState !== twinTask?.patchState) {
        differences.push(`${place}: patch_state of ${task.name} is ${task.patchState}, twin ${twinTask?.patchState}`);
      }
      if (task.eintr !== twinTask?.eintr) {
        differences.push(`${place}: ${task.name} got EINTR ${task.eintr} times, twin ${twinTask?.eintr}`);
      }
    }
  });
  for (const { place, from, to } of blocks(real)) {
    const log = (recording: Recording) => recording.steps.slice(from, to).flatMap((step) => step.log);
    differences.push(...compareLogs(log(real), log(twin)).map((text) => `${place}: ${text}`));
  }
  return { steps: real.steps.length, ...counts, differences };
}

const WAITS = /^(?:settle|wait)/;

/**
 * An action and the waiting behind it. Within one the log's order counts, and not what came before the action returned:
 * the first pass over all tasks may have to be repeated because some kernel thread happened to run.
 */
function blocks(recording: Recording): { place: string; from: number; to: number }[] {
  const found: { place: string; from: number; to: number }[] = [];
  recording.steps.forEach(({ step }, index) => {
    const last = found.at(-1);
    if (last && WAITS.test(step)) last.to = index + 1;
    else found.push({ place: `${index + 1} ${step}`, from: index, to: index + 1 });
  });
  return found;
}

function compareLogs(real: readonly string[], twin: readonly string[]): string[] {
  const length = Math.max(real.length, twin.length);
  for (let i = 0; i < length; i++) {
    if (real[i] === twin[i]) continue;
    return [`log line ${i + 1} is ${quoted(real[i])}, twin ${quoted(twin[i])}`];
  }
  return [];
}

function compareTrees(real: Readonly<Record<string, string>>, twin: Readonly<Record<string, string>>): string[] {
  const paths = [...new Set([...Object.keys(real), ...Object.keys(twin)])].sort();
  return paths
    .filter((path) => real[path] !== twin[path])
    .map((path) => `${path} is ${quoted(real[path])}, twin ${quoted(twin[path])}`);
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'not there' : `"${text}"`;
}
