import { SimulatorError } from '../simulator/errno.ts';
import { RANK_STEP, RANK_WORK } from '../simulator/event-queue.ts';
import { kernelTraits } from '../simulator/kernel-traits.ts';
import { Machine } from '../simulator/machine.ts';
import type { ConsistencyModel } from '../simulator/models/model.ts';
import { prepareWorkload } from '../simulator/prepared-workload.ts';
import { hash } from '../simulator/prng.ts';
import type { Task } from '../simulator/task.ts';
import { NEVER } from '../simulator/task-class.ts';
import { makeChild } from '../simulator/task-events.ts';
import type { BlockReason, SwitchWay, Trace, TraceEvent } from '../simulator/trace.ts';
import type { Phase } from '../simulator/workload.ts';
import type { BenchHooks } from './bench-hooks.ts';
import { EVENT_LIMIT, type ModelRun } from './model.ts';
import { commonOuterFrames, patchedFrames } from './patched-frames.ts';
import { effectOnCall, isWithinReach } from './within-reach.ts';

/** The machine's own transition is not used here: the models below switch tasks themselves. */
const NOBODY: ConsistencyModel = {
  id: 'none',
  title: 'Nobody switches',
  tryTask: () => ({ kind: 'running' }),
  atPoint: () => 'nothing',
};

/**
 * The tasks of a workload, played with the same seeds as for the kernel's own model, for models that are not the
 * kernel's. A model says whom it follows, switches, holds and signals; all of it goes into one trace. A task that nobody
 * follows is looked at only when somebody asks.
 */
export class Bench {
  readonly m: Machine;
  readonly run: ModelRun;
  /** Frames of the functions that the patch replaces, of objects that are loaded. */
  readonly patched: ReadonlySet<string>;
  /** One for each CPU. */
  readonly idleTasks: readonly Task[];
  private readonly hooks: BenchHooks;
  /** One view of each living task, by id, in the order of the task list. */
  private readonly living = new Map<number, Task>();
  /** The reason that the trace told last for a task. */
  private readonly told = new Map<Task, string>();
  private readonly followed = new Set<Task>();
  private readonly held = new Set<Task>();
  /** Between SIGSTOP and SIGCONT. */
  private readonly stopped = new Set<Task>();
  private readonly timers: { readonly action: () => void; readonly lasts: boolean }[] = [];
  /** Frames of old calls that are still under way below a task that went over. */
  private readonly inOldCode = new Map<Task, readonly string[]>();
  private over = false;
  private handled = 0;

  constructor(run: ModelRun, hooks: BenchHooks) {
    this.run = run;
    this.hooks = hooks;
    this.m = new Machine({
      traits: kernelTraits(run.kernel),
      model: NOBODY,
      prepared: prepareWorkload(run.workload),
      seed: run.seed,
      symbols: null,
      recordAll: true,
    });
    this.patched = patchedFrames(run.image, run.workload);
    this.m.tasks.forEach((task) => {
      this.living.set(task.id, task);
    });
    this.idleTasks = this.m.idleTasks;
  }

  get now(): number {
    return this.m.now;
  }

  /** Tasks in the order of the task list, without idle ones. */
  get tasks(): Task[] {
    return [...this.living.values()];
  }

  emit(event: TraceEvent): void {
    this.m.emit(event);
  }

  /** Plays the model: `start` does what it does at time 0. */
  play(start: () => void): Trace {
    const { m, run } = this;
    const tasks = m.traceTasks();
    const step = { at: 0, do: 'load', image: run.image } as const;
    this.emit({ at: 0, type: 'step', index: 0, step, errno: 0 });
    this.transition('init');
    for (const task of [...this.tasks, ...this.idleTasks]) {
      task.patchState = 0;
      this.emit({ at: 0, type: 'patch-state', task: task.id, state: 0, how: 'init' });
      m.look(task);
    }
    this.transition('start');
    start();
    const stopped = this.loop();
    return {
      format: 'livepatch-trace-1',
      options: {
        kernel: run.kernel,
        model: run.model.id,
        workload: run.workload.id,
        seed: run.seed,
        timeLimit: run.timeLimit,
        assumptions: [],
      },
      tasks,
      events: m.events,
      end: m.now,
      stopped,
    };
  }

  private loop(): Trace['stopped'] {
    const { m, run } = this;
    while (!this.over || this.inOldCode.size > 0 || this.stopped.size > 0) {
      const entry = m.queue.pop();
      if (entry === undefined || entry.at > run.timeLimit) {
        m.now = run.timeLimit;
        if (!this.over) this.hooks.timeUp?.();
        return 'time-limit';
      }
      if (++this.handled > EVENT_LIMIT) return 'event-limit';
      m.now = entry.at;
      if (entry.rank === RANK_WORK) {
        const timer = this.timers[entry.id];
        if (timer !== undefined && (timer.lasts || !this.over)) timer.action();
      } else if (entry.rank !== RANK_STEP) {
        const task = this.living.get(entry.id);
        if (task?.stamp === entry.stamp && task.queued) this.taskEvent(task);
      }
    }
    return 'quiet';
  }

  /** Does something at that time (microseconds), when the model is not done before; with `lasts` also then. */
  at(time: number, action: () => void, lasts = false): void {
    if (time < this.m.now) throw new SimulatorError('a timer is due in the past');
    this.m.queue.push(time, RANK_WORK, this.timers.length, 0);
    this.timers.push({ action, lasts });
  }

  /** The model is done, for good or not: nothing is played any more but old code that is left, and signals under way. */
  finish(outcome: 'done' | 'refused'): void {
    this.over = true;
    for (const task of [...this.followed]) if (!this.inOldCode.has(task)) this.unfollow(task);
    if (outcome === 'refused') {
      this.transition('cancel');
      this.emitTransition('unpatched', 'done');
      return;
    }
    this.transition('complete');
    this.transition('done');
  }

  private transition(phase: 'init' | 'start' | 'cancel' | 'complete' | 'done'): void {
    this.emitTransition('patched', phase);
  }

  private emitTransition(
    target: 'patched' | 'unpatched',
    phase: 'init' | 'start' | 'cancel' | 'complete' | 'done',
  ): void {
    this.emit({ at: this.now, type: 'transition', patch: this.run.image.module, target, phase });
  }

  /** The innermost function of the patch on the task's stack, null when there is none. */
  onStack(task: Task, except?: ReadonlySet<string>): string | null {
    for (const frame of task.frames) if (this.patched.has(frame) && except?.has(frame) !== true) return frame;
    return null;
  }

  /** Why a task inside a function of the patch can't go over; null when it is in none. */
  inside(task: Task, except?: ReadonlySet<string>): BlockReason | null {
    const found = this.onStack(task, except);
    return found === null ? null : { kind: 'sleeping-on', function: found, original: found.replace(/ .*/, '') };
  }

  /** Whether it went over already. */
  isNew(task: Task): boolean {
    return task.patchState === 1;
  }

  /** The task goes over to the new functions. Calls of old ones that are under way are followed until they return. */
  switchTask(task: Task, how: SwitchWay): void {
    if (this.isNew(task)) throw new SimulatorError(`task ${task.id} switches twice`);
    task.patchState = 1;
    this.told.delete(task);
    const place = { phase: task.phaseIndex, stack: task.frames };
    this.emit({ at: this.now, type: 'patch-state', task: task.id, state: 1, how, place });
    if (this.onStack(task) === null) {
      this.unfollow(task);
      return;
    }
    this.inOldCode.set(task, task.frames);
    this.follow(task);
  }

  /** A look found that the task can't go over now; told when the reason changes. */
  blocked(task: Task, reason: BlockReason): void {
    const key =
      reason.kind === 'sleeping-on' ? reason.function : reason.kind === 'out-of-reach' ? reason.text : reason.kind;
    if (this.told.get(task) === key) return;
    this.told.set(task, key);
    this.emit({ at: this.now, type: 'blocked', task: task.id, reason, stack: task.frames });
  }

  /** The next look tells anew who is in the way. */
  forgetBlocked(): void {
    this.told.clear();
  }

  /** One look at all tasks. */
  pass(number: number, switched: number, remaining: number, signalled = false): void {
    this.emit({
      at: this.now,
      type: 'pass',
      patch: this.run.image.module,
      number,
      switched,
      remaining,
      signalled,
    });
  }

  /** Plays the task event by event from now on, and tells the hooks. */
  follow(task: Task): void {
    if (this.followed.has(task) || this.held.has(task)) return;
    this.m.look(task);
    this.followed.add(task);
    this.plan(task);
  }

  unfollow(task: Task): void {
    this.followed.delete(task);
    if (!task.eager) this.m.scheduleTask(task, NEVER);
  }

  /** The task stands still where it is. */
  hold(task: Task): void {
    if (this.held.has(task)) return;
    this.held.add(task);
    this.followed.delete(task);
    this.m.scheduleTask(task, NEVER);
    this.emit({ at: this.now, type: 'stand-still', task: task.id, on: true });
  }

  isHeld(task: Task): boolean {
    return this.held.has(task);
  }

  releaseAll(): void {
    for (const task of this.held) this.emit({ at: this.now, type: 'stand-still', task: task.id, on: false });
    this.held.clear();
  }

  /** All CPUs do nothing else until `on` is false. */
  stopMachine(on: boolean): void {
    this.emit({ at: this.now, type: 'stand-still', task: null, on });
  }

  /** Microseconds from a wake-up or an interrupt until the task has left the kernel. */
  latency(task: Task): number {
    return 20 + (hash(this.m.seed, task.id, this.now) % 180);
  }

  /**
   * Makes the task leave the kernel soon when it can be woken or interrupted: a user task in an interruptible sleep, or in
   * user space. Returns whether it was. `effect` is what a woken system call does, by default what signals do to it.
   */
  kick(task: Task, effect?: 'restarts'): boolean {
    const { phase } = task;
    if (!isWithinReach(task)) return false;
    if (phase.do === 'user') {
      this.m.scheduleTask(task, Math.min(task.phaseEnd, this.now + this.latency(task)));
      return true;
    }
    task.notifySignal = true;
    this.wake(task, effect ?? effectOnCall(phase));
    return true;
  }

  /**
   * SIGSTOP, and SIGCONT so many microseconds later: the task stands still on its way out of the kernel, with nothing of
   * the kernel's functions under way, and is out after the second. Returns whether the signal reached it.
   */
  stopAndContinue(task: Task, time: number): boolean {
    if (!isWithinReach(task)) return false;
    const { phase } = task;
    const continued = this.now + time;
    const leaves = continued + this.latency(task);
    if (phase.do === 'user') {
      task.phaseEnd = Math.max(task.phaseEnd, leaves);
    } else {
      task.notifySignal = true;
      task.wakeAt(leaves, effectOnCall(phase));
    }
    this.m.scheduleTask(task, leaves);
    this.emit({ at: this.now, type: 'stand-still', task: task.id, on: true });
    this.stopped.add(task);
    this.at(Math.min(this.now + this.latency(task), continued), () => {
      if (this.stopped.has(task)) task.frames = [];
    });
    this.at(continued, () => this.letContinue(task), true);
    return true;
  }

  private letContinue(task: Task): void {
    if (this.stopped.delete(task)) this.emit({ at: this.now, type: 'stand-still', task: task.id, on: false });
  }

  /** Ends the task's sleep in some microseconds. */
  wake(task: Task, effect: 'restarts' | 'EINTR' | null): void {
    task.wakeAt(this.now + this.latency(task), effect);
    this.m.scheduleTask(task, task.phaseEnd);
  }

  private plan(task: Task): void {
    if (!task.alive || this.held.has(task)) return;
    let at = task.eager || this.followed.has(task) ? task.phaseEnd : NEVER;
    if (this.followed.has(task) && task.phase.do === 'user' && this.m.hasTick(task)) {
      at = Math.min(at, this.now + 1 + (hash(this.m.seed, task.id, this.now) % this.m.tick));
    }
    this.m.scheduleTask(task, at);
  }

  private taskEvent(task: Task): void {
    task.queued = false;
    if (task.phaseEnd <= this.now) this.endPhase(task);
    else if (task.phase.do === 'user') this.left(task);
    if (task.alive) this.plan(task);
  }

  private endPhase(task: Task): void {
    const { m } = this;
    for (let steps = 0; steps <= task.behaviour.phases.length && task.phaseEnd <= m.now; steps++) {
      const { phase, leftKernel } = task.next(m.now);
      if (phase.do === 'fork') this.fork(task, phase);
      if (leftKernel) this.left(task);
      // Held at the boundary, with nothing on its stack.
      if (this.held.has(task)) return;
      if (phase.do === 'exit') {
        this.exit(task);
        return;
      }
      m.readStack(task);
      if (!leftKernel) this.wentOn(task);
      else if (this.followed.has(task)) this.hooks.cameBack?.(task);
    }
  }

  private left(task: Task): void {
    task.notifySignal = false;
    task.frames = [];
    if (this.inOldCode.has(task)) this.leaveOldCode(task);
    if (this.followed.has(task)) this.hooks.leftKernel?.(task);
  }

  /** What of the old calls is still under way: the outer frames that its stack has kept. */
  private wentOn(task: Task): void {
    const before = this.inOldCode.get(task);
    if (before !== undefined) {
      const kept = commonOuterFrames(before, task.frames);
      if (kept.some((frame) => this.patched.has(frame))) this.inOldCode.set(task, kept);
      else this.leaveOldCode(task);
    }
    if (this.followed.has(task)) this.hooks.phaseChanged?.(task);
  }

  private leaveOldCode(task: Task): void {
    this.inOldCode.delete(task);
    this.emit({ at: this.now, type: 'old-code-left', task: task.id });
    this.unfollow(task);
  }

  private fork(parent: Task, phase: Extract<Phase, { do: 'fork' }>): void {
    const { m } = this;
    const child = makeChild(m, parent, phase.childLives, phase.childComm);
    child.patchState = parent.patchState;
    this.living.set(child.id, child);
    m.follow(child);
    const state = parent.patchState;
    this.emit({ at: m.now, type: 'fork', parent: parent.id, child: child.identity(), state });
    this.hooks.forked?.(child);
  }

  private exit(task: Task): void {
    this.inOldCode.delete(task);
    this.followed.delete(task);
    this.stopped.delete(task);
    this.living.delete(task.id);
    task.alive = false;
    this.emit({ at: this.now, type: 'exit', task: task.id });
    if (!this.over) this.hooks.exited?.(task);
  }
}
