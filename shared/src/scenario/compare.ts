import { errnoName } from './errno-names.ts';
import { callbackIn, type ScenarioRecord, type StepRecord } from './record.ts';
import { type Scenario, stepText } from './scenario.ts';

/** An action and the waiting behind it, on both sides. */
export interface ComparedBlock {
  /** Places of its steps, the first inclusive, the last exclusive. */
  readonly from: number;
  readonly to: number;
  /** Place of the waiting after which sysfs and tasks were compared; null when there was none. */
  readonly looked: number | null;
  readonly rows: readonly ComparedRow[];
}

export interface CompareOptions {
  /** Every module prints which of its callbacks run. Absent: they do when the kernel's log has one such line. */
  readonly callbacksAreTold?: boolean;
}

/** One thing, side by side; null: it is not there. */
export interface ComparedRow {
  /** `over-time`: what a task does in a stretch of time, which only traces tell (shared/src/picture/overlay.ts). */
  readonly kind: 'result' | 'log' | 'sysfs' | 'task' | 'over-time';
  readonly simulator: string | null;
  readonly kernel: string | null;
}

export const differs = ({ simulator, kernel }: ComparedRow): boolean => simulator !== kernel;

/**
 * Puts what the simulator and a kernel did side by side: results of steps, the log in its order, and after a waiting
 * /sys/kernel/livepatch and each task's patch_state and EINTRs (before, the kernel still does what the simulator does at
 * once). Within a block the log's order counts; where a step ends in it does not. Of sysfs and tasks only those that
 * differ have a row.
 */
export function compareRecords(
  scenario: Scenario,
  kernel: ScenarioRecord,
  simulator: ScenarioRecord,
  { callbacksAreTold }: CompareOptions = {},
): ComparedBlock[] {
  const tellsCallbacks =
    callbacksAreTold ?? kernel.steps.some(({ log }) => log.some((line) => callbackIn(line) !== null));
  const logOf = (record: ScenarioRecord, from: number, to: number): string[] =>
    record.steps
      .slice(from, to)
      .flatMap(({ log }) => log)
      .filter((line) => tellsCallbacks || callbackIn(line) === null);
  return blocks(scenario).map(({ from, to }) => {
    const rows: ComparedRow[] = [];
    for (let place = from; place < to; place++) {
      const step = scenario.steps[place];
      if (!step || step.do === 'expect' || step.do === 'wait') continue;
      const result = (record: ScenarioRecord): string => {
        const done = record.steps[place];
        return `${stepText(step)}: ${done ? errnoName(done.errno) : 'not reached'}`;
      };
      rows.push({ kind: 'result', simulator: result(simulator), kernel: result(kernel) });
    }
    rows.push(...alignLogs(logOf(simulator, from, to), logOf(kernel, from, to)));
    const last = scenario.steps.findLastIndex(
      (step, place) => place >= from && place < to && (step.do === 'wait' || step.do === 'wait-transition'),
    );
    const [one, other] = [simulator.steps[last], kernel.steps[last]];
    if (one && other) rows.push(...stateRows(one, other));
    return { from, to, looked: one && other ? last : null, rows };
  });
}

function blocks(scenario: Scenario): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  scenario.steps.forEach((step, index) => {
    const last = found.at(-1);
    const follows = step.do === 'wait' || step.do === 'wait-transition' || step.do === 'expect';
    if (last && follows) last.to = index + 1;
    else found.push({ from: index, to: index + 1 });
  });
  return found;
}

/** Equal lines stand beside each other: the longest common sequence. */
function alignLogs(simulator: readonly string[], kernel: readonly string[]): ComparedRow[] {
  const width = kernel.length + 1;
  const lengths = new Uint32Array((simulator.length + 1) * width);
  for (let i = simulator.length - 1; i >= 0; i--) {
    for (let j = kernel.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        simulator[i] === kernel[j]
          ? 1 + (lengths[(i + 1) * width + j + 1] ?? 0)
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
    }
  }
  const rows: ComparedRow[] = [];
  let [i, j] = [0, 0];
  while (i < simulator.length || j < kernel.length) {
    const [one, other] = [simulator[i] ?? null, kernel[j] ?? null];
    const skipOne = lengths[(i + 1) * width + j] ?? 0;
    const skipOther = lengths[i * width + j + 1] ?? 0;
    if (one !== null && one === other) {
      rows.push({ kind: 'log', simulator: one, kernel: other });
      i++;
      j++;
    } else if (one !== null && (other === null || skipOne >= skipOther)) {
      rows.push({ kind: 'log', simulator: one, kernel: null });
      i++;
    } else {
      rows.push({ kind: 'log', simulator: null, kernel: other });
      j++;
    }
  }
  return rows;
}

function stateRows(simulator: StepRecord, kernel: StepRecord): ComparedRow[] {
  const rows: ComparedRow[] = [];
  const paths = [...new Set([...Object.keys(simulator.sysfs), ...Object.keys(kernel.sysfs)])].sort();
  for (const path of paths) {
    const text = ({ sysfs }: StepRecord): string | null =>
      Object.hasOwn(sysfs, path) ? `${path} = "${sysfs[path]}"` : null;
    rows.push({ kind: 'sysfs', simulator: text(simulator), kernel: text(kernel) });
  }
  const names = [...new Set([...simulator.tasks, ...kernel.tasks].map(({ name }) => name))];
  for (const name of names) {
    const text = ({ tasks }: StepRecord): string | null => {
      const task = tasks.find((each) => each.name === name);
      return task ? `${name}: patch_state ${task.patchState}, EINTR ${task.eintr} times` : null;
    };
    rows.push({ kind: 'task', simulator: text(simulator), kernel: text(kernel) });
  }
  return rows.filter(differs);
}
