import type { ScenarioRecord, StepRecord, TaskRecord } from '../../../shared/src/scenario/record.ts';
import type { Scenario } from '../../../shared/src/scenario/scenario.ts';
import type { Story } from './story.ts';

/** A line of test/fixtures/random-traces/: the story is in it, so that its generator may change. */
export interface RandomRecording {
  readonly story: Story;
  readonly record: ScenarioRecord;
}

/**
 * Steps as they are kept: without what is empty. Of sysfs and tasks, which are looked at after waiting, only what changed
 * since the waiting before; null: it is gone, a directory with all in it.
 */
interface PackedStep {
  readonly at: number;
  readonly until: number;
  readonly errno?: number;
  readonly log?: readonly string[];
  readonly sysfs?: Readonly<Record<string, string | null>>;
  /** patch_state and EINTRs. */
  readonly tasks?: Readonly<Record<string, readonly [number, number] | null>>;
}

/** What a kernel did with a random story, in a line. Stacks are not kept. */
export function recordingLine(story: Story, scenario: Scenario, { steps, ...head }: ScenarioRecord): string {
  let sysfs: StepRecord['sysfs'] = {};
  let tasks: Readonly<Record<string, readonly [number, number]>> = {};
  const packed = steps.map((done, place): PackedStep => {
    const { at, until, errno, log } = done;
    const kind = scenario.steps[place]?.do;
    const looked = kind === 'wait' || kind === 'wait-transition';
    const now = looked ? { sysfs: done.sysfs, tasks: byName(done.tasks) } : { sysfs, tasks };
    const changes = { sysfs: changed(sysfs, now.sysfs), tasks: changed(tasks, now.tasks) };
    ({ sysfs, tasks } = now);
    return {
      at,
      until,
      ...(errno === 0 ? {} : { errno }),
      ...(log.length === 0 ? {} : { log }),
      ...(changes.sysfs ? { sysfs: changes.sysfs } : {}),
      ...(changes.tasks ? { tasks: changes.tasks } : {}),
    };
  });
  return `${JSON.stringify({ story, record: { ...head, steps: packed } })}\n`;
}

/** Reads what recordingLine() made. Steps that do not wait have the sysfs and tasks of the waiting before them. */
export function readRecordingLine(line: string): RandomRecording {
  const { story, record } = JSON.parse(line) as {
    story: Story;
    record: Omit<ScenarioRecord, 'steps'> & { steps: readonly PackedStep[] };
  };
  let sysfs: StepRecord['sysfs'] = {};
  let tasks: Readonly<Record<string, readonly [number, number]>> = {};
  const steps = record.steps.map((step): StepRecord => {
    sysfs = merged(sysfs, step.sysfs ?? {});
    tasks = merged(tasks, step.tasks ?? {});
    const told = Object.entries(tasks).map(
      ([name, [patchState, eintr]]): TaskRecord => ({ name, patchState, stack: [], eintr }),
    );
    return { at: step.at, until: step.until, errno: step.errno ?? 0, log: step.log ?? [], sysfs, tasks: told };
  });
  return { story, record: { ...record, steps } };
}

function byName(tasks: readonly TaskRecord[]): Record<string, readonly [number, number]> {
  return Object.fromEntries(tasks.map(({ name, patchState, eintr }) => [name, [patchState, eintr] as const]));
}

/** Null when nothing is. What is in a directory that is gone is not told. */
function changed<T>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
): Record<string, T | null> | null {
  const gone = Object.keys(before).filter((path) => !Object.hasOwn(after, path));
  const tops = gone.filter((path) => !gone.some((other) => path.startsWith(`${other}/`)));
  const news = Object.entries(after).filter(([path, value]) => JSON.stringify(before[path]) !== JSON.stringify(value));
  if (tops.length + news.length === 0) return null;
  return Object.fromEntries([...tops.map((path) => [path, null] as const), ...news]);
}

function merged<T>(
  before: Readonly<Record<string, T>>,
  changes: Readonly<Record<string, T | null>>,
): Record<string, T> {
  const gone = Object.keys(changes).filter((path) => changes[path] === null);
  const isGone = (path: string) => gone.some((top) => path === top || path.startsWith(`${top}/`));
  const kept = Object.entries(before).filter(([path]) => !isGone(path));
  const news = Object.entries(changes).flatMap(([path, value]) => (value === null ? [] : [[path, value] as const]));
  return Object.fromEntries([...kept, ...news]);
}
