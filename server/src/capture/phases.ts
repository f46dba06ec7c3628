import { signalEffect } from '../../../shared/src/simulator/system-calls.ts';
import type { Duration, Phase, SleepState } from '../../../shared/src/simulator/workload.ts';
import type { CapturedTask } from './capture-format.ts';
import { BUSY, type Pace, SECOND } from './pace.ts';
import { withScheduler } from './scheduler-frames.ts';
import { syscallName } from './syscall-names.ts';

/** Whoever sleeps longer than that is taken as asleep for good: no transition waits so long for a wake-up. */
const LONGEST_SLEEP = 3600 * SECOND;
/** A stay in the kernel, in microseconds, that a look now and then has a chance to meet. */
const SEEN_IN_KERNEL = 1000;
const SLEEP_STEPS = [1, 3];
const RUN_STEPS = [1];

/** /proc/PID/stat's letters of those that sleep: TASK_KILLABLE shows as D. Parked threads (P) wait as if for a disk. */
const SLEEPS: Readonly<Record<string, SleepState>> = {
  S: 'interruptible',
  D: 'uninterruptible',
  I: 'idle',
  P: 'uninterruptible',
  T: 'stopped',
  t: 'traced',
};

/** A place where a task was seen asleep. */
interface Place {
  readonly task: CapturedTask;
  /** How often. */
  count: number;
}

/** Where a task was seen asleep, most often first, then newest first. */
function placesOf(looks: readonly CapturedTask[]): Place[] {
  const places = new Map<string, Place>();
  for (const task of [...looks].reverse()) {
    if (!task.trusted || !Object.hasOwn(SLEEPS, task.state)) continue;
    const key = `${task.state} ${task.syscall} ${task.stack?.join()}`;
    const place = places.get(key) ?? { task, count: 0 };
    places.set(key, place);
    place.count++;
  }
  return [...places.values()].sort((a, b) => b.count - a.count);
}

/** The look at a task that shows what it does most: asleep where it was seen most often, or running. */
export function typicalLook(looks: readonly CapturedTask[]): CapturedTask {
  return placesOf(looks)[0]?.task ?? (looks[looks.length - 1] as CapturedTask);
}

/**
 * The cycle that a task goes round: each sleep that was seen, and what it does when it wakes. How often a task was seen in
 * a sleep says how much of its time it spends there.
 *
 * @param looks at this task, or at tasks that are alike; the earliest first
 */
export function phasesOf(machine: string, looks: readonly CapturedTask[], pace: Pace): Phase[] {
  const places = placesOf(looks);
  const newest = looks[looks.length - 1] as CapturedTask;
  if (places.length === 0 || pace.load >= BUSY) {
    // It gave its CPU up for nobody and was never caught in the kernel: nothing is known that would make it enter it.
    if (newest.kind === 'user' && pace.cycle === null && pace.inKernel === 0) return [COMPUTES];
    return runs(newest, SECOND, pace.inKernel, []);
  }
  const asleep = places.reduce((sum, { count }) => sum + count, 0);
  const phases: Phase[] = [];
  for (const { task, count } of places) {
    const slept = pace.cycle === null ? Infinity : (pace.cycle - pace.runs) * places.length * (count / asleep);
    phases.push(sleep(machine, task, slept));
    phases.push(...runs(newest, pace.runs, pace.inKernel, task.stack ?? []));
    if (slept > LONGEST_SLEEP) break;
  }
  return phases;
}

const COMPUTES: Phase = { do: 'user', for: { min: 0, max: 'forever' } };

/** What a process does that ends after about `lives` microseconds. */
export function phasesUntilExit(machine: string, looks: readonly CapturedTask[], lives: number): Phase[] {
  const places = placesOf(looks);
  const [place] = places;
  const asleep = places.reduce((sum, { count }) => sum + count, 0);
  const life = about(lives, SLEEP_STEPS);
  if (place === undefined || asleep < looks.length / 2) return [{ do: 'user', for: life }, { do: 'exit' }];
  return [{ ...(sleep(machine, place.task, lives) as Phase & { do: 'sleep' }), for: life }, { do: 'exit' }];
}

/** A process that another one starts every now and then. */
export interface Child {
  readonly comm: string;
  /** Microseconds, on average. */
  readonly lives: number;
  /** How many of them one parent starts in a microsecond. */
  readonly rate: number;
}

/** More would say nothing more, and cost time. */
const MOST_FORKS = 20;

/**
 * A parent's cycle with its children in it. A parent that was not seen to wake as often as it has children wakes for each of
 * them here.
 */
export function withChildren(phases: readonly Phase[], children: readonly Child[]): Phase[] {
  const fastest = Math.max(...children.map(({ rate }) => rate));
  const round = phases.reduce((sum, phase) => sum + meanOf(phase), 0);
  const wanted = round * fastest < 0.5 || !Number.isFinite(round) ? 1 / fastest : round;
  const stretched = phases.map((phase): Phase => {
    if (phase.do !== 'sleep' || wanted === round) return phase;
    const share = Number.isFinite(round) ? meanOf(phase) / round : 1;
    // Not rounded: how many are started depends on it.
    const mean = Math.max(1, Math.round(Math.min(wanted * share, LONGEST_SLEEP)));
    return { ...phase, for: { min: 1, max: mean * 10, mean } };
  });
  const forks = children.flatMap(({ comm, lives, rate }): Phase[] =>
    Array.from({ length: Math.min(MOST_FORKS, Math.round(rate * wanted)) }, () => ({
      do: 'fork',
      childComm: comm,
      childLives: about(lives, SLEEP_STEPS),
    })),
  );
  return [...stretched, ...forks];
}

function meanOf(phase: Phase): number {
  if (phase.do === 'fork' || phase.do === 'exit') return 0;
  return phase.for.max === 'forever' ? Infinity : (phase.for.mean ?? phase.for.max);
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
