import type { TraceTask } from './trace.ts';
import type { Behaviour, Duration, Phase, TaskGroup, Workload } from './workload.ts';

/** Longer and later than any run lasts; adding it to a time still gives an exact integer. */
export const NEVER = 2 ** 52;

/** A duration with all its fields, in microseconds. */
export interface PhaseTime {
  readonly min: number;
  /** NEVER when nothing but a wake-up ends it. */
  readonly max: number;
  /** Of an exponential distribution; null when it is drawn evenly. */
  readonly mean: number | null;
}

/** What tasks that are alike have in common, worked out once for all of them and for all runs of a workload. */
export interface TaskClass {
  readonly comm: string;
  readonly kind: TraceTask['kind'];
  /** Place in the workload's `tasks`, null for idle tasks. */
  readonly group: number | null;
  readonly behaviour: Behaviour;
  /** Its forks and exits can be seen in the trace: its tasks are played through in order, event by event. */
  readonly eager: boolean;
  /** How long each phase of the cycle takes; null for what takes no time. */
  readonly times: readonly (PhaseTime | null)[];
  /** Microseconds that each phase of the cycle takes on average; NEVER for one that nothing ends but a wake-up. */
  readonly expected: readonly number[];
  /** Microseconds that the cycle takes on average, without phases that never end. */
  readonly cycleTime: number;
  /** The last phase that never ends, -1 when all do. */
  readonly endless: number;
  /** What its fork phases give birth to, by how long they live. */
  readonly children: ReadonlyMap<Duration, TaskClass>;
}

/** The classes of a workload's groups, in their order. */
export function taskClasses(workload: Workload): readonly TaskClass[] {
  return workload.tasks.map((group, index) => groupClass(group, index));
}

function groupClass({ comm, kind, behaviour }: TaskGroup, group: number): TaskClass {
  const identity = { comm, kind, group };
  const children = new Map<Duration, TaskClass>();
  for (const phase of behaviour.phases) {
    if (phase.do === 'fork')
      children.set(phase.childLives, makeChildClass(identity, phase.childLives, phase.childComm));
  }
  return makeClass(identity, behaviour, children);
}

const NO_CHILDREN: TaskClass['children'] = new Map();

/** What a task of that class gives birth to: it runs in user space for a time and exits. */
export function childClass(parent: TaskClass, lives: Duration, comm: string | undefined): TaskClass {
  const known = parent.children.get(lives);
  return known?.comm === (comm ?? parent.comm) ? known : makeChildClass(parent, lives, comm);
}

function makeChildClass({ comm, kind, group }: Identity, lives: Duration, childComm: string | undefined): TaskClass {
  const behaviour: Behaviour = { phases: [{ do: 'user', for: lives }, { do: 'exit' }] };
  return makeClass({ comm: childComm ?? comm, kind, group }, behaviour, NO_CHILDREN);
}

/** What the idle task of that CPU is. */
export function idleClass(cpu: number): TaskClass {
  return makeClass({ comm: `swapper/${cpu}`, kind: 'idle', group: null }, IDLE_BEHAVIOUR, NO_CHILDREN);
}

const IDLE_BEHAVIOUR: Behaviour = {
  phases: [{ do: 'sleep', for: { min: 0, max: 'forever' }, stack: [], state: 'interruptible' }],
};

type Identity = Pick<TaskClass, 'comm' | 'kind' | 'group'>;

function makeClass(identity: Identity, behaviour: Behaviour, children: TaskClass['children']): TaskClass {
  const { phases } = behaviour;
  const times = phases.map(phaseTime);
  const expected = times.map(expectedTime);
  return {
    ...identity,
    behaviour,
    eager: phases.some((phase) => phase.do === 'fork' || phase.do === 'exit'),
    times,
    expected,
    cycleTime: expected.reduce((sum, time) => (time === NEVER ? sum : sum + time), 0),
    endless: expected.lastIndexOf(NEVER),
    children,
  };
}

function phaseTime(phase: Phase): PhaseTime | null {
  if (phase.do === 'fork' || phase.do === 'exit') return null;
  const { min, max, mean } = phase.for;
  return { min, max: max === 'forever' ? NEVER : max, mean: mean ?? null };
}

function expectedTime(time: PhaseTime | null): number {
  if (time === null) return 0;
  if (time.mean !== null) return Math.max(1, time.mean);
  return time.max === NEVER ? NEVER : Math.max(1, Math.floor((time.min + time.max) / 2));
}
