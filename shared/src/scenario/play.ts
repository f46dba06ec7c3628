import type { PatchImage } from '../model/index.ts';
import { stateAt } from '../simulator/replay.ts';
import { type SimulateOptions, simulate } from '../simulator/simulate.ts';
import type { Action, Step } from '../simulator/step.ts';
import type { Trace, TraceEvent } from '../simulator/trace.ts';
import type { TaskGroup, Workload } from '../simulator/workload.ts';
import { workloadById } from '../simulator/workloads/index.ts';
import { kernelThreads } from '../simulator/workloads/tasks.ts';
import { isTold, type ScenarioRecord, type StepRecord, type TaskRecord, TIMED_OUT } from './record.ts';
import { type Scenario, type ScenarioStep, SETTLE_SECONDS, SIGNALS } from './scenario.ts';
import { companionGroup, companionName, guestTasks, taskGroup } from './task-stacks.ts';

export interface PlayOptions {
  /** `6.12`. */
  readonly kernel: string;
  /** What the kernel would be given by a `load` step; called once for each. */
  readonly imageOf: (step: ScenarioStep & { do: 'load' }) => PatchImage;
  /** When a real machine did each step: it is played at these times. Absent: each as soon as the one before is over. */
  readonly times?: readonly { readonly at: number; readonly until: number }[];
}

export interface Played {
  readonly trace: Trace;
  readonly record: ScenarioRecord;
}

const SECOND = 1_000_000;
/** Microseconds between two steps, as a script would need them. */
const GAP = 20_000;
const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * Plays a scenario on the simulator. How long a waiting takes is found out by playing what comes before it: later steps
 * change nothing of that. Throws SimulatorError for bugs of the simulator only.
 */
export function play(scenario: Scenario, options: PlayOptions): Played {
  const workload = workloadOf(scenario, options.kernel);
  const run = (steps: readonly Step[], more: Partial<SimulateOptions>): Trace =>
    simulate({
      kernel: options.kernel,
      workload,
      seed: scenario.seed,
      symbols: { find: (_, name) => symbolsCalled(scenario, name) },
      steps,
      ...more,
    });
  const steps: Step[] = [];
  /** Place among the simulator's steps -> place in the scenario. */
  const places: number[] = [];
  const times: { at: number; until: number; end: number }[] = [];
  let now = 0;
  scenario.steps.forEach((step, index) => {
    const real = options.times?.[index];
    const before = times[index - 1];
    // What a machine did in one go is done in one go: its passes come at other moments, and none came in between.
    const inOneGo = real && before && real.at - before.at < GAP && !scenario.steps[index - 1]?.do.startsWith('wait');
    const at = inOneGo ? before.at + 1 : real ? Math.max(now, real.at) : now;
    for (const action of actionsOf(step, scenario, options)) {
      steps.push({ at, ...action });
      places.push(index);
    }
    let until = at;
    if (real) until = Math.max(at, real.until);
    else if (step.do === 'wait') until = at + Math.round(step.seconds * SECOND);
    else if (step.do === 'wait-transition') until = quietAt(run(steps, { timeLimit: at + step.limit * SECOND }), at);
    const settled = step.do === 'wait-transition' ? until + SETTLE_SECONDS * SECOND : until;
    now = real ? until : settled + GAP;
    times.push({ at, until, end: settled + GAP });
  });
  const end = times.at(-1)?.end ?? 0;
  const trace = run(steps, { timeLimit: end, until: end });
  return { trace, record: recordOf(scenario, options.kernel, trace, times, places) };
}

/** The end of the run, unless the time was over before. */
function quietAt(trace: Trace, at: number): number {
  return Math.max(at, trace.stopped === 'quiet' ? trace.end : trace.options.timeLimit);
}

function recordOf(
  scenario: Scenario,
  kernel: string,
  trace: Trace,
  times: readonly { at: number; until: number; end: number }[],
  places: readonly number[],
): ScenarioRecord {
  const errnos = new Map<number, number>();
  for (const event of trace.events) {
    if (event.type === 'step') errnos.set(places[event.index] ?? -1, event.errno);
  }
  const listed = new Set<string>();
  const steps = scenario.steps.map((step, index): StepRecord => {
    const time = times[index] ?? { at: 0, until: 0, end: 0 };
    const next = times[index + 1]?.at ?? NEVER;
    if (step.do === 'start' || step.do === 'watch') listed.add(step.task);
    // Expectations look at the moment before the next step, when the waiting is over.
    const looked = Math.max(time.at, next === NEVER ? time.end : next - 1);
    const state = stateAt(trace, looked);
    const moving =
      state.transition !== null || state.sysfs.some(({ path, value }) => /^\w+\/enabled$/.test(path) && value === '0');
    return {
      at: time.at,
      until: time.until,
      errno: step.do === 'wait-transition' ? (moving ? TIMED_OUT : 0) : (errnos.get(index) ?? 0),
      log: trace.events.filter((event) => event.at >= time.at && event.at < next).flatMap(lineOf),
      sysfs: Object.fromEntries(state.sysfs.map(({ path, value }) => [path, value ?? ''])),
      tasks: [...listed].flatMap((name) => taskAt(trace, state, name, looked)),
    };
  });
  const broken = trace.stopped === 'event-limit' ? 'The simulation was given up: too much happens in it.' : null;
  return { kernel, by: 'simulator', broken, steps };
}

function taskAt(trace: Trace, state: ReturnType<typeof stateAt>, name: string, at: number): TaskRecord[] {
  const found = state.tasks.find(({ task }) => task.comm === name);
  if (!found) return [];
  const { id } = found.task;
  const eintr = trace.events.filter(
    (event) =>
      (event.type === 'eintr' || (event.type === 'signal' && event.effect === 'EINTR')) &&
      event.task === id &&
      event.at <= at,
  ).length;
  return [{ name, patchState: found.patchState, stack: found.stack, eintr }];
}

function lineOf(event: TraceEvent): string[] {
  if (event.type === 'log') return isTold(event.text) ? [event.text] : [];
  if (event.type === 'callback') return [`${event.patch}: callback ${event.callback} ${event.object}`];
  return [];
}

/** What the simulator does for a step; the last one tells what the step returns. */
function actionsOf(step: ScenarioStep, scenario: Scenario, options: PlayOptions): Action[] {
  const action = actionOf(step, options);
  if (!action) return [];
  if (action.do !== 'start' && action.do !== 'wake' && action.do !== 'signal') return [action];
  const task = scenario.tasks.get(action.task);
  if (!task || companionGroup(action.task, task, options.kernel) === null) return [action];
  // A byte goes to the child, and SIGKILL to both; other signals are the named task's.
  const concerns = action.do === 'start' || (action.do === 'wake' && task.does === 'vfork') || step.do === 'signal';
  if (!concerns || (step.do === 'signal' && step.signal !== 'KILL')) return [action];
  return [{ ...action, task: companionName(action.task) }, action];
}

function actionOf(step: ScenarioStep, options: PlayOptions): Action | null {
  switch (step.do) {
    case 'load':
      return { do: 'load', image: options.imageOf(step), parameters: Object.fromEntries(step.parameters) };
    case 'unload':
      return { do: 'unload', module: step.module };
    case 'load-target':
    case 'unload-target':
      return { do: step.do, module: step.target };
    case 'write':
      return { do: 'write', path: step.path, value: step.value };
    case 'sysctl':
      return { do: 'sysctl', name: step.name, value: step.value };
    case 'start':
    case 'wake':
      return { do: step.do, task: step.task };
    case 'signal':
      return { do: 'signal', task: step.task, signal: SIGNALS[step.signal] };
    default:
      return null;
  }
}

function symbolsCalled(scenario: Scenario, name: string): { traceable: boolean }[] {
  const told = scenario.symbols.get(name) ?? 1;
  return told === 'notrace' ? [{ traceable: false }] : Array.from({ length: told }, () => ({ traceable: true }));
}

/** The named tasks on the preset that was asked for, or on a machine like the guest: kernel threads and little else. */
function workloadOf(scenario: Scenario, kernel: string): Workload {
  const preset = scenario.workload === null ? undefined : workloadById(scenario.workload, kernel);
  const base: Workload = preset ?? {
    id: 'guest',
    title: 'Nearly empty machine',
    description:
      'The tasks of a scenario, the kernel threads that every machine has, and one process that looks at them.',
    cpus: 1,
    hz: 250,
    nohzFullCpus: [],
    modules: [],
    tasks: [...guestTasks(kernel), ...kernelThreads(1)],
  };
  const named = [...scenario.tasks].flatMap(([name, task]): TaskGroup[] => {
    const known = task.does === 'kernel-thread' && base.tasks.some(({ comm }) => comm === name);
    const companion = companionGroup(name, task, kernel);
    return known ? [] : [taskGroup(name, task, kernel), ...(companion ? [companion] : [])];
  });
  return { ...base, tasks: [...base.tasks, ...named] };
}
