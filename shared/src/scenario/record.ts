import { ERRNO } from './errno-names.ts';

/**
 * What one kernel, or the simulator, did with a scenario: the same form for both, so that expectations are judged and
 * sides are compared without knowing which it was. Plain JSON. Times are microseconds since the first step.
 */
export interface ScenarioRecord {
  /** `6.12`. */
  readonly kernel: string;
  /** Who did it: `simulator`, or `uname -r`. */
  readonly by: string;
  /** Why it did not come to the end, for people; null when it did. */
  readonly broken: string | null;
  /** One for each step of the scenario that was reached. */
  readonly steps: readonly StepRecord[];
}

export interface StepRecord {
  readonly at: number;
  /** When it was over; for a waiting without the two seconds more. */
  readonly until: number;
  readonly errno: number;
  /** Lines of kernel/livepatch, and `MODULE: callback NAME OBJECT`, until the next step. */
  readonly log: readonly string[];
  /** /sys/kernel/livepatch before the next step: files and directories, these and unreadable ones with an empty value. */
  readonly sysfs: Readonly<Record<string, string>>;
  readonly tasks: readonly TaskRecord[];
}

export interface TaskRecord {
  readonly name: string;
  readonly patchState: number;
  /** Innermost first; of the simulator only while the task is held up. */
  readonly stack: readonly string[];
  /** Its system calls that returned EINTR so far. */
  readonly eintr: number;
}

export const TIMED_OUT = -ERRNO.ETIMEDOUT;

/** Whether a line of the kernel's log is recorded. The line that each look at a task gives is not: there are hundreds. */
export function isTold(line: string): boolean {
  return (
    (line.startsWith('livepatch: ') && !line.startsWith('livepatch: klp_try_switch_task: ')) || CALLBACK.test(line)
  );
}

const CALLBACK = /^\w+: callback (\w+) (\w+)$/;

/** `pre_patch vmlinux` for a line that a callback printed; null for others. */
export function callbackIn(line: string): string | null {
  const match = CALLBACK.exec(line);
  return match ? `${match[1]} ${match[2]}` : null;
}

/** The named tasks that hold up the transition that is under way, with their stacks. */
export function blockedTasks({ sysfs, tasks }: StepRecord): TaskRecord[] {
  const moving = Object.keys(sysfs).find((path) => path.endsWith('/transition') && sysfs[path] === '1');
  if (moving === undefined) return [];
  const target = Number(sysfs[moving.replace(/transition$/, 'enabled')]);
  return tasks.filter(({ patchState }) => patchState !== -1 && patchState !== target);
}
