import { SimulatorError } from './errno.ts';
import { Prng } from './prng.ts';
import type { PatchState, TraceTask } from './trace.ts';
import type { Behaviour, Duration, Phase, TaskGroup } from './workload.ts';

/** Longer and later than any run lasts; adding it to a time still gives an exact integer. */
export const NEVER = 2 ** 52;

/**
 * After this many phases that nobody looked at, a task is put at a random point of its cycle instead of being played
 * through: what it did meanwhile can't be seen.
 */
const UNSEEN_PHASES_LIMIT = 4;

/** What a task does when its phase ends. */
export interface Boundary {
  readonly phase: Phase;
  /** It returned to user space on the way: nothing of the kernel is on its stack at that moment. */
  readonly leftKernel: boolean;
}

/** One thread. What it does is worked out only when somebody looks, up to the time at which he does. */
export class Task {
  readonly id: number;
  readonly comm: string;
  readonly kind: TraceTask['kind'];
  readonly group: number | null;
  readonly behaviour: Behaviour;
  /** CPUs that it may run on; null for any. */
  readonly cpus: readonly number[] | null;
  /** Its forks and exits can be seen in the trace: it is played through in order, event by event. */
  eager: boolean;
  /** Whether it is so for ever, and not until what a step made it do has happened. */
  readonly alwaysEager: boolean;
  readonly random: Prng;

  /** task->patch_state */
  patchState: PatchState = -1;
  /** TIF_PATCH_PENDING */
  patchPending = false;
  /** TIF_NOTIFY_SIGNAL */
  notifySignal = false;
  alive = true;
  /** What a signal does to it as soon as it is on its way back to user space. */
  fate: 'exits' | 'stops' | null = null;

  /** Microseconds at which the present phase ends; below 0 before the first look. */
  phaseEnd = -1;
  /** What the present phase shows on the stack, with replaced functions under their new names. Innermost first. */
  frames: readonly string[] = [];
  /** The reason that the trace told last for its being blocked. */
  told: string | null = null;
  /** Stamp of its newest entry in the event queue. */
  stamp = 0;
  /** Whether that entry is still to come. */
  queued = false;

  private index = 0;
  /** What it does instead of its present phase: it is stopped. */
  private instead: Phase | null = null;
  /** What a wake-up did to its system call, until its phase ends. */
  private interrupted: 'restarts' | 'EINTR' | null = null;
  /** When an interrupted call that restarts would have ended anyway: its time-out goes on. */
  private resumeUntil = 0;

  constructor(
    identity: TraceTask,
    behaviour: Behaviour,
    options: { seed: number; cpus: readonly number[] | null; eager: boolean },
  ) {
    this.id = identity.id;
    this.comm = identity.comm;
    this.kind = identity.kind;
    this.group = identity.group;
    this.behaviour = behaviour;
    this.cpus = options.cpus;
    this.eager = options.eager;
    this.alwaysEager = options.eager;
    this.random = new Prng(options.seed, identity.id);
  }

  get phase(): Phase {
    return this.instead ?? (this.behaviour.phases[this.index] as Phase);
  }

  /** Where it is in its cycle; -1 for an idle task, which has none. */
  get phaseIndex(): number {
    return this.kind === 'idle' ? -1 : this.index;
  }

  get seen(): boolean {
    return this.phaseEnd >= 0;
  }

  identity(): TraceTask {
    return { id: this.id, comm: this.comm, kind: this.kind, group: this.group };
  }

  /**
   * Plays the task up to `now` (microseconds). Returns true when its phase changed, so that its stack must be read anew.
   */
  catchUp(now: number): boolean {
    if (this.phaseEnd > now) return false;
    if (this.eager && this.seen) {
      throw new SimulatorError(`task ${this.id} (${this.comm}) missed its event at ${this.phaseEnd}`);
    }
    if (!this.seen && this.behaviour.begins === 'first-phase') {
      this.begin(0);
    } else if (!this.seen) {
      this.beginAnywhere(now);
      return true;
    }
    for (let steps = 0; this.phaseEnd <= now; steps++) {
      if (steps === UNSEEN_PHASES_LIMIT) {
        this.beginAnywhere(now);
        break;
      }
      this.next(this.phaseEnd);
    }
    return true;
  }

  /** Begins the cycle at its first phase: a task that was just forked. */
  begin(now: number): void {
    this.index = 0;
    this.phaseEnd = now + this.draw(this.phase);
  }

  /** Ends the present phase at that time: it was woken, and `effect` is what that does to its system call. */
  wakeAt(at: number, effect: 'restarts' | 'EINTR' | null): void {
    this.resumeUntil = this.phaseEnd;
    this.interrupted = effect;
    this.phaseEnd = at;
  }

  /** Stops it: it does `phase` until goOn(). What its present phase had left is kept. */
  stop(phase: Phase): void {
    this.resumeUntil = this.phaseEnd;
    this.instead = phase;
    this.phaseEnd = NEVER;
  }

  /** Goes on with what it did when it was stopped; an interrupted system call is entered again. */
  goOn(now: number): void {
    this.instead = null;
    this.phaseEnd = Math.max(now + 1, this.resumeUntil);
  }

  get isStopped(): boolean {
    return this.instead !== null;
  }

  /**
   * Ends the present phase at `now` and begins the next one; an interrupted system call that restarts is entered again.
   * A user task that goes round its cycle, or from one system call's sleep into another's, was in user space in between.
   */
  next(now: number): Boundary {
    const from = this.phase;
    // Woken by a notify signal: whatever the system call returns, the task goes through the exit to user space.
    const signalled =
      this.kind === 'user' && this.notifySignal && from.do === 'sleep' && from.state === 'interruptible';
    const restarts = this.interrupted === 'restarts';
    this.interrupted = null;
    if (!restarts) this.index = (this.index + 1) % this.behaviour.phases.length;
    const to = this.phase;
    const leftKernel =
      this.kind === 'user' &&
      (signalled ||
        this.index === 0 ||
        to.do === 'user' ||
        to.do === 'fork' ||
        (from.do === 'sleep' && to.do === 'sleep' && !restarts));
    if (leftKernel) this.notifySignal = false;
    // TIF_NOTIFY_SIGNAL makes signal_pending() true: an interruptible sleep ends before it began.
    const returnsAtOnce =
      this.kind === 'user' && this.notifySignal && to.do === 'sleep' && to.state === 'interruptible';
    if (restarts) this.phaseEnd = Math.max(now + 1, this.resumeUntil);
    else this.phaseEnd = now + (returnsAtOnce ? 1 : this.draw(to));
    return { phase: to, leftKernel };
  }

  /** Enters a point of the cycle that is as likely as the time the task spends there. */
  private beginAnywhere(now: number): void {
    this.notifySignal = false;
    const { phases } = this.behaviour;
    let total = 0;
    let forever = -1;
    for (let i = 0; i < phases.length; i++) {
      const expected = expectedTime(phases[i] as Phase);
      if (expected === NEVER) forever = i;
      else total += expected;
    }
    if (forever >= 0) {
      this.index = forever;
      this.phaseEnd = NEVER;
      return;
    }
    if (total <= 0) throw new SimulatorError(`task ${this.id} (${this.comm}) has a cycle that takes no time`);
    let point = this.random.below(total);
    this.index = 0;
    for (let i = 0; i < phases.length; i++) {
      const expected = expectedTime(phases[i] as Phase);
      if (point < expected) {
        this.index = i;
        break;
      }
      point -= expected;
    }
    const drawn = this.draw(this.phase);
    // The rest of an exponential duration is exponential again; of an even one some part is over.
    this.phaseEnd = now + (duration(this.phase)?.mean === undefined ? 1 + this.random.below(drawn) : drawn);
  }

  /** Microseconds, at least 1 except for a fork, which takes no time. */
  private draw(phase: Phase): number {
    const time = duration(phase);
    if (time === null) return 0;
    if (time.max === 'forever' && time.mean === undefined) return NEVER;
    const max = time.max === 'forever' ? NEVER : time.max;
    const drawn =
      time.mean === undefined
        ? this.random.between(time.min, max)
        : time.min + this.random.exponential(time.mean - time.min);
    return Math.max(1, Math.min(drawn, max));
  }
}

function duration(phase: Phase): Duration | null {
  return phase.do === 'fork' || phase.do === 'exit' ? null : phase.for;
}

function expectedTime(phase: Phase): number {
  const time = duration(phase);
  if (time === null) return 0;
  if (time.mean !== undefined) return Math.max(1, time.mean);
  if (time.max === 'forever') return NEVER;
  return Math.max(1, Math.floor((time.min + time.max) / 2));
}

/** Whether the group's forks and exits show in a trace. */
export function isEager(group: TaskGroup): boolean {
  return group.behaviour.phases.some((phase) => phase.do === 'fork' || phase.do === 'exit');
}
