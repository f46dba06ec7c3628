import { frameText } from '../simulator/reason-text.ts';
import type { Trace, TraceTask } from '../simulator/trace.ts';
import type { Behaviour, Phase, Workload } from '../simulator/workload.ts';
import type { Guarantee } from './comparison-types.ts';
import { commonOuterFrames } from './patched-frames.ts';

/** Id of the finding that a patch's functions were changed one after the other. */
export const ONE_BY_ONE = 'functions-one-by-one';

/**
 * Which promises a run kept: read from where each task was when it went over (the places of an observed trace), and from
 * what its behaviour does before and after within the same stay in the kernel. Nothing here knows which model it was.
 */
export function guarantees(
  trace: Trace,
  workload: Workload,
  patched: ReadonlySet<string>,
  mixed: { readonly time: number; readonly open: boolean; readonly tasks: number },
): Guarantee[] {
  const tasks = new Map<number, TraceTask>(trace.tasks.map((task) => [task.id, task]));
  const inFunction = new Tally();
  const inCall = new Tally();
  let switched = 0;
  for (const event of trace.events) {
    if (event.type === 'fork') tasks.set(event.child.id, event.child);
    if (event.type !== 'patch-state' || event.state !== 1 || event.how === 'init' || event.how === 'done') continue;
    switched++;
    const task = tasks.get(event.task);
    if (task === undefined || event.place === undefined || event.place.stack.length === 0) continue;
    const { phase, stack } = event.place;
    const behaviour = task.group === null ? undefined : workload.tasks[task.group]?.behaviour;
    const stay = behaviour === undefined ? NO_STAY : stayInKernel(behaviour, task.kind, phase);
    const under = stack.find((frame) => patched.has(frame));
    if (under !== undefined) {
      const seen = mixesWithinCall(stack, stay.after, patched);
      inFunction.add(
        seen,
        `${who(task)} went over inside ${frameText(under)}${seen ? ', and calls new code from there' : ''}`,
      );
    }
    if (task.kind !== 'user' || !isInSystemCall(behaviour?.phases[phase])) continue;
    const before = firstPatched([stack, ...stay.before], patched);
    const after = firstPatched(stay.after, patched);
    const seen = before !== undefined && after !== undefined;
    inCall.add(
      seen,
      seen
        ? `${who(task)} ran the old ${frameText(before)} and then the new ${frameText(after)} in one system call`
        : `${who(task)} went over in the middle of a system call`,
    );
  }
  const none = { holds: 'nothing-changed', tasks: 0, witness: null } as const;
  if (switched === 0) {
    return [
      { id: 'function', ...none },
      { id: 'system-call', ...none },
      { id: 'kernel', ...none },
    ];
  }
  return [inFunction.result('function'), inCall.result('system-call'), { id: 'kernel', ...inKernel(trace, mixed) }];
}

/** Whether the kernel ran one of both at any time. */
function inKernel(
  trace: Trace,
  mixed: { readonly time: number; readonly open: boolean; readonly tasks: number },
): Omit<Guarantee, 'id'> {
  if (mixed.time > 0 || mixed.open) {
    return { holds: 'broken', tasks: mixed.tasks, witness: 'old and new code were in use at the same time' };
  }
  if (trace.events.some((event) => event.type === 'finding' && event.id === ONE_BY_ONE)) {
    return { holds: 'not-proven', tasks: 0, witness: 'its functions were changed one after the other' };
  }
  return { holds: 'kept', tasks: 0, witness: null };
}

/** Counts tasks that could mix and keeps the first that did, or else the first that could. */
class Tally {
  private tasks = 0;
  private possible: string | null = null;
  private seen: string | null = null;

  add(seen: boolean, witness: string): void {
    this.tasks++;
    this.possible ??= witness;
    if (seen) this.seen ??= witness;
  }

  result(id: Guarantee['id']): Guarantee {
    const holds = this.seen !== null ? 'broken' : this.possible !== null ? 'not-proven' : 'kept';
    return { id, holds, tasks: this.tasks, witness: this.seen ?? this.possible };
  }
}

const NO_STAY = { before: [], after: [] } as const;

/**
 * The stacks that a task shows in the same stay in the kernel: until and with the phase in which it is, and after it. A
 * kernel thread never leaves: what follows is its whole cycle.
 */
function stayInKernel(
  { phases }: Behaviour,
  kind: TraceTask['kind'],
  index: number,
): { readonly before: readonly (readonly string[])[]; readonly after: readonly (readonly string[])[] } {
  if (kind !== 'user') {
    return { before: stacks(phases), after: stacks([...phases.slice(index + 1), ...phases.slice(0, index + 1)]) };
  }
  let first = index;
  while (first > 0 && !leavesBetween(phases[first - 1], phases[first])) first--;
  let last = index;
  while (last + 1 < phases.length && !leavesBetween(phases[last], phases[last + 1])) last++;
  return { before: stacks(phases.slice(first, index + 1)), after: stacks(phases.slice(index + 1, last + 1)) };
}

/** Whether a user task was in user space between two phases that follow each other; as Task.next() has it. */
function leavesBetween(from: Phase | undefined, to: Phase | undefined): boolean {
  if (from === undefined || to === undefined) return true;
  return to.do === 'user' || to.do === 'fork' || from.do === 'user' || (from.do === 'sleep' && to.do === 'sleep');
}

function stacks(phases: readonly Phase[]): (readonly string[])[] {
  return phases.flatMap((phase) => (isInSystemCall(phase) ? [phase.stack] : []));
}

function isInSystemCall(phase: Phase | undefined): phase is Extract<Phase, { do: 'sleep' | 'kernel' }> {
  return phase !== undefined && (phase.do === 'sleep' || phase.do === 'kernel');
}

function firstPatched(all: readonly (readonly string[])[], patched: ReadonlySet<string>): string | undefined {
  for (const stack of all) {
    const found = stack.find((frame) => patched.has(frame));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a call of an old function that is under way calls a patched function later on. */
function mixesWithinCall(
  stack: readonly string[],
  later: readonly (readonly string[])[],
  patched: ReadonlySet<string>,
): boolean {
  let kept = stack;
  for (const next of later) {
    kept = commonOuterFrames(kept, next);
    if (!kept.some((frame) => patched.has(frame))) return false;
    if (next.slice(0, next.length - kept.length).some((frame) => patched.has(frame))) return true;
  }
  return false;
}

const who = (task: TraceTask): string => `${task.comm}:${task.id}`;
