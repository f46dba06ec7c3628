import { SimulatorError } from './errno.ts';
import type { Prng } from './prng.ts';
import { NEVER, type PhaseTime, type TaskClass } from './task-class.ts';
import type { TaskList } from './task-list.ts';
import type { BlockReason, PatchState, TraceTask } from './trace.ts';
import type { Behaviour, Phase } from './workload.ts';

/**
 * After this many phases that nobody looked at, a task is put at a random point of its cycle instead of being played
 * through: what it did meanwhile can't be seen.
 */
const UNSEEN_PHASES_LIMIT = 4;

/** In the column of phases' ends: nobody has looked at the task yet. */
export const UNSEEN = -1;
/** There: UNDRAWN - T says that it was put somewhere into its cycle at T, and that the end is not drawn yet. */
const UNDRAWN = -2;

/** What a task does when its phase ends. */
export interface Boundary {
  readonly phase: Phase;
  /** It returned to user space on the way: nothing of the kernel is on its stack at that moment. */
  readonly leftKernel: boolean;
}

/**
 * One thread: the view of its row in the task list. What it does is worked out only when somebody looks, up to the time at
 * which he does.
 */
export class Task {
  private readonly list: TaskList;
  private readonly row: number;

  constructor(list: TaskList, row: number) {
    this.list = list;
    this.row = row;
  }

  /** pid, or -1 - CPU for an idle task. */
  get id(): number {
    return this.list.idOf(this.row);
  }

  get taskClass(): TaskClass {
    return this.list.classOf(this.row);
  }

  get comm(): string {
    return this.taskClass.comm;
  }

  get kind(): TraceTask['kind'] {
    return this.taskClass.kind;
  }

  get group(): number | null {
    return this.taskClass.group;
  }

  get behaviour(): Behaviour {
    return this.taskClass.behaviour;
  }

  identity(): TraceTask {
    const { comm, kind, group } = this.taskClass;
    return { id: this.id, comm, kind, group };
  }

  /** CPU that it is bound to; null for any. */
  get cpu(): number | null {
    const cpu = this.list.columns.cpu[this.row] as number;
    return cpu < 0 ? null : cpu;
  }

  /** task->patch_state */
  get patchState(): PatchState {
    return this.list.columns.patchState[this.row] as PatchState;
  }
  set patchState(state: PatchState) {
    this.list.columns.patchState[this.row] = state;
  }

  /** TIF_PATCH_PENDING */
  get patchPending(): boolean {
    return this.list.columns.patchPending[this.row] === 1;
  }
  set patchPending(pending: boolean) {
    this.list.columns.patchPending[this.row] = pending ? 1 : 0;
  }

  /** TIF_NOTIFY_SIGNAL */
  get notifySignal(): boolean {
    return this.list.columns.notifySignal[this.row] === 1;
  }
  set notifySignal(notify: boolean) {
    this.list.columns.notifySignal[this.row] = notify ? 1 : 0;
  }

  get alive(): boolean {
    return this.list.columns.alive[this.row] === 1;
  }
  set alive(alive: boolean) {
    this.list.columns.alive[this.row] = alive ? 1 : 0;
  }

  /** task_curr(), as of the last look of a pass. */
  get onCpu(): boolean {
    return this.list.columns.onCpu[this.row] === 1;
  }
  set onCpu(onCpu: boolean) {
    this.list.columns.onCpu[this.row] = onCpu ? 1 : 0;
  }

  /** It is played through in order, event by event: what it does shows in the trace. */
  get eager(): boolean {
    return this.list.columns.eager[this.row] === 1;
  }
  set eager(eager: boolean) {
    this.list.columns.eager[this.row] = eager ? 1 : 0;
  }

  /** Microseconds at which the present phase ends; below 0 before the first look. */
  get phaseEnd(): number {
    const end = this.list.columns.phaseEnd[this.row] as number;
    if (end >= UNSEEN) return end;
    this.drawPlace(UNDRAWN - end);
    return this.list.columns.phaseEnd[this.row] as number;
  }
  set phaseEnd(at: number) {
    this.list.columns.phaseEnd[this.row] = at;
  }

  get seen(): boolean {
    return this.list.columns.phaseEnd[this.row] !== UNSEEN;
  }

  /** What the present phase shows on the stack, with replaced functions under their new names. Innermost first. */
  get frames(): readonly string[] {
    return this.list.frames[this.row] as readonly string[];
  }
  set frames(frames: readonly string[]) {
    this.list.frames[this.row] = frames;
  }

  /** The reason that the trace told last for its being blocked. */
  get told(): BlockReason | null {
    return this.list.told[this.row] ?? null;
  }
  set told(reason: BlockReason | null) {
    this.list.told[this.row] = reason;
  }

  /** Stamp of its newest entry in the event queue. */
  get stamp(): number {
    return this.list.columns.stamp[this.row] as number;
  }
  set stamp(stamp: number) {
    this.list.columns.stamp[this.row] = stamp;
  }

  /** Whether that entry is still to come. */
  get queued(): boolean {
    return this.list.columns.queued[this.row] === 1;
  }
  set queued(queued: boolean) {
    this.list.columns.queued[this.row] = queued ? 1 : 0;
  }

  /** What a signal does to it as soon as it is on its way back to user space. */
  get fate(): 'exits' | 'stops' | null {
    return this.list.disturbance(this.row)?.fate ?? null;
  }
  set fate(fate: 'exits' | 'stops' | null) {
    if (fate !== this.fate) this.list.disturb(this.row).fate = fate;
  }

  get isStopped(): boolean {
    return this.list.disturbance(this.row)?.instead != null;
  }

  get phase(): Phase {
    return this.list.disturbance(this.row)?.instead ?? (this.behaviour.phases[this.index] as Phase);
  }

  /** Where it is in its cycle; -1 for an idle task, which has none. */
  get phaseIndex(): number {
    return this.kind === 'idle' ? -1 : this.index;
  }

  private get index(): number {
    return this.list.columns.index[this.row] as number;
  }
  private set index(index: number) {
    this.list.columns.index[this.row] = index;
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
    this.phaseEnd = now + this.lasts();
  }

  /** Ends the present phase at that time: it was woken, and `effect` is what that does to its system call. */
  wakeAt(at: number, effect: 'restarts' | 'EINTR' | null): void {
    const end = this.phaseEnd;
    if (effect !== null || this.list.disturbance(this.row) !== undefined) {
      const disturbance = this.list.disturb(this.row);
      disturbance.resumeUntil = end;
      disturbance.interrupted = effect;
    }
    this.phaseEnd = at;
  }

  /** Stops it: it does `phase` until goOn(). What its present phase had left is kept. */
  stop(phase: Phase): void {
    const disturbance = this.list.disturb(this.row);
    disturbance.resumeUntil = this.phaseEnd;
    disturbance.instead = phase;
    this.phaseEnd = NEVER;
  }

  /** Goes on with what it did when it was stopped; an interrupted system call is entered again. */
  goOn(now: number): void {
    const disturbance = this.list.disturb(this.row);
    disturbance.instead = null;
    this.phaseEnd = Math.max(now + 1, disturbance.resumeUntil);
  }

  /**
   * Ends the present phase at `now` and begins the next one; an interrupted system call that restarts is entered again.
   * A user task that goes round its cycle, or from one system call's sleep into another's, was in user space in between.
   */
  next(now: number): Boundary {
    const from = this.phase;
    const isUser = this.kind === 'user';
    // Woken by a notify signal: whatever the system call returns, the task goes through the exit to user space.
    const signalled = isUser && this.notifySignal && from.do === 'sleep' && from.state === 'interruptible';
    const disturbance = this.list.disturbance(this.row);
    const restarts = disturbance?.interrupted === 'restarts';
    if (disturbance !== undefined) disturbance.interrupted = null;
    if (!restarts) this.index = (this.index + 1) % this.behaviour.phases.length;
    const to = this.phase;
    const leftKernel =
      isUser &&
      (signalled ||
        this.index === 0 ||
        to.do === 'user' ||
        to.do === 'fork' ||
        (from.do === 'sleep' && to.do === 'sleep' && !restarts));
    if (leftKernel) this.notifySignal = false;
    // TIF_NOTIFY_SIGNAL makes signal_pending() true: an interruptible sleep ends before it began.
    const returnsAtOnce = isUser && this.notifySignal && to.do === 'sleep' && to.state === 'interruptible';
    if (restarts) this.phaseEnd = Math.max(now + 1, disturbance?.resumeUntil ?? 0);
    else this.phaseEnd = now + (returnsAtOnce ? 1 : this.lasts());
    return { phase: to, leftKernel };
  }

  /** Enters a point of the cycle that is as likely as the time the task spends there; its end is drawn when it is asked for. */
  private beginAnywhere(now: number): void {
    this.notifySignal = false;
    const { cycleTime, endless, expected } = this.taskClass;
    if (endless >= 0) {
      this.index = endless;
      this.phaseEnd = NEVER;
      return;
    }
    if (cycleTime <= 0) throw new SimulatorError(`task ${this.id} (${this.comm}) has a cycle that takes no time`);
    if (expected.length > 1) this.index = pointOf(expected, this.list.enterStream(this.row).below(cycleTime));
    this.phaseEnd = UNDRAWN - now;
  }

  /** The same with the end of that phase. Most tasks never need it: they are asleep, and switch when they are looked at. */
  private drawPlace(now: number): void {
    const { cycleTime, expected, times } = this.taskClass;
    const random = this.list.enterStream(this.row);
    this.index = pointOf(expected, random.below(cycleTime));
    const time = times[this.index] ?? null;
    const drawn = draw(time, random);
    // The rest of an exponential duration is exponential again; of an even one some part is over.
    this.phaseEnd = now + (time === null || time.mean === null ? 1 + random.below(drawn) : drawn);
    this.list.columns.drawn[this.row] = random.drawn;
  }

  /** How long the phase that it begins now takes, in microseconds. */
  private lasts(): number {
    const random = this.list.enterStream(this.row);
    const drawn = draw(this.taskClass.times[this.index] ?? null, random);
    this.list.columns.drawn[this.row] = random.drawn;
    return drawn;
  }
}

/** The phase that is under way when so much of the cycle (microseconds) is over. */
function pointOf(expected: readonly number[], point: number): number {
  let rest = point;
  for (let i = 0; i < expected.length; i++) {
    const time = expected[i] as number;
    if (rest < time) return i;
    rest -= time;
  }
  return 0;
}

/** Microseconds, at least 1 except for what takes no time. */
function draw(time: PhaseTime | null, random: Prng): number {
  if (time === null) return 0;
  const { min, max, mean } = time;
  if (max === NEVER && mean === null) return NEVER;
  const drawn = mean === null ? random.between(min, max) : min + random.exponential(mean - min);
  return Math.max(1, Math.min(drawn, max));
}
