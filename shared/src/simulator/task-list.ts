import { Prng } from './prng.ts';
import { Task, UNSEEN } from './task.ts';
import type { TaskClass } from './task-class.ts';
import type { BlockReason, PatchState } from './trace.ts';
import type { Phase } from './workload.ts';

/** What steps and signals did to a task; most tasks never have it. */
export interface Disturbance {
  /** What it does instead of its present phase: it is stopped. */
  instead: Phase | null;
  /** What a wake-up did to its system call, until its phase ends. */
  interrupted: 'restarts' | 'EINTR' | null;
  /** When an interrupted call that restarts would have ended anyway: its time-out goes on. */
  resumeUntil: number;
  /** What a signal does to it as soon as it is on its way back to user space. */
  fate: 'exits' | 'stops' | null;
}

/** What is known of each task, by its row. */
function makeColumns(rows: number) {
  return {
    /** Place in the list of classes. */
    class: new Int32Array(rows),
    /** CPU that it is bound to, -1 for any. */
    cpu: new Int32Array(rows),
    /** task->patch_state */
    patchState: new Int8Array(rows),
    /** TIF_PATCH_PENDING */
    patchPending: new Uint8Array(rows),
    /** TIF_NOTIFY_SIGNAL */
    notifySignal: new Uint8Array(rows),
    alive: new Uint8Array(rows),
    eager: new Uint8Array(rows),
    /** Whether it was on a CPU at the last look of a pass. */
    onCpu: new Uint8Array(rows),
    /** Whether it has a Disturbance. */
    disturbed: new Uint8Array(rows),
    /** Whether its newest entry in the event queue is still to come. */
    queued: new Uint8Array(rows),
    /** Stamp of that entry. */
    stamp: new Int32Array(rows),
    /** Place in its cycle. */
    index: new Int32Array(rows),
    /** Microseconds at which the present phase ends; see UNSEEN and UNDRAWN. */
    phaseEnd: new Float64Array(rows),
    /** How many random numbers it has drawn. */
    drawn: new Int32Array(rows),
  };
}

type Columns = ReturnType<typeof makeColumns>;

const NO_FRAMES: readonly string[] = [];

/**
 * The task list, with a column for each thing that is known of a task: a machine may have a million of them, and a million
 * objects with all that cost more than what they do. A Task is the view of one row. Idle tasks have the first rows, in the order of
 * CPUs, then come the others in the order of pids, which count up from 1. Rows of dead tasks stay.
 */
export class TaskList {
  columns: Columns;
  private rows = 0;
  private readonly views: (Task | undefined)[];
  private readonly cpus: number;
  private readonly classes: TaskClass[] = [];
  /** By row, as are the other columns, which hold numbers. */
  readonly frames: (readonly string[])[];
  readonly told: (BlockReason | null)[];
  private readonly disturbances = new Map<number, Disturbance>();
  private readonly random: Prng;

  /** Idle tasks of these classes, one for each CPU, and room for `expected` others. */
  constructor(seed: number, idleClasses: readonly TaskClass[], expected: number) {
    this.cpus = idleClasses.length;
    this.random = new Prng(seed, 0);
    const rows = this.cpus + expected;
    this.columns = makeColumns(rows);
    this.views = new Array<Task | undefined>(rows).fill(undefined);
    this.frames = new Array<readonly string[]>(rows).fill(NO_FRAMES);
    this.told = new Array<BlockReason | null>(rows).fill(null);
    idleClasses.forEach((idleClass, cpu) => {
      this.add(idleClass, 1, [cpu]);
    });
  }

  /**
   * New tasks at the end of the list; `cpus` are those that they are bound to, one each in turn, null when they may run on
   * any. Returns the first one's id; the others follow it.
   */
  add(taskClass: TaskClass, count: number, cpus: readonly number[] | null): number {
    const from = this.rows;
    const to = from + count;
    this.rows = to;
    if (to > this.columns.cpu.length) this.grow(to);
    const { columns } = this;
    columns.class.fill(this.classes.push(taskClass) - 1, from, to);
    columns.cpu.fill(-1, from, to);
    if (cpus !== null) for (let i = 0; i < count; i++) columns.cpu[from + i] = cpus[i % cpus.length] ?? 0;
    columns.patchState.fill(-1, from, to);
    columns.alive.fill(1, from, to);
    columns.eager.fill(taskClass.eager ? 1 : 0, from, to);
    columns.phaseEnd.fill(UNSEEN, from, to);
    while (this.views.length < to) {
      this.views.push(undefined);
      this.frames.push(NO_FRAMES);
      this.told.push(null);
    }
    return this.idOf(from);
  }

  private grow(rows: number): void {
    const old = this.columns;
    const bigger = makeColumns(rows * 2);
    for (const name of Object.keys(old) as (keyof Columns)[]) bigger[name].set(old[name]);
    this.columns = bigger;
  }

  /** pid, or -1 - CPU for an idle task. */
  idOf(row: number): number {
    return row < this.cpus ? -1 - row : row - this.cpus + 1;
  }

  /** What kind of task that is or was. */
  classById(id: number): TaskClass {
    return this.classOf(this.rowOf(id));
  }

  private rowOf(id: number): number {
    return id < 0 ? -1 - id : id + this.cpus - 1;
  }

  /** The living task of that id. */
  find(id: number): Task | undefined {
    const row = this.rowOf(id);
    return this.columns.alive[row] === 1 ? this.at(row) : undefined;
  }

  /** The first living task, without the idle ones, that is as asked for. */
  findFirst(isIt: (task: Task) => boolean): Task | undefined {
    for (let row = this.cpus; row < this.rows; row++) {
      const task = this.at(row);
      if (task.alive && isIt(task)) return task;
    }
    return undefined;
  }

  private at(row: number): Task {
    let view = this.views[row];
    if (view === undefined) {
      view = new Task(this, row);
      this.views[row] = view;
    }
    return view;
  }

  /** The same as forEach(). */
  *[Symbol.iterator](): IterableIterator<Task> {
    for (let row = this.cpus; row < this.rows; row++) if (this.columns.alive[row] === 1) yield this.at(row);
  }

  /** Living tasks without the idle ones, in the order of the list. */
  forEach(visit: (task: Task) => void): void {
    for (let row = this.cpus; row < this.rows; row++) {
      if (this.columns.alive[row] === 1) visit(this.at(row));
    }
  }

  /** First all others, then the idle tasks: the order in which livepatch goes over them. */
  forAll(visit: (task: Task) => void): void {
    this.forEach(visit);
    for (let row = 0; row < this.cpus; row++) visit(this.at(row));
  }

  /** Gives every task that patch_state and forgets what the trace told of their being blocked. */
  setPatchStates(state: PatchState): void {
    this.columns.patchState.fill(state, 0, this.rows);
    this.told.fill(null);
  }

  classOf(row: number): TaskClass {
    return this.classes[this.columns.class[row] as number] as TaskClass;
  }

  /** Its stream of random numbers, at the place where the task left it; `columns.drawn` is to be kept up to date. */
  enterStream(row: number): Prng {
    this.random.enter(this.idOf(row), this.columns.drawn[row] as number);
    return this.random;
  }

  disturbance(row: number): Disturbance | undefined {
    return this.columns.disturbed[row] === 0 ? undefined : this.disturbances.get(row);
  }

  /** The same, made when there is none yet. */
  disturb(row: number): Disturbance {
    let disturbance = this.disturbances.get(row);
    if (disturbance === undefined) {
      disturbance = { instead: null, interrupted: null, resumeUntil: 0, fate: null };
      this.disturbances.set(row, disturbance);
      this.columns.disturbed[row] = 1;
    }
    return disturbance;
  }
}
