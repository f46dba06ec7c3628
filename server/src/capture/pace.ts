import type { CapturedTask } from './capture-format.ts';

export const SECOND = 1_000_000;
/** A task that was on a CPU for this part of the time is taken as one that always runs. */
export const BUSY = 0.95;
/**
 * Every program sleeps and wakes a few times before it does what it is there for. Who has not done so more often, and was
 * not seen to wake, is taken as asleep for good.
 */
const START_UP_WAKES = 10;
/** Clock ticks below which user and kernel time are not told apart. */
const ENOUGH_TICKS = 5;

/** A task in one sample. */
export interface Sighting {
  readonly task: CapturedTask;
  /** Of the sample, in seconds since boot. */
  readonly uptime: number;
}

/** How a task lives, over the time between two samples. Microseconds. */
export interface Pace {
  /** From one wake-up to the next; null when it was never seen to wake. */
  readonly cycle: number | null;
  /** Of which it is on a CPU. */
  readonly runs: number;
  /** Part of the time that it is on a CPU, 0 to 1. */
  readonly load: number;
  /** Part of its CPU time that is spent in the kernel, 0 to 1; null: not known. */
  readonly inKernel: number | null;
}

/**
 * From the first and the last look at a task, or from its whole life when it was seen once or did not wake in between.
 *
 * @param sightings at least one, the earliest first
 * @param seenOften whether the recording has more than one sample
 */
export function paceOf(sightings: readonly Sighting[], clockTicks: number, seenOften: boolean): Pace {
  const [first] = sightings as [Sighting];
  const last = sightings[sightings.length - 1] as Sighting;
  const age = Math.max(0, last.uptime - last.task.started / clockTicks);
  const life = Math.max(1, age * SECOND);
  const whole = since(null, last.task, clockTicks);
  const ever = pace(life, whole);
  if (first === last) return seenOften || whole.wakes >= START_UP_WAKES ? ever : { ...ever, cycle: null };
  const time = Math.max(1, (last.uptime - first.uptime) * SECOND);
  const seen = since(first.task, last.task, clockTicks);
  if (seen.wakes > 0 || seen.runs / time >= BUSY) return pace(time, seen);
  // It slept through: at least so long, and as long as it does on average.
  const cycle = whole.wakes < START_UP_WAKES ? null : Math.max(life / whole.wakes, time);
  return { ...ever, cycle, load: 0 };
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
