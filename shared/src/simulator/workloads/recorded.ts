import { signalEffect } from '../system-calls.ts';
import type { Duration, Phase, SleepState, TaskGroup, Workload } from '../workload.ts';

/** A machine that was recorded, in short: how `npm run presets` writes it. */
export interface RecordedMachine {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** CPUs that the preset has; one was recorded. */
  readonly cpus: number;
  readonly hz: number;
  readonly modules: readonly string[];
  /** Innermost first, with `;` between the frames. */
  readonly stacks: readonly string[];
  readonly groups: readonly RecordedGroup[];
  /** Names of programs that wake when a module comes or goes. */
  readonly hearUevents: readonly string[];
}

/** Name, kind, count, and what they do. */
export type RecordedGroup = readonly [string, TaskGroup['kind'], number, ...RecordedPhase[]];

/** Times are means, in microseconds; null is for ever. Stacks are indices. */
export type RecordedPhase =
  | readonly ['user', number]
  | readonly ['kernel', number, number]
  | readonly ['fork', string, number]
  | readonly ['exit']
  | readonly [SleepState, number | null, number, string?];

/** A name that a kernel thread has once on each CPU, as it is called on the first: `ksoftirqd/0`, `kworker/0:1H`. */
const PER_CPU = /^[a-z_]+\/0(?=:|$)/;

/** The preset: what was recorded, with the kernel threads of the CPU once on each CPU. */
export function presetOf(machine: RecordedMachine): Workload {
  const { id, title, description, cpus, hz, modules, hearUevents } = machine;
  const stacks = machine.stacks.map((text) => (text === '' ? [] : text.split(';')));
  const tasks = machine.groups.flatMap(([comm, kind, count, ...phases]): TaskGroup[] => {
    const behaviour = { phases: phases.map((phase) => phaseOf(phase, stacks)) };
    const hears = hearUevents.includes(comm) ? { hearsUevents: true as const } : {};
    if (kind !== 'kthread' || !PER_CPU.test(comm)) return [{ comm, kind, count, behaviour, ...hears }];
    return Array.from({ length: cpus }, (_, cpu) => ({
      comm: comm.replace('/0', `/${cpu}`).slice(0, 15),
      ...{ kind, count, behaviour },
      cpus: Array.from({ length: count }, () => cpu),
    }));
  });
  return { id, title, description, cpus, hz, nohzFullCpus: [], modules, tasks };
}

function phaseOf(phase: RecordedPhase, stacks: readonly (readonly string[])[]): Phase {
  switch (phase[0]) {
    case 'user':
      return { do: 'user', for: about(phase[1]) };
    case 'kernel':
      return { do: 'kernel', for: about(phase[1]), stack: stacks[phase[2]] ?? [] };
    case 'fork':
      return { do: 'fork', childComm: phase[1], childLives: about(phase[2]) };
    case 'exit':
      return { do: 'exit' };
    default: {
      const [state, mean, stack, syscall] = phase;
      return {
        do: 'sleep',
        for: mean === null ? { min: 0, max: 'forever' } : about(mean),
        state,
        stack: stacks[stack] ?? [],
        ...(syscall === undefined ? {} : { syscall }),
        ...(syscall === undefined || state !== 'interruptible' ? {} : { onSignal: signalEffect(syscall) }),
      };
    }
  }
}

/** Exponentially distributed, and never beyond ten times the mean. */
const about = (mean: number): Duration => ({ min: 1, max: mean * 10, mean });
