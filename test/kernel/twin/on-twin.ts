import { patchImages } from '../../../server/src/analysis/patch-images.ts';
import type { TaskDoing } from '../../../server/src/kernel-runner/guest-plan.ts';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import { simulate } from '../../../shared/src/simulator/simulate.ts';
import type { Step } from '../../../shared/src/simulator/step.ts';
import type { Trace, TraceEvent } from '../../../shared/src/simulator/trace.ts';
import type { Phase, TaskGroup, Workload } from '../../../shared/src/simulator/workload.ts';
import { read } from '../../support/check.ts';
import { livepatchText } from './livepatch-source.ts';
import type { RecordedStep, RecordedTask, Recording } from './recording.ts';
import { isTold } from './recording.ts';
import { type Scenario, type ScenarioStep, stepText, symbolTable } from './scenario.ts';

/** Plays a scenario on the simulator, at the times at which a kernel played it, and tells it in the form of a recording. */
export function twinRecording(scenario: Scenario, real: Recording): Recording {
  const played: { step: Step; index: number }[] = [];
  scenario.steps.forEach((step, index) => {
    const at = real.steps[index]?.at ?? 0;
    const twinStep = stepFor(scenario, step, at);
    if (twinStep) played.push({ step: twinStep, index });
  });
  const end = real.steps.at(-1)?.until ?? 0;
  const trace = simulate({
    kernel: real.kernel,
    workload: workloadOf(scenario, real),
    seed: 1,
    timeLimit: Math.max(end, 1),
    steps: played.map(({ step }) => step),
    symbols: symbolTable(scenario),
  });
  const errnos = new Map<number, number>();
  for (const event of trace.events) {
    if (event.type === 'step') errnos.set(played[event.index]?.index ?? -1, event.errno);
  }
  const steps = scenario.steps.map((step, index): RecordedStep => {
    const at = real.steps[index]?.at ?? 0;
    const until = real.steps[index]?.until ?? at;
    const nextAt = real.steps[index + 1]?.at ?? Number.MAX_SAFE_INTEGER;
    return {
      step: stepText(step),
      at,
      until,
      errno: errnos.get(index) ?? 0,
      log: trace.events.filter((event) => event.at >= at && event.at < nextAt).flatMap(lineOf),
      sysfs: Object.fromEntries(stateAt(trace, until).sysfs.map(({ path, value }) => [path, value ?? ''])),
      tasks: (real.steps[index]?.tasks ?? []).map((task) => taskAt(trace, task, until)),
    };
  });
  return { ...real, release: 'twin', steps };
}

/** The images that our analysis reads out of the C text that the kernel was given. */
function imageOf(scenario: Scenario, name: string): PatchImage {
  const sketch = scenario.patches[name];
  if (!sketch) throw new Error(`${scenario.name} has no patch ${name}`);
  const [image] = patchImages(read({ [`${name}.c`]: livepatchText(name, sketch) }));
  if (!image) throw new Error(`the analysis saw no klp_patch in ${name}`);
  return image;
}

function stepFor(scenario: Scenario, step: ScenarioStep, at: number): Step | null {
  switch (step.do) {
    case 'load':
      return { at, do: 'load', image: imageOf(scenario, step.patch) };
    case 'unload':
      return { at, do: 'unload', module: step.patch };
    case 'load-target':
    case 'unload-target':
      return { at, do: step.do, module: step.target };
    case 'write':
      return { at, do: 'write', path: step.path, value: step.value };
    case 'sysctl':
      return { at, do: 'sysctl', name: step.name, value: step.value };
    default:
      return null;
  }
}

function lineOf(event: TraceEvent): string[] {
  if (event.type === 'log') return isTold(event.text) ? [event.text] : [];
  if (event.type === 'callback') return [`${event.patch}: callback ${event.callback} ${event.object}`];
  return [];
}

function taskAt(trace: Trace, task: RecordedTask, at: number): RecordedTask {
  const twin = stateAt(trace, at).tasks.find((other) => other.task.comm === task.name);
  const id = twin?.task.id;
  const eintr = trace.events.filter(
    (event) => event.type === 'signal' && event.task === id && event.effect === 'EINTR' && event.at <= at,
  ).length;
  return { ...task, patchState: twin?.patchState ?? -2, eintr };
}

/** Calls of the helper task that a signal round breaks off. */
const BROKEN_OFF: ReadonlySet<TaskDoing> = new Set(['epoll', 'semop', 'sigwait']);

/** The tasks of the scenario, with the stacks that the kernel showed, on a machine that is otherwise asleep. */
function workloadOf(scenario: Scenario, real: Recording): Workload {
  const groups: TaskGroup[] = [];
  scenario.steps.forEach((step, index) => {
    if (step.do !== 'start' && step.do !== 'watch') return;
    const task = real.steps[index]?.tasks.find(({ name }) => name === step.task);
    if (!task) throw new Error(`${scenario.name}: nobody recorded ${step.task}`);
    // A gate lets go who reads a file of its target, and the target's thread.
    const place = step.do === 'start' ? (step.argument ?? '') : `/proc/${step.task}/`;
    const opened = scenario.steps.findIndex(
      (other, i) => i > index && other.do === 'open-gate' && place.startsWith(`/proc/${other.target}/`),
    );
    const wakesAt = opened < 0 ? null : (real.steps[opened]?.at ?? null);
    groups.push(step.do === 'start' ? userTask(task, step.what, step.argument, wakesAt) : kernelThread(task, wakesAt));
  });
  return {
    id: 'scenario',
    title: scenario.name,
    description: 'The tasks of a scenario, as they stood when the kernel played it.',
    cpus: 1,
    hz: 250,
    nohzFullCpus: [],
    modules: [],
    tasks: groups,
  };
}

const FOREVER = { min: 0, max: 'forever' } as const;
const SLEEPS: Readonly<Record<string, 'interruptible' | 'uninterruptible' | 'stopped' | 'traced'>> = {
  S: 'interruptible',
  D: 'uninterruptible',
  T: 'stopped',
  t: 'traced',
};

/** What the helper task does when its read() has returned. */
const PAUSED: Phase = {
  do: 'sleep',
  for: FOREVER,
  stack: ['__schedule', 'schedule', '__do_sys_pause', 'do_syscall_64', 'entry_SYSCALL_64_after_hwframe'],
  state: 'interruptible',
  syscall: 'pause',
  onSignal: 'restarts',
};

function userTask(
  task: RecordedTask,
  what: TaskDoing,
  argument: string | undefined,
  wakesAt: number | null,
): TaskGroup {
  return {
    comm: task.name,
    kind: 'user',
    count: 1,
    behaviour: { phases: userPhases(task, what, argument, wakesAt), begins: 'first-phase' },
  };
}

function userPhases(
  task: RecordedTask,
  what: TaskDoing,
  argument: string | undefined,
  wakesAt: number | null,
): Phase[] {
  const state = SLEEPS[task.state];
  if (!state) {
    const busy: Phase = { do: 'user', for: FOREVER };
    if (what !== 'kernel') return [busy];
    return [
      { do: 'kernel', for: { min: 50_000, max: 100_000 }, stack: task.stack, condResched: true },
      { ...busy, for: { min: 1, max: 10 } },
    ];
  }
  const brokenOff = BROKEN_OFF.has(what) || argument?.endsWith('/eintr') === true;
  return [
    {
      do: 'sleep',
      for: wakesAt === null ? FOREVER : { min: wakesAt, max: wakesAt },
      stack: ['__schedule', 'schedule', ...task.stack],
      state,
      syscall: what,
      onSignal: brokenOff ? 'EINTR' : 'restarts',
    },
    ...(wakesAt === null ? [] : [PAUSED]),
  ];
}

function kernelThread(task: RecordedTask, wakesAt: number | null): TaskGroup {
  const state = SLEEPS[task.state] ?? 'idle';
  const asleep = (time: number | null, stack: readonly string[]): Phase => ({
    do: 'sleep',
    for: time === null ? FOREVER : { min: time, max: time },
    stack: ['__schedule', 'schedule', ...stack],
    state,
  });
  const phases = [asleep(wakesAt, task.stack), ...(wakesAt === null ? [] : [asleep(null, task.stack.slice(1))])];
  return { comm: task.name, kind: 'kthread', count: 1, behaviour: { phases, begins: 'first-phase' } };
}
