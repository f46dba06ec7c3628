import { freePatchFinish } from './core.ts';
import { EBUSY, EINVAL, SimulatorError } from './errno.ts';
import { RANK_STEP, RANK_WORK } from './event-queue.ts';
import { type KernelTraits, kernelTraits } from './kernel-traits.ts';
import { Machine } from './machine.ts';
import { modelById } from './models/index.ts';
import { loadLivepatch, loadTarget, setParameter, unloadModule } from './modules.ts';
import { type PreparedWorkload, prepareWorkload } from './prepared-workload.ts';
import type { Step } from './step.ts';
import type { SymbolTable } from './symbols.ts';
import { writeSysfs } from './sysfs.ts';
import { signalTask, startTasks, wakeTask } from './task-actions.ts';
import { NEVER, type TaskClass } from './task-class.ts';
import { taskEvent } from './task-events.ts';
import type { Trace, TraceEvent } from './trace.ts';
import { tryCompleteTransition } from './transition.ts';
import type { Workload } from './workload.ts';

export interface SimulateOptions {
  /** `6.12`, `6.1`, any `MAJOR.MINOR…`; with `+replaceable` the hybrid mode RFC. */
  readonly kernel: string;
  /** Consistency model; absent: `hybrid`. */
  readonly model?: string;
  readonly workload: Workload;
  /** A 32-bit integer. */
  readonly seed: number;
  /** Microseconds; absent: DEFAULT_TIME_LIMIT. */
  readonly timeLimit?: number;
  /** Microseconds: the run goes on so long, though no step and no transition is left. Absent: it stops then. */
  readonly until?: number;
  /** Events handled before the run is given up as endless; absent: 500,000. */
  readonly eventLimit?: number;
  /** In order of time. */
  readonly steps: readonly Step[];
  /** What is known about the kernel's symbols; absent: every function exists. */
  readonly symbols?: SymbolTable;
  /** Tells with each change of a patch_state where the task was. What happens is the same. */
  readonly observe?: boolean;
}

/** Microseconds: long enough for three rounds of signals. */
export const DEFAULT_TIME_LIMIT = 60_000_000;

/** What a run may take, unless it is told otherwise: events handled before it is given up. */
const EVENT_LIMIT = 500_000;

const SYMBOLS_ASSUMED = 'Every old_name is taken to exist once in its object and to be traceable.';

/**
 * Plays the steps on the workload and returns all that happened. The same options give the same trace, and what happens
 * before a step does not depend on it. Throws SimulatorError for an unknown model or steps out of order, and when the
 * simulator breaks an invariant of its own.
 */
export function simulate(options: SimulateOptions): Trace {
  return run(options, true).trace;
}

export interface Run {
  readonly trace: Trace;
  /** Events that the queue handed out. */
  readonly handled: number;
  /** What kind of task that was, dead or alive. */
  classOf(id: number): TaskClass;
}

/** A run that leaves out of the trace what a forecast does not ask for; what happens is the same as in simulate(). */
export function run(
  options: SimulateOptions,
  recordAll: boolean,
  prepared: PreparedWorkload = prepareWorkload(options.workload),
  traits: KernelTraits = kernelTraits(options.kernel),
): Run {
  const model = modelById(options.model ?? 'hybrid');
  if (model === undefined) throw new SimulatorError(`there is no consistency model '${options.model}'`);
  const { workload, seed, steps } = options;
  const timeLimit = options.timeLimit ?? DEFAULT_TIME_LIMIT;
  const m: Machine = new Machine({
    traits,
    model,
    prepared,
    seed,
    symbols: options.symbols ?? null,
    recordAll,
    ...(options.observe === undefined ? {} : { observe: options.observe }),
  });
  const tasks = recordAll ? m.traceTasks() : [];
  let last = 0;
  steps.forEach((step, index) => {
    if (!Number.isSafeInteger(step.at) || step.at < last) throw new SimulatorError(`step ${index} is out of order`);
    last = step.at;
    m.queue.push(step.at, RANK_STEP, index, 0);
  });

  const { stopped, handled } = play(m, options);
  if (m.transition !== null && stopped === 'quiet') m.assert(false, 'a transition was forgotten');

  const assumptions = [...traits.assumptions];
  if (options.symbols === undefined) assumptions.push(SYMBOLS_ASSUMED);
  const trace: Trace = {
    format: 'livepatch-trace-1',
    options: {
      kernel: options.kernel,
      model: model.id,
      workload: workload.id,
      seed,
      timeLimit,
      assumptions,
    },
    tasks,
    events: m.events,
    end: m.now,
    stopped,
  };
  return { trace, handled, classOf: (id) => m.tasks.classById(id) };
}

/** Hands out what is due until nothing is left to do, or a limit is reached. */
function play(
  m: Machine,
  { steps, timeLimit, until, eventLimit }: SimulateOptions,
): Pick<Run, 'handled'> & {
  stopped: Trace['stopped'];
} {
  const lastTime = timeLimit ?? DEFAULT_TIME_LIMIT;
  const mostEvents = eventLimit ?? EVENT_LIMIT;
  let toDo = steps.length;
  let handled = 0;
  for (;;) {
    const busy = toDo > 0 || m.transition !== null || m.dying.length > 0;
    if (!busy && until === undefined) return { stopped: 'quiet', handled };
    const entry = m.queue.pop();
    if (entry === undefined || (!busy && entry.at > (until ?? 0))) return { stopped: 'quiet', handled };
    if (entry.at > lastTime) {
      m.now = lastTime;
      return { stopped: 'time-limit', handled };
    }
    if (++handled > mostEvents) return { stopped: 'event-limit', handled };
    m.assert(entry.at >= m.now, 'time runs backwards');
    m.now = entry.at;
    if (entry.rank === RANK_STEP) {
      toDo--;
      carryOut(m, entry.id, steps[entry.id] as Step);
    } else if (entry.rank === RANK_WORK) {
      work(m, entry.id);
    } else {
      const task = m.tasks.find(entry.id);
      if (task?.stamp === entry.stamp && task.queued) taskEvent(m, task);
    }
  }
}

/** The work items: 0 is klp_transition_work, 1 the freeing of a patch. */
function work(m: Machine, id: number): void {
  if (id === 0) {
    if (m.workAt !== m.now) return;
    m.workAt = NEVER;
    if (m.transition !== null) tryCompleteTransition(m);
    return;
  }
  const due = m.dying.findIndex((entry) => entry.at === m.now);
  m.assert(due >= 0, 'nothing is to be freed');
  const [entry] = m.dying.splice(due, 1);
  if (entry !== undefined) freePatchFinish(m, entry.patch);
}

function carryOut(m: Machine, index: number, step: Step): void {
  const event: TraceEvent & { errno: number } = { at: m.now, type: 'step', index, step, errno: 0 };
  m.emit(event);
  event.errno = act(m, step);
}

function act(m: Machine, step: Step): number {
  switch (step.do) {
    case 'load':
      return loadLivepatch(m, step.image, step.parameters ?? {});
    case 'set-parameter':
      return setParameter(m, step.module, step.name, step.value);
    case 'unload':
    case 'unload-target':
      return unloadModule(m, step.module);
    case 'write':
      return writeSysfs(m, step.path, step.value);
    case 'load-target':
      return loadTarget(m, step.module);
    case 'sysctl':
      return writeSysctl(m, step.name, step.value);
    case 'start':
      return startTasks(m, step.task);
    case 'wake':
      return wakeTask(m, step.task);
    case 'signal':
      return signalTask(m, step.task, step.signal);
  }
}

/** `sysctl -w NAME=VALUE`: kernel.ftrace_enabled is the only one that matters here. */
function writeSysctl(m: Machine, name: string, value: string): number {
  if (name !== 'kernel.ftrace_enabled' || !/^[01]$/.test(value)) return EINVAL;
  // Livepatch's ftrace users are FTRACE_OPS_FL_PERMANENT.
  if (value === '0' && m.ops.size > 0) return EBUSY;
  m.ftraceEnabled = value === '1';
  return 0;
}
