import type { PatchImage } from '../model/index.ts';
import type { Step } from '../simulator/step.ts';
import type { Trace, TraceTask } from '../simulator/trace.ts';
import type { TaskGroup, Workload } from '../simulator/workload.ts';
import { errnoName } from './errno-names.ts';
import { type Hold, holdsOf } from './holds.ts';
import { type TaskActivity, WAIT_FOR_INPUT } from './scenario.ts';
import { activityLike, type Sleeping, systemCallOf } from './task-stacks.ts';

/** A run of the simulator, with what it was made of. */
export interface Situation {
  /** All klp_patches of the module. */
  readonly images: readonly PatchImage[];
  readonly workload: Workload;
  readonly trace: Trace;
}

/** What stands in a `*.klpsim.json` file. */
export interface ScenarioFile {
  readonly title: string;
  readonly kernels: readonly string[];
  /** The paths are empty: who writes the file knows where it will stand. */
  readonly modules: { readonly [name: string]: string };
  readonly tasks: { readonly [name: string]: { readonly does: TaskActivity; readonly [more: string]: unknown } };
  readonly steps: readonly { readonly [key: string]: unknown }[];
}

/** A task of the scenario, and whose place it takes. */
export interface StandIn {
  readonly name: string;
  /** `sleeps in epoll_wait()`, `is the guest's own thread`. */
  readonly does: string;
  /** The tasks of the run that it stands for, by name. */
  readonly standsFor: readonly { readonly comm: string; readonly count: number }[];
  /** Whether these are held up in the run. */
  readonly heldUp: boolean;
  /** What is otherwise than with them; null when nothing is. */
  readonly differs: string | null;
}

/** What a real kernel can be asked about a run. */
export interface Verifiable {
  readonly scenario: ScenarioFile;
  readonly standIns: readonly StandIn[];
  /** What of the run is not compared, and why, in sentences. */
  readonly notCompared: readonly string[];
}

/**
 * Kernel threads that Debian's 6.1 and 6.12 have in a guest with one CPU, under these names; seen there. They are called
 * the same on other machines and sleep in the same functions.
 */
const GUEST_THREADS: ReadonlySet<string> = new Set([
  'kthreadd',
  'rcu_preempt',
  'ksoftirqd/0',
  'migration/0',
  'cpuhp/0',
  'kdevtmpfs',
  'kauditd',
  'khungtaskd',
  'oom_reaper',
  'kcompactd0',
  'ksmd',
  'kswapd0',
]);

const SECOND = 1_000_000;
/** A task that leaves by itself sooner than this would have to be woken in the midst of the load. */
const SOON = SECOND / 5;
/** Helper tasks in one guest. */
const MOST_STAND_INS = 16;
/** Of tasks that nothing holds up, which show that the kernel switches them at once. */
const MOST_AT_ONCE = 4;
/** Seconds that a transition is waited for which ends in the run, and for one that does not: until after the signals. */
const PATIENCE = 60;
const STUCK_PATIENCE = 20;

/**
 * Makes a scenario of a run: the module, what is done with it and when, and tasks that stand for those of the run: helpers
 * that sleep as those sleep which hold it up, the guest's own kernel threads, and a few that nothing holds up. The rest of
 * the machine is no part of it.
 *
 * @returns the scenario, or a sentence that says why there is none
 */
export function verifiable({ images, workload, trace }: Situation): Verifiable | string {
  const steps = trace.events.flatMap((event) => (event.type === 'step' ? [event] : []));
  const first = steps.find(({ step }) => step.do === 'load')?.step;
  if (first?.do !== 'load') return 'Nothing is loaded in this run.';
  if (trace.options.model !== 'hybrid') return 'Real kernels have one consistency model: go back to the kernel’s own.';
  if (images.length > 1) {
    return 'This module has several klp_patches: its init function decides which of them are enabled, the run shows one.';
  }
  const { image } = first;
  const cast = new Cast(image, workload, trace);
  cast.holdUps();
  cast.switchedAtOnce();
  const { timeline, left } = plannedSteps(steps, image.module, trace);
  const notCompared = [
    ...cast.notCompared(),
    ...objectsLeftOut(image),
    ...left,
    ...image.assumptions.map(assumed),
    NOT_RUN,
  ];
  return {
    scenario: {
      title: `${image.module} as in the forecast (${workload.title})`,
      kernels: [trace.options.kernel],
      modules: { [image.module]: '' },
      tasks: cast.tasks,
      steps: [...cast.beginnings, ...stepsInTime([...timeline, ...cast.wakes]), lastWait(trace)],
    },
    standIns: cast.standIns,
    notCompared,
  };
}

const NOT_RUN =
  'What the replacements do: the simulator runs nothing of them. A helper that comes into one may go on otherwise than here.';

interface TimedStep {
  readonly at: number;
  readonly step: { readonly [key: string]: unknown };
}

/** What was done in the run, as steps of a scenario; and what of that a guest can't do. */
function plannedSteps(
  steps: readonly { readonly at: number; readonly step: Step; readonly errno: number }[],
  module: string,
  { end }: Trace,
): { timeline: TimedStep[]; left: string[] } {
  const timeline: TimedStep[] = [];
  const left: string[] = [];
  for (const { at, step, errno } of steps) {
    if (at > end) continue;
    const expected = errno === 0 ? {} : { errno: /^E/.test(errnoName(errno)) ? errnoName(errno) : 'any' };
    if (step.do === 'load') timeline.push({ at, step: { load: module, ...expected } });
    else if (step.do === 'unload') timeline.push({ at, step: { unload: step.module, ...expected } });
    else if (step.do === 'write') timeline.push({ at, step: { write: step.path, value: step.value, ...expected } });
    else if (step.do === 'load-target' || step.do === 'unload-target') {
      left.push(`${step.do === 'load-target' ? 'Loading' : 'Removing'} ${step.module}: the guest does not have it.`);
    } else left.push(`${step.do}: the guest can’t do that.`);
  }
  return { timeline, left };
}

/** Steps one after another, with waits between them; in tenths of a second. */
function stepsInTime(timeline: readonly TimedStep[]): TimedStep['step'][] {
  const out: TimedStep['step'][] = [];
  let now = 0;
  for (const { at, step } of [...timeline].sort((a, b) => a.at - b.at)) {
    const tenths = Math.round((at - now) / (SECOND / 10));
    if (tenths > 0) out.push({ wait: tenths / 10 });
    now += Math.max(0, tenths) * (SECOND / 10);
    out.push(step);
  }
  return out;
}

function lastWait({ stopped }: Trace): TimedStep['step'] {
  return stopped === 'quiet'
    ? { wait: 'transition', limit: PATIENCE, errno: 'any' }
    : { wait: 'transition', limit: STUCK_PATIENCE, errno: 'any' };
}

function objectsLeftOut({ objects }: PatchImage): string[] {
  return objects.flatMap(({ name }) =>
    name === null ? [] : [`What the patch changes in ${name}: the guest does not load that module.`],
  );
}

const assumed = (text: string): string => `Taken for granted by the forecast: ${text}`;

/** The tasks of the scenario. */
class Cast {
  readonly tasks: { [name: string]: ScenarioFile['tasks'][string] } = {};
  readonly beginnings: TimedStep['step'][] = [];
  readonly wakes: TimedStep[] = [];
  readonly standIns: StandIn[] = [];
  private readonly workload: Workload;
  private readonly trace: Trace;
  private readonly patched: ReadonlySet<string>;
  private readonly holds: ReadonlyMap<number, Hold>;
  private readonly left: string[] = [];
  private readonly covered = new Set<number>();

  constructor(image: PatchImage, workload: Workload, trace: Trace) {
    this.workload = workload;
    this.trace = trace;
    this.holds = holdsOf(trace);
    this.patched = new Set(
      image.objects.flatMap(({ name, funcs }) => (name === null ? funcs.map(({ oldName }) => oldName) : [])),
    );
  }

  /** A stand-in for each way in which tasks are held up. */
  holdUps(): void {
    const alike = new Map<string, { tasks: TraceTask[]; hold: Hold }>();
    for (const task of this.trace.tasks) {
      const hold = this.holds.get(task.id);
      if (!hold) continue;
      const who = task.kind === 'user' ? '' : task.comm;
      const key = JSON.stringify([who, hold.reason.kind, hold.stack, this.sleepOf(task, hold.stack)]);
      const known = alike.get(key);
      if (!known) alike.set(key, { tasks: [task], hold });
      else {
        known.tasks.push(task);
        // The one that holds it up longest is the one to be played.
        if ((hold.until ?? Infinity) > (known.hold.until ?? Infinity)) known.hold = hold;
      }
    }
    for (const { tasks, hold } of alike.values()) this.holdUp(tasks, hold);
  }

  private holdUp(tasks: readonly TraceTask[], hold: Hold): void {
    const [first] = tasks as [TraceTask];
    const sleep = this.sleepOf(first, hold.stack);
    const does = sleep && activityLike(sleep, this.patched, this.trace.options.kernel);
    let why: string | null = null;
    if (hold.reason.kind === 'running') why = 'busy for long. The guest has one CPU, which has a tick.';
    else if (hold.reason.kind === 'unreliable') why = 'no helper has a stack that can’t be walked.';
    else if (first.kind !== 'user' && !GUEST_THREADS.has(first.comm))
      why = 'the guest has no kernel thread of that name.';
    else if (first.kind === 'user' && !does)
      why = `no helper can sleep ${sleep?.state === 'uninterruptible' ? 'uninterruptibly ' : ''}there.`;
    if (why !== null) {
      this.left.push(`${namesText(tasks)}, held up: ${why}`);
      this.cover(tasks);
    } else if (does && first.kind === 'user') this.start(tasks, does, hold);
    else this.watch(tasks, hold);
  }

  /** Some tasks that nothing holds up. */
  switchedAtOnce(): void {
    const byActivity = new Map<TaskActivity, TraceTask[]>();
    for (const task of this.trace.tasks) {
      if (task.kind !== 'user' || this.holds.has(task.id)) continue;
      const sleep = mainSleep(this.groupOf(task));
      const does = sleep && activityLike(sleep, this.patched, this.trace.options.kernel);
      if (!sleep || !does || sleep.stack.some((frame) => this.patched.has(frame))) continue;
      byActivity.set(does, [...(byActivity.get(does) ?? []), task]);
    }
    const largest = [...byActivity].sort(([, a], [, b]) => b.length - a.length);
    for (const [does, tasks] of largest.slice(0, MOST_AT_ONCE)) this.start(tasks, does, null);
  }

  /** What has no stand-in, in sentences. */
  notCompared(): string[] {
    const rest = this.trace.tasks.filter(({ id, kind }) => kind !== 'idle' && !this.covered.has(id));
    const others = rest.length === 0 ? [] : [`${countText(rest.length, 'other task')} of ${this.workload.title}.`];
    return [...this.left, ...others];
  }

  private start(tasks: readonly TraceTask[], does: TaskActivity, hold: Hold | null): void {
    if (this.standIns.length >= MOST_STAND_INS) {
      this.left.push(`${namesText(tasks)}: more kinds of tasks than one guest plays.`);
      this.cover(tasks);
      return;
    }
    const name = this.freeName(commonest(tasks));
    const call = systemCallOf(does);
    const left = hold?.wokeAt ?? null;
    let differs: string | null = null;
    let more = {};
    if (left !== null && does === 'nanosleep') more = { seconds: Math.max(1, Math.ceil(left / SECOND)) };
    else if (left !== null && left >= SOON && WAIT_FOR_INPUT.has(does))
      this.wakes.push({ at: left, step: { wake: name } });
    else if (left !== null)
      differs = 'In the forecast it goes on by itself; the helper sleeps on, until signals come or for ever.';
    this.tasks[name] = { does, ...more };
    this.beginnings.push({ start: name });
    this.add(name, `a helper that sleeps in ${call}()`, tasks, hold !== null, differs);
  }

  private watch(tasks: readonly TraceTask[], hold: Hold): void {
    const [{ comm }] = tasks as [TraceTask];
    const frames = hold.stack.filter((frame) => frame !== '__schedule' && frame !== 'schedule');
    const sleep = this.sleepOf(tasks[0] as TraceTask, hold.stack);
    const state = ['interruptible', 'uninterruptible', 'idle', 'killable'].find((each) => each === sleep?.state);
    this.tasks[comm] = { does: 'kernel-thread', stack: frames, ...(state ? { state } : {}) };
    this.beginnings.push({ watch: comm });
    const differs =
      hold.wokeAt === null ? null : 'In the forecast it has work to do and leaves; in the guest it may not.';
    this.add(comm, 'the guest’s own thread of that name', tasks, true, differs);
  }

  private add(name: string, does: string, tasks: readonly TraceTask[], heldUp: boolean, differs: string | null): void {
    this.cover(tasks);
    const standsFor = countsOf(tasks);
    this.standIns.push({ name, does, standsFor, heldUp, differs });
  }

  private cover(tasks: readonly TraceTask[]): void {
    for (const { id } of tasks) this.covered.add(id);
  }

  /** A name that scenarios allow and that is nobody else's in the guest. */
  private freeName(comm: string): string {
    const plain = comm.replace(/[^\w:.-]+/g, '_').slice(0, 12) || 'task';
    const taken = (name: string): boolean =>
      name === 'init' || GUEST_THREADS.has(name) || Object.hasOwn(this.tasks, name);
    for (let number = 1; ; number++) {
      const name = number === 1 ? plain : `${plain}-${number}`;
      if (!taken(name)) return name;
    }
  }

  private groupOf({ group }: TraceTask): TaskGroup | undefined {
    return group === null ? undefined : this.workload.tasks[group];
  }

  /** How a task sleeps where a pass saw it. */
  private sleepOf(task: TraceTask, stack: readonly string[]): Sleeping | null {
    const group = this.groupOf(task);
    return sleepsOf(group).find((sleep) => sleep.stack.join() === stack.join()) ?? null;
  }
}

/** How many tasks there are of each name, most first. */
function countsOf(tasks: readonly TraceTask[]): { comm: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { comm } of tasks) counts.set(comm, (counts.get(comm) ?? 0) + 1);
  return [...counts].map(([comm, count]) => ({ comm, count })).sort((a, b) => b.count - a.count);
}

const commonest = (tasks: readonly TraceTask[]): string => countsOf(tasks)[0]?.comm ?? '';

function sleepsOf(group: TaskGroup | undefined): (Sleeping & { readonly time: number })[] {
  return (group?.behaviour.phases ?? []).flatMap((phase) => {
    if (phase.do !== 'sleep') return [];
    const { stack, state, syscall = null, onSignal = null } = phase;
    const time = phase.for.max === 'forever' ? Infinity : (phase.for.mean ?? (phase.for.min + phase.for.max) / 2);
    return [{ stack, state, syscall, onSignal, time }];
  });
}

/** Where a task of the group is most of the time. */
function mainSleep(group: TaskGroup | undefined): Sleeping | null {
  return sleepsOf(group).sort((a, b) => b.time - a.time)[0] ?? null;
}

/** `nginx, redis-server and 3 more (7 tasks)` */
export function namesText(tasks: readonly { readonly comm: string }[]): string {
  const names = [...new Set(tasks.map(({ comm }) => comm))];
  const shown = names.slice(0, 2).join(', ');
  const more = names.length > 2 ? ` and ${names.length - 2} more` : '';
  return `${shown}${more}${tasks.length > 1 ? ` (${tasks.length} tasks)` : ''}`;
}

const countText = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;
