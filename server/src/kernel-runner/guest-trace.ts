import { isTold } from '../../../shared/src/scenario/record.ts';
import type { Scenario } from '../../../shared/src/scenario/scenario.ts';
import type {
  BlockReason,
  LogLevel,
  PatchState,
  Trace,
  TraceEvent,
  TraceTask,
} from '../../../shared/src/simulator/trace.ts';
import type { PlanLogLine, PlanResult, TaskSnapshot } from './guest-report.ts';
import { stepPlaces } from './scenario-plan.ts';

/** What the guest told, in the order of time; `at` is microseconds since its first step. */
type Told = { readonly at: number } & (
  | { readonly what: 'line'; readonly line: PlanLogLine }
  | { readonly what: 'task'; readonly snapshot: TaskSnapshot & { readonly name: string } }
  | { readonly what: 'killed'; readonly name: string }
);

/**
 * What a guest did with scenarioPlan(), as a trace: so far as it could be seen from outside. Its tasks are those that the
 * scenario names and those that the kernel names as held up. Their states are read every 100 ms; why one is held up is what
 * klp_try_switch_task() prints in each pass (runPlans() with `tellTasks`). Steps, passes, signals to single tasks and
 * sysfs are none of it.
 *
 * @param kernel `6.12`
 * @param replacements the names of the functions that replace one of the kernel, for stacks while unpatching
 */
export function guestTrace(
  scenario: Scenario,
  kernel: string,
  result: PlanResult,
  replacements: (original: string) => readonly string[],
): Trace {
  const writer = new TraceWriter(scenario, replacements);
  const told = inOrder(scenario, result);
  for (const [place, each] of told.entries()) {
    if (each.what === 'task') writer.task(each.at, each.snapshot);
    else if (each.what === 'killed') writer.killed(each.at, each.name);
    else writer.line(each.at, each.line, (name) => stateSoon(told, place, name));
  }
  const end = Math.max(0, (result.endedAt ?? told.at(-1)?.at ?? 0) - (result.steps[0]?.startedAt ?? 0));
  return {
    format: 'livepatch-trace-1',
    options: {
      kernel,
      model: 'observed',
      workload: 'guest',
      seed: 0,
      timeLimit: end,
      assumptions: ['Seen from outside: the states of tasks every 100 ms.'],
    },
    tasks: writer.tasks,
    events: writer.events.filter(({ at }) => at <= end),
    end,
    stopped: 'quiet',
  };
}

function inOrder(scenario: Scenario, result: PlanResult): Told[] {
  const origin = result.steps[0]?.startedAt ?? 0;
  const since = (at: number): number => Math.max(0, at - origin);
  const told: Told[] = result.log
    .filter(({ step }) => step >= 0)
    .map((line) => ({ at: since(line.at), what: 'line', line }));
  for (const snapshot of result.tasks) {
    const { name } = snapshot;
    if (name !== null) told.push({ at: since(snapshot.at), what: 'task', snapshot: { ...snapshot, name } });
  }
  for (const [place, step] of scenario.steps.entries()) {
    if (step.do !== 'signal' || step.signal !== 'KILL') continue;
    const done = result.steps[stepPlaces(scenario)[place] ?? -1];
    if (done?.endedAt != null) told.push({ at: since(done.endedAt), what: 'killed', name: step.task });
  }
  return told.sort((a, b) => a.at - b.at);
}

/** The state that a task is seen with next. */
function stateSoon(told: readonly Told[], place: number, name: string): PatchState | null {
  for (let next = place; next < told.length; next++) {
    const each = told[next];
    if (each?.what === 'task' && each.snapshot.name === name) return stateOf(each.snapshot);
  }
  return null;
}

/** Null when it could not be read: the task has just ended. */
function stateOf({ patchState }: TaskSnapshot): PatchState | null {
  return patchState === -1 || patchState === 0 || patchState === 1 ? patchState : null;
}

interface Seen {
  readonly id: number;
  state: PatchState;
  stack: readonly string[];
  reason: string;
  eintr: number;
  alive: boolean;
}

const BEGINS = /^livepatch: '(\w+)': initializing (patching|unpatching) transition$/;
const REVERSES = /^livepatch: '(\w+)': reversing transition from (patching|unpatching)/;
const ENDS = /^livepatch: '(\w+)': (patching|unpatching) complete$/;
const TRIED =
  /^livepatch: klp_try_switch_task: (.*):(\d+) (?:is (running)|has an (unreliable) stack|is sleeping on function (\S+))$/;
const LEVELS: readonly LogLevel[] = ['err', 'err', 'err', 'err', 'warning', 'notice', 'info', 'debug'];

class TraceWriter {
  readonly tasks: TraceTask[] = [];
  readonly events: TraceEvent[] = [];
  private readonly scenario: Scenario;
  private readonly replacements: (original: string) => readonly string[];
  private readonly seen = new Map<string, Seen>();

  constructor(scenario: Scenario, replacements: (original: string) => readonly string[]) {
    this.scenario = scenario;
    this.replacements = replacements;
  }

  task(at: number, snapshot: TaskSnapshot & { readonly name: string }): void {
    const { name, pid, stack, said } = snapshot;
    const known = this.seen.get(name) ?? this.begin(at, name, pid);
    known.stack = stack;
    const state = stateOf(snapshot);
    if (state !== null) this.enter(at, known, state);
    const eintr = said.filter((text) => text.endsWith(': EINTR')).length;
    for (; known.eintr < eintr; known.eintr++) this.events.push({ at, type: 'eintr', task: known.id });
  }

  killed(at: number, name: string): void {
    const known = this.seen.get(name);
    if (!known?.alive) return;
    known.alive = false;
    this.events.push({ at, type: 'exit', task: known.id });
  }

  /** `soon` tells the state that a task is seen with next. */
  line(at: number, { text, level }: PlanLogLine, soon: (name: string) => PatchState | null): void {
    if (isTold(text)) this.events.push({ at, type: 'log', level: LEVELS[level ?? 6] ?? 'info', text });
    const begins = BEGINS.exec(text);
    const reverses = REVERSES.exec(text);
    const ends = ENDS.exec(text);
    const tried = TRIED.exec(text);
    if (begins) {
      this.transition(at, begins[1] ?? '', begins[2] === 'patching' ? 'patched' : 'unpatched', 'init');
      // klp_init_transition() gives every task the state from before.
      for (const known of this.seen.values()) this.enter(at, known, begins[2] === 'patching' ? 0 : 1);
    } else if (reverses) {
      this.transition(at, reverses[1] ?? '', reverses[2] === 'patching' ? 'unpatched' : 'patched', 'reverse');
      for (const known of this.seen.values()) known.reason = '';
    } else if (ends) {
      this.transition(at, ends[1] ?? '', ends[2] === 'patching' ? 'patched' : 'unpatched', 'done');
      for (const known of this.seen.values()) this.enter(at, known, -1);
    } else if (tried) {
      this.heldUp(at, tried, soon);
    }
  }

  private transition(at: number, patch: string, target: 'patched' | 'unpatched', phase: 'init' | 'reverse' | 'done') {
    this.events.push({ at, type: 'transition', patch, target, phase });
  }

  private heldUp(at: number, tried: RegExpExecArray, soon: (name: string) => PatchState | null): void {
    const [, comm = '', pid = '', running, unreliable, original = ''] = tried;
    const id = Number(pid);
    let [name, known] = [...this.seen].find(([, each]) => each.id === id) ?? [null, undefined];
    if (!known) {
      // Whoever merely runs is switched in the next pass: of the guest's own tasks nobody wants to know that.
      if (running) return;
      name = `${comm}:${pid}`;
      known = { id, state: -1, stack: [], reason: '', eintr: 0, alive: true };
      this.seen.set(name, known);
      this.tasks.push({ id, comm, kind: comm === 'init' ? 'user' : 'kthread', group: null });
    }
    // The kernel prints at once, the states are read a little later.
    const next = name === null ? null : soon(name);
    if (known.state === -1) this.enter(at, known, next === null || next === -1 ? 0 : next);
    const reason: BlockReason = running
      ? { kind: 'running' }
      : unreliable
        ? { kind: 'unreliable' }
        : { kind: 'sleeping-on', function: this.frameOf(original, known.stack), original };
    const key = JSON.stringify(reason);
    if (known.reason === key) return;
    known.reason = key;
    this.events.push({ at, type: 'blocked', task: id, reason, stack: known.stack });
  }

  /** The kernel prints the old name, whichever function it found. */
  private frameOf(original: string, stack: readonly string[]): string {
    const frameOf = (name: string): string | undefined => stack.find((frame) => frame.split(' ')[0] === name);
    const frames = [original, ...this.replacements(original)].flatMap((name) => frameOf(name) ?? []);
    return frames[0] ?? original;
  }

  private enter(at: number, known: Seen, state: PatchState): void {
    if (!known.alive || known.state === state) return;
    known.state = state;
    known.reason = '';
    this.events.push({ at, type: 'patch-state', task: known.id, state, how: 'observed' });
  }

  private begin(at: number, name: string, pid: number): Seen {
    const isThread = this.scenario.tasks.get(name)?.does === 'kernel-thread';
    const task: TraceTask = { id: pid, comm: name, kind: isThread ? 'kthread' : 'user', group: null };
    if (isThread) this.tasks.push(task);
    else this.events.push({ at, type: 'fork', parent: 1, child: task, state: -1 });
    const known: Seen = { id: pid, state: -1, stack: [], reason: '', eintr: 0, alive: true };
    this.seen.set(name, known);
    return known;
  }
}
