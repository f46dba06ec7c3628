import { SimulatorError } from './errno.ts';
import { EventQueue, RANK_IDLE_TASK, RANK_TASK, RANK_WORK } from './event-queue.ts';
import type { KernelTraits } from './kernel-traits.ts';
import type { LateExit } from './late-exits.ts';
import { type LoadedModule, makeModule } from './loaded-module.ts';
import type { ConsistencyModel } from './models/model.ts';
import type { PreparedWorkload } from './prepared-workload.ts';
import { hash, Prng } from './prng.ts';
import { ShadowVariables } from './shadow.ts';
import type { Attached } from './shadow-life.ts';
import type { StackSearch } from './stack-search.ts';
import type { KlpObject, KlpOps, KlpPatch } from './structures.ts';
import type { SymbolTable } from './symbols.ts';
import type { Task } from './task.ts';
import { NEVER, type TaskClass } from './task-class.ts';
import { TaskList } from './task-list.ts';
import type { PatchState, TraceEvent, TraceTask } from './trace.ts';
import type { FrameChecks } from './transition.ts';
import type { Phase, TaskGroup, Workload } from './workload.ts';

/** The one transition that may run (klp_transition_patch, klp_target_state and what belongs to them). */
export interface Transition {
  readonly patch: KlpPatch;
  target: 0 | 1;
  /** The state that tasks had when it began; a reversal does not change it. */
  readonly initial: 0 | 1;
  /** klp_signals_cnt */
  signalsCount: number;
  /** Passes since the transition began or was reversed. */
  passes: number;
  /** klp_start_transition() ran: tasks have their flags. */
  started: boolean;
  /** All tasks have the target state: the functions may change below them. */
  completing: boolean;
  /** What tasks that have not switched run, by the original's frame: it must not change before they are all gone. */
  readonly oldVersions: Map<string, string>;
  /** Tasks that still have to switch, in the order of the task list; those that switched meanwhile are skipped. */
  waiting: Task[];
}

export interface MachineOptions {
  readonly traits: KernelTraits;
  readonly model: ConsistencyModel;
  readonly prepared: PreparedWorkload;
  readonly seed: number;
  readonly symbols: SymbolTable | null;
  /** False leaves out what only a full trace needs, for forecasts over many seeds. What happens is the same. */
  readonly recordAll: boolean;
  /** Whether the trace says where tasks were when they switched; absent: no. */
  readonly observe?: boolean;
}

const MICROSECONDS = 1_000_000;

/** The machine: its clock, its tasks and modules, livepatch's state and what is due. */
export class Machine {
  readonly traits: KernelTraits;
  readonly model: ConsistencyModel;
  readonly workload: Workload;
  private readonly prepared: PreparedWorkload;
  readonly seed: number;
  readonly symbols: SymbolTable | null;
  readonly recordAll: boolean;
  readonly observe: boolean;

  /** Microseconds since the run's start. */
  now = 0;
  readonly queue = new EventQueue();
  readonly events: TraceEvent[] = [];

  /** In the order of the task list; without dead ones and the idle tasks. */
  readonly tasks: TaskList;
  /** By CPU. */
  readonly idleTasks: readonly Task[];
  readonly modules = new Map<string, LoadedModule>();

  /** klp_patches, in the order of loading. */
  readonly patches: KlpPatch[] = [];
  /** klp_ops by the frame of the original function. */
  readonly ops = new Map<string, KlpOps>();
  transition: Transition | null = null;
  /** Patches whose free work is still to run. */
  readonly dying: { readonly patch: KlpPatch; readonly at: number }[] = [];

  /** Tasks that have left the task list lately, while they run replaced functions. */
  lateExits: LateExit[] = [];
  /** When a stall of RCU tasks was told last: one for all functions that go at that time. */
  rcuTasksToldAt = -1;
  readonly shadows = new ShadowVariables<string, Attached>();

  /** kernel.ftrace_enabled */
  ftraceEnabled = true;
  taintedByLivepatch = false;

  /** When klp_transition_work runs next. */
  workAt = NEVER;
  private readonly bootOffset: number;
  private readonly passCpu: number;
  private stamps = 0;
  private readonly random: Prng;

  /** What is looked for on stacks in the present transition; null when it must be found out anew. */
  frameChecks: FrameChecks | null = null;
  /** The same for what a task of state 0 or 1 must not have on its stack. */
  readonly staleFrames: [StackSearch<string> | null, StackSearch<string> | null] = [null, null];

  /** Tasks that are on a CPU, as of the last look. */
  private readonly onCpu: Task[] = [];
  private readonly busyCpus = new Set<number>();
  private readonly frameCache = [new Map(), new Map()] as const satisfies readonly FrameCache[];
  private readonly preemptedCache = [new Map(), new Map()] as const satisfies readonly PreemptedCache[];

  constructor(options: MachineOptions) {
    this.traits = options.traits;
    this.model = options.model;
    this.prepared = options.prepared;
    this.workload = options.prepared.workload;
    this.seed = options.seed;
    this.symbols = options.symbols;
    this.recordAll = options.recordAll;
    this.observe = options.observe === true;
    const { prepared, workload, seed } = this;
    this.random = new Prng(seed, -1);
    this.bootOffset = this.random.below(MICROSECONDS);
    const { housekeepingCpus } = prepared;
    this.passCpu = housekeepingCpus[this.random.below(housekeepingCpus.length)] ?? 0;

    this.tasks = new TaskList(seed, prepared.idleClasses, prepared.taskCount);
    this.idleTasks = prepared.idleClasses.map((_, cpu) => this.tasks.find(-1 - cpu) as Task);
    this.idleTasks.forEach((task, cpu) => {
      task.frames = idleStack(cpu, this.traits);
      task.phaseEnd = NEVER;
    });
    workload.tasks.forEach((group, index) => {
      if (group.starts === 'by-step') return;
      const taskClass = prepared.classes[index] as TaskClass;
      const first = this.tasks.add(taskClass, group.count, group.cpus ?? null);
      if (!taskClass.eager) return;
      for (let i = 0; i < group.count; i++) this.follow(this.tasks.find(first + i) as Task);
    });
    for (const name of workload.modules) {
      this.modules.set(name, { ...makeModule(name, null, new Map()), klpAlive: true, live: true });
    }
  }

  emit(event: TraceEvent): void {
    this.events.push(event);
  }

  /** A broken invariant: throws with what is needed to repeat the run. */
  assert(condition: boolean, what: string): asserts condition {
    if (!condition) this.broken(what);
  }

  /** The same for checks of each task, where a text for each costs more than all else. */
  broken(what: string): never {
    throw new SimulatorError(
      `${what} (kernel ${this.traits.kernel}, workload ${this.workload.id}, seed ${this.seed}, at ${this.now} us)`,
    );
  }

  // Tasks

  /** Whether it wakes when a module comes or goes. */
  hearsUevents({ group }: Task): boolean {
    return group !== null && this.prepared.ueventListeners.has(group);
  }

  get anyHearsUevents(): boolean {
    return this.prepared.ueventListeners.size > 0;
  }

  traceTasks(): TraceTask[] {
    const tasks: TraceTask[] = [];
    this.tasks.forAll((task) => tasks.push(task.identity()));
    return tasks;
  }

  /** New tasks of that group of the workload. */
  addGroup(group: number): Task[] {
    const { count, cpus } = this.workload.tasks[group] as TaskGroup;
    const first = this.tasks.add(this.prepared.classes[group] as TaskClass, count, cpus ?? null);
    return Array.from({ length: count }, (_, place) => this.tasks.find(first + place) as Task);
  }

  /** Plays a new task from now on if its forks and exits show. */
  follow(task: Task): void {
    if (!task.eager) return;
    if (!task.seen) this.look(task);
    this.scheduleTask(task, task.phaseEnd);
  }

  /** Brings a task up to date: its phase and the frames on its stack. */
  look(task: Task): void {
    if (task.catchUp(this.now)) this.readStack(task);
  }

  /** The stack that the present phase shows, with the versions of functions that this task runs. */
  readStack(task: Task): void {
    const { phase } = task;
    task.frames =
      phase.do === 'sleep' || phase.do === 'kernel' ? this.framesOf(phase.stack, task.patchState) : NO_FRAMES;
  }

  /**
   * A replacement was registered or removed, its transition flag changed, or the target did: other versions are chosen and
   * looked for on stacks from now on.
   */
  functionsChanged(): void {
    this.frameChecks = null;
    this.staleFrames.fill(null);
    for (const cache of [...this.frameCache, ...this.preemptedCache]) cache.clear();
  }

  /** Names of the versions that a task of that state enters when it calls these functions. */
  framesOf(stack: readonly string[], state: PatchState): readonly string[] {
    if (this.ops.size === 0) return stack;
    const cache = this.frameCache[state === 0 ? 0 : 1];
    const known = cache.get(stack);
    if (known !== undefined) return known;
    let changed = false;
    const frames = stack.map((frame) => {
      const ops = this.ops.get(frame);
      if (ops === undefined) return frame;
      const entered = this.handler(ops, state);
      if (entered !== frame) changed = true;
      return entered;
    });
    const result = changed ? frames : stack;
    cache.set(stack, result);
    return result;
  }

  /** klp_ftrace_handler(): the frame of the version that a call of the function runs. */
  handler(ops: KlpOps, state: PatchState): string {
    const [top, older] = ops.funcStack;
    if (top === undefined) return ops.oldFrame;
    let chosen: typeof top | undefined = top;
    if (top.transition && state === 0) chosen = older;
    if (chosen === undefined || chosen.nop) return ops.oldFrame;
    this.assert(chosen.newFrame !== null, `'${chosen.oldName}' is on a func_stack without an address`);
    return chosen.newFrame;
  }

  // CPUs

  /**
   * Decides who is on a CPU now, among these tasks that want one. The pass itself runs on one (its worker is never the
   * task looked at). Which of too many get a CPU belongs to the moment, not to a stream of draws.
   */
  seat(tasks: readonly Task[]): void {
    for (const task of this.onCpu.splice(0)) task.onCpu = false;
    this.busyCpus.clear();
    this.busyCpus.add(this.passCpu);
    const { housekeepingCpus } = this.prepared;
    const first: Wanting[] = [];
    for (const task of tasks) {
      if (!task.alive) continue;
      this.look(task);
      const { phase, cpu } = task;
      if (phase.do === 'sleep') continue;
      if (cpu !== null) {
        if (!this.busyCpus.has(cpu)) this.take(task, cpu);
        continue;
      }
      // A task in the kernel that never gives way keeps its CPU.
      const stays = phase.do === 'kernel' && phase.condResched !== true;
      const rank = (stays ? 0 : 0x100000000) + hash(this.seed, task.id, this.now);
      keepLowest(first, task, rank, housekeepingCpus.length);
      task.frames = this.preemptedStack(task);
    }
    const free = housekeepingCpus.filter((cpu) => !this.busyCpus.has(cpu));
    free.slice(0, first.length).forEach((cpu, place) => {
      this.take((first[place] as Wanting).task, cpu);
    });
  }

  private take(task: Task, cpu: number): void {
    task.onCpu = true;
    this.onCpu.push(task);
    this.busyCpus.add(cpu);
    this.readStack(task);
  }

  /** A task that waits for a CPU: it was preempted on its way back to user space, or in the kernel. */
  private preemptedStack({ phase, patchState }: Task): readonly string[] {
    if (phase.do !== 'kernel') return this.framesOf(PREEMPTED_IN_USER, patchState);
    const cache = this.preemptedCache[patchState === 0 ? 0 : 1];
    let frames = cache.get(phase);
    if (frames === undefined) {
      const entry = phase.condResched === true ? PREEMPTED_BY_ITSELF : PREEMPTED_IN_KERNEL;
      frames = [...entry, ...this.framesOf(phase.stack, patchState)];
      cache.set(phase, frames);
    }
    return frames;
  }

  /** task_curr(), as of the last seat(). */
  isRunning(task: Task): boolean {
    return task.kind === 'idle' ? !this.busyCpus.has(-1 - task.id) : task.onCpu;
  }

  /** Whether the tick interrupts a task that runs in user space. */
  hasTick(task: Task): boolean {
    return task.cpu === null || !this.workload.nohzFullCpus.includes(task.cpu);
  }

  // Time

  /** Microseconds of a tick, rounded up. */
  get tick(): number {
    return Math.ceil(MICROSECONDS / this.workload.hz);
  }

  /** When work delayed by round_jiffies_relative(HZ) runs. kernel/time/timer.c: whole seconds, 3 jiffies apart per CPU. */
  roundedSecondFromNow(): number {
    const { hz } = this.workload;
    const jiffies = Math.floor(((this.now + this.bootOffset) * hz) / MICROSECONDS);
    const skew = this.passCpu * 3;
    const wanted = jiffies + hz + skew;
    const rest = wanted % hz;
    const rounded = (rest < Math.floor(hz / 4) ? wanted - rest : wanted - rest + hz) - skew;
    const due = rounded > jiffies ? rounded : jiffies + hz;
    const at = Math.ceil((due * MICROSECONDS) / hz) - this.bootOffset;
    this.assert(at > this.now, 'a delayed work item is due in the past');
    return at;
  }

  /** Puts the task's next event into the queue; an earlier one of it is void. */
  scheduleTask(task: Task, at: number): void {
    task.stamp = ++this.stamps;
    task.queued = at < NEVER;
    if (at < NEVER) {
      const idle = task.kind === 'idle';
      this.queue.push(at, idle ? RANK_IDLE_TASK : RANK_TASK, task.id, task.stamp);
    }
  }

  scheduleWork(at: number): void {
    this.workAt = at;
    this.queue.push(at, RANK_WORK, 0, ++this.stamps);
  }

  /** schedule_work(&patch->free_work): a worker takes it up in some hundred microseconds. */
  scheduleFree(patch: KlpPatch): void {
    const at = this.now + 100 + (hash(this.seed, this.patches.length, this.now) % 400);
    this.dying.push({ patch, at });
    this.queue.push(at, RANK_WORK, 1, ++this.stamps);
  }

  // Objects

  /** klp_find_object_module() */
  findObjectModule(object: KlpObject): void {
    if (object.name === null) return;
    object.loaded = this.modules.get(object.name)?.klpAlive === true;
  }
}

type FrameCache = Map<readonly string[], readonly string[]>;
type PreemptedCache = Map<Phase, readonly string[]>;

/** A task that wants a CPU; low ranks get one first. */
interface Wanting {
  readonly task: Task;
  readonly rank: number;
}

/** Takes one more into the list of the lowest, which holds at most `count` in order. */
function keepLowest(lowest: Wanting[], task: Task, rank: number, count: number): void {
  let place = lowest.length;
  while (place > 0 && isBefore(task, rank, lowest[place - 1] as Wanting)) place--;
  if (place === count) return;
  if (lowest.length === count) lowest.pop();
  lowest.splice(place, 0, { task, rank });
}

function isBefore(task: Task, rank: number, other: Wanting): boolean {
  return rank !== other.rank ? rank < other.rank : task.id < other.task.id;
}

const NO_FRAMES: readonly string[] = [];
const PREEMPTED_IN_USER = ['__schedule', 'schedule', 'irqentry_exit_to_user_mode', 'asm_sysvec_apic_timer_interrupt'];
const PREEMPTED_BY_ITSELF = ['__schedule', '__cond_resched'];
const PREEMPTED_IN_KERNEL = ['__schedule', 'preempt_schedule_irq', 'irqentry_exit', 'asm_sysvec_apic_timer_interrupt'];

function idleStack(cpu: number, traits: KernelTraits): readonly string[] {
  const loop = ['__schedule', 'schedule_idle', 'do_idle', 'cpu_startup_entry'];
  const start =
    cpu === 0 ? ['rest_init', 'start_kernel', 'x86_64_start_reservations', 'x86_64_start_kernel'] : ['start_secondary'];
  return [...loop, ...start, traits.startupFrame];
}
