import { signalEffect } from '../../../shared/src/simulator/system-calls.ts';
import type { Duration, Phase, SleepState, TaskGroup } from '../../../shared/src/simulator/workload.ts';
import type { Capture, CapturedTask } from './capture-format.ts';
import { withScheduler } from './scheduler-frames.ts';
import { syscallName } from './syscall-names.ts';

const SECOND = 1_000_000;
/** Whoever sleeps longer than that is taken as asleep for good: no transition waits so long for a wake-up. */
const LONGEST_SLEEP = 3600 * SECOND;
/** A task that was on a CPU for this part of the time is taken as one that always runs. */
const BUSY = 0.95;
/**
 * Every program sleeps and wakes a few times before it does what it is there for. Who has not done so more often, and was
 * not seen to wake, is taken as asleep for good.
 */
const START_UP_WAKES = 10;
/** Clock ticks below which user and kernel time are not told apart. */
const ENOUGH_TICKS = 5;
/** A stay in the kernel, in microseconds, that a look now and then has a chance to meet. */
const SEEN_IN_KERNEL = 1000;
const SLEEP_STEPS = [1, 3];
const RUN_STEPS = [1];
/** TASK_COMM_LEN without the zero. */
const COMM_LENGTH = 15;

/** /proc/PID/stat's letters of those that sleep: TASK_KILLABLE shows as D. Parked threads (P) wait as if for a disk. */
const SLEEPS: Readonly<Record<string, SleepState>> = {
  S: 'interruptible',
  D: 'uninterruptible',
  I: 'idle',
  P: 'uninterruptible',
  T: 'stopped',
  t: 'traced',
};
/** Zombies and the dead have no stack that could hold a transition up. */
const GONE = /^[ZXx]$/;

/** How a task lives, over the time between two samples. Microseconds. */
interface Pace {
  /** From one wake-up to the next; null when it was never seen to wake. */
  readonly cycle: number | null;
  /** Of which it is on a CPU. */
  readonly runs: number;
  /** Part of the time that it is on a CPU, 0 to 1. */
  readonly load: number;
  /** Part of its CPU time that is spent in the kernel, 0 to 1; null: not known. */
  readonly inKernel: number | null;
}

export interface Grouping {
  readonly groups: readonly TaskGroup[];
  /** Tasks of the last sample, without those that a workload does not need. */
  readonly tasks: number;
  /** Tasks that sleep and whose stack is not known. */
  readonly withoutStack: number;
  /** Tasks that were only in one of the two samples. */
  readonly cameOrWent: number;
}

/** Tasks of a recording that are alike, as groups that a workload has. `cpuIndex` renumbers the CPUs that are online. */
export function taskGroups(capture: Capture, cpuIndex: ReadonlyMap<number, number>): Grouping {
  const last = capture.samples[capture.samples.length - 1];
  if (!last) return { groups: [], tasks: 0, withoutStack: 0, cameOrWent: 0 };
  const before = capture.samples.length > 1 ? capture.samples[0] : undefined;
  const earlier = new Map(before?.tasks.map((task) => [identity(task), task]));
  const kept = last.tasks.filter((task) => !GONE.test(task.state) && task.pid !== capture.recorder);
  const groups = new Map<string, { task: CapturedTask; phases: readonly Phase[]; count: number; cpus: number[] }>();
  let withoutStack = 0;
  let stayed = 0;
  for (const task of kept) {
    const old = earlier.get(identity(task));
    if (old) stayed++;
    const pace = paceOf(capture, old, task);
    const sightings = old === undefined ? [task] : [old, task];
    const phases = phasesOf(capture.machine, sightings, pace);
    if (phases.some((phase) => phase.do === 'sleep' && phase.stack.length === 0)) withoutStack++;
    const [cpu] = task.cpus.length === 1 && cpuIndex.size > 1 ? task.cpus : [];
    const bound = cpu === undefined ? undefined : cpuIndex.get(cpu);
    const key = JSON.stringify([task.kind, family(task.comm), bound !== undefined, phases]);
    const group = groups.get(key) ?? { task, phases, count: 0, cpus: [] };
    groups.set(key, group);
    group.count++;
    if (bound !== undefined) group.cpus.push(bound);
  }
  const gone = before?.tasks.filter((task) => !GONE.test(task.state) && task.pid !== capture.recorder).length;
  return {
    groups: [...groups.values()].map(({ task, phases, count, cpus }) => ({
      comm: [...plainName(task.comm)].slice(0, COMM_LENGTH).join(''),
      kind: task.kind,
      count,
      behaviour: { phases },
      ...(cpus.length > 0 ? { cpus } : {}),
    })),
    tasks: kept.length,
    withoutStack,
    cameOrWent: gone === undefined ? 0 : gone - stayed + (kept.length - stayed),
  };
}

const identity = ({ tid, started }: CapturedTask): string => `${tid} ${started}`;

/** A kworker's name without what it works on at the moment. */
const plainName = (comm: string): string => comm.replace(/^(kworker\/[^-+]*)[-+].*/, '$1');

/** What instances of one program have in common. */
const family = (comm: string): string => plainName(comm).replace(/\d+/g, '*');

/** From two looks at a task, or from its whole life when it was seen once or did not wake in between. */
function paceOf(capture: Capture, old: CapturedTask | undefined, task: CapturedTask): Pace {
  const [first, last] = capture.samples;
  const { clockTicks } = capture;
  const age = Math.max(0, (last ?? first)?.uptime ?? 0) - task.started / clockTicks;
  const life = Math.max(1, age * SECOND);
  const whole = since(null, task, clockTicks);
  if (old === undefined && capture.samples.length > 1) return pace(life, whole);
  if (old !== undefined && first !== undefined && last !== undefined) {
    const time = Math.max(1, (last.uptime - first.uptime) * SECOND);
    const seen = since(old, task, clockTicks);
    if (seen.wakes > 0 || seen.runs / time >= BUSY) return pace(time, seen);
    // It slept through: at least so long, and as long as it does on average.
    const ever = pace(life, whole);
    const cycle = whole.wakes < START_UP_WAKES ? null : Math.max(life / whole.wakes, time);
    return { ...ever, cycle, load: 0 };
  }
  const ever = pace(life, whole);
  return whole.wakes < START_UP_WAKES ? { ...ever, cycle: null } : ever;
}

interface Counts {
  readonly wakes: number;
  readonly runs: number;
  readonly userTicks: number;
  readonly kernelTicks: number;
}

/** What a task did between two looks, or ever. Counters that run backwards count as nothing. */
function since(old: CapturedTask | null, task: CapturedTask, clockTicks: number): Counts {
  const more = (now: number, then: number | undefined): number => Math.max(0, now - (then ?? 0));
  const userTicks = more(task.utime, old?.utime);
  const kernelTicks = more(task.stime, old?.stime);
  const precise = task.runtime !== null && (old === null || old.runtime !== null);
  return {
    wakes: more(task.voluntary ?? 0, old?.voluntary ?? 0),
    runs: precise
      ? more(task.runtime ?? 0, old?.runtime ?? 0) / 1000
      : ((userTicks + kernelTicks) * SECOND) / clockTicks,
    userTicks,
    kernelTicks,
  };
}

function pace(time: number, { wakes, runs, userTicks, kernelTicks }: Counts): Pace {
  const ticks = userTicks + kernelTicks;
  return {
    cycle: wakes > 0 ? time / wakes : null,
    runs: runs / Math.max(1, wakes),
    load: Math.min(1, runs / time),
    inKernel: ticks >= ENOUGH_TICKS ? kernelTicks / ticks : null,
  };
}

/** The cycle that a task goes round: each sleep that was seen, and what it does when it wakes. */
function phasesOf(machine: string, sightings: readonly CapturedTask[], pace: Pace): Phase[] {
  const [task] = sightings.slice(-1) as [CapturedTask];
  const asleep = sightings.filter(({ state, trusted }) => trusted && Object.hasOwn(SLEEPS, state));
  if (asleep.length === 0 || pace.load >= BUSY) return runs(task, SECOND, pace.inKernel, []);
  const phases: Phase[] = [];
  const seen = new Set<string>();
  // The newest first: what a task does at last counts when it does only one thing.
  for (const sighting of [...asleep].reverse()) {
    const key = `${sighting.state} ${sighting.stack?.join()}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const slept = pace.cycle === null ? Infinity : pace.cycle - pace.runs;
    phases.push(sleep(machine, sighting, slept));
    phases.push(...runs(task, pace.runs, pace.inKernel, sighting.stack ?? []));
    if (slept > LONGEST_SLEEP) break;
  }
  return phases;
}

function sleep(machine: string, task: CapturedTask, time: number): Phase {
  const state = SLEEPS[task.state] as SleepState;
  const syscall = task.kind === 'user' ? syscallName(machine, task.syscall, task.stack ?? []) : undefined;
  return {
    do: 'sleep',
    for:
      time > LONGEST_SLEEP || state === 'stopped' || state === 'traced'
        ? { min: 0, max: 'forever' }
        : about(time, SLEEP_STEPS),
    state,
    stack: withScheduler(task.stack ?? []),
    ...(syscall === undefined ? {} : { syscall }),
    ...(syscall === undefined || state !== 'interruptible' ? {} : { onSignal: signalEffect(syscall) }),
  };
}

/** What a task does on a CPU, for about `time`. `sleeping` is a stack that it slept on. */
function runs(task: CapturedTask, time: number, inKernel: number | null, sleeping: readonly string[]): Phase[] {
  const kernel = (part: number): Phase => ({
    do: 'kernel',
    for: about(part, RUN_STEPS),
    stack: outermost(sleeping),
  });
  if (task.kind !== 'user') return [kernel(time)];
  const entered = time * (inKernel ?? 0);
  const user: Phase = { do: 'user', for: about(time - entered, RUN_STEPS) };
  if (entered < SEEN_IN_KERNEL) return [user];
  return entered > 0.9 * time ? [kernel(entered)] : [kernel(entered), user];
}

/**
 * The frames that are on a stack whatever the task does in the kernel: a thread's main function, or the entry of system
 * calls. Which others are is not known of a task that runs.
 */
function outermost(stack: readonly string[]): readonly string[] {
  const thread = stack.findIndex((frame) => frame === 'kthread' || frame === 'ret_from_fork');
  if (thread >= 1) return stack.slice(thread - 1);
  const entry = stack.findIndex((frame) => /^(?:do_syscall_64|el0_svc|do_el0_svc|invoke_syscall)$/.test(frame));
  return entry < 0 ? [] : stack.slice(entry);
}

/**
 * Exponentially distributed about that mean, which is rounded to one of these steps times a power of ten, so that tasks
 * that are nearly alike make one group.
 */
function about(micros: number, steps: readonly number[]): Duration {
  const mean = rounded(Math.min(micros, LONGEST_SLEEP), steps);
  return { min: 1, max: mean * 10, mean };
}

function rounded(value: number, steps: readonly number[]): number {
  if (!(value > 1)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const places = [...steps.map((step) => step * power), 10 * power];
  const distance = (place: number): number => Math.abs(Math.log(value / place));
  return Math.round(places.reduce((best, place) => (distance(place) < distance(best) ? place : best)));
}
