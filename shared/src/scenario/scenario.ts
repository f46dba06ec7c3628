/**
 * A scenario file (`*.klpsim.json`): one story that is played on the simulator and on a real kernel. The file's form is
 * described by schema.ts; server/src/scenario reads it into these types.
 */
export interface Scenario {
  /** What it shows, in a sentence. */
  readonly title: string;
  /** Kernels that it is about, such as `6.12`; at least one. */
  readonly kernels: readonly string[];
  /** Livepatch modules by name: paths of a C source, relative to the file. */
  readonly modules: ReadonlyMap<string, string>;
  /** Modules for livepatches to patch, likewise. */
  readonly targets: ReadonlyMap<string, string>;
  /** Id of a preset that runs on the simulator besides the named tasks; null for a nearly empty machine. */
  readonly workload: string | null;
  readonly seed: number;
  /** What the simulator is told about functions of the kernel: how often the name exists, or that ftrace can't trace it. */
  readonly symbols: ReadonlyMap<string, number | 'notrace'>;
  readonly tasks: ReadonlyMap<string, ScenarioTask>;
  readonly steps: readonly ScenarioStep[];
}

/** What tasks can do: those of the guest's helper program, and being a kernel thread. */
export const TASK_ACTIVITIES = [
  'read',
  'epoll',
  'poll',
  'select',
  'futex',
  'nanosleep',
  'pause',
  'wait4',
  'vfork',
  'accept',
  'recv',
  'semop',
  'sigwait',
  'sigsuspend',
  'stopped',
  'traced',
  'spin',
  'calls',
  'kernel',
  'fork',
  'kernel-thread',
] as const;
export type TaskActivity = (typeof TASK_ACTIVITIES)[number];

export const TASK_STATES = ['interruptible', 'killable', 'uninterruptible', 'idle'] as const;

/** Activities that a `wake` step ends by itself: they wait for the task's standard input. */
export const WAIT_FOR_INPUT: ReadonlySet<TaskActivity> = new Set(['read', 'epoll', 'poll', 'select', 'vfork']);

export interface ScenarioTask {
  readonly does: TaskActivity;
  /** `read`: the file that it reads instead of a pipe. */
  readonly file: string | null;
  /** `nanosleep`: how long. */
  readonly seconds: number | null;
  /** Where it sleeps, innermost first, without the scheduler and the system call's entry; for `file` and `kernel-thread`. */
  readonly stack: readonly string[] | null;
  readonly state: (typeof TASK_STATES)[number];
  /** What a system call does that the signals of a transition break off. */
  readonly onSignal: 'restarts' | 'EINTR';
  /** Where a kernel thread sleeps after a `wake`. */
  readonly afterWake: readonly string[] | null;
}

/** Offsets in the scenario's text, in UTF-16 code units. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** `errno`: 0, or negative as the kernel returns it; null when anything will do. */
export type ScenarioStep = ScenarioAction & { readonly source: TextSpan; readonly errno: number | null };

export type ScenarioAction =
  | {
      readonly do: 'load';
      readonly module: string;
      /** As insmod takes them. */
      readonly parameters: ReadonlyMap<string, string>;
      /** What pre_patch returns for an object, where the simulator can't read it from the source. */
      readonly returns: ReadonlyMap<string, number>;
    }
  | { readonly do: 'unload'; readonly module: string }
  | { readonly do: 'load-target'; readonly target: string; readonly parameters: ReadonlyMap<string, string> }
  | { readonly do: 'unload-target'; readonly target: string }
  /** `path` is below /sys/kernel/livepatch. */
  | { readonly do: 'write'; readonly path: string; readonly value: string }
  | { readonly do: 'sysctl'; readonly name: string; readonly value: string }
  | { readonly do: 'start' | 'watch'; readonly task: string }
  /** `by`: what is written into which file of the real machine to make the task go on; null for its standard input. */
  | {
      readonly do: 'wake';
      readonly task: string;
      readonly by: { readonly path: string; readonly value: string } | null;
    }
  | { readonly do: 'signal'; readonly task: string; readonly signal: SignalName }
  | { readonly do: 'wait'; readonly seconds: number }
  /** Until no transition is under way and nothing is about to be freed, and SETTLE_SECONDS more; at most `limit` seconds. */
  | { readonly do: 'wait-transition'; readonly limit: number }
  | { readonly do: 'expect'; readonly expect: Expectation };

/**
 * How a transition's end is waited for longer: passes come once a second, and at another part of the second on each machine.
 */
export const SETTLE_SECONDS = 2;

export const SIGNALS = { KILL: 9, USR1: 10, TERM: 15, CHLD: 17, CONT: 18, STOP: 19 } as const;
export type SignalName = keyof typeof SIGNALS;

/** What must hold when the step is reached. Absent parts are not looked at. */
export interface Expectation {
  /** Texts that lines of the log contain, in this order, since the `expect` step before. */
  readonly log?: readonly TextAt[];
  /** Texts that no line of the log contains since the `expect` step before. */
  readonly noLog?: readonly TextAt[];
  /** Callbacks that ran since the `expect` step before, all of them and in order: `pre_patch vmlinux`. */
  readonly callbacks?: { readonly source: TextSpan; readonly names: readonly string[] };
  /** Files below /sys/kernel/livepatch and what they hold; null: not there. */
  readonly sysfs?: readonly { readonly source: TextSpan; readonly path: string; readonly value: string | null }[];
  /** /proc/PID/patch_state; `gone`: the task has ended. */
  readonly patchState?: readonly {
    readonly source: TextSpan;
    readonly task: string;
    readonly state: number | 'gone';
  }[];
  /** The named tasks that hold the transition up, all of them, each with a function on its stack (null: any). */
  readonly blocked?: { readonly source: TextSpan; readonly tasks: ReadonlyMap<string, string | null> };
  /** How many system calls of a task have returned EINTR so far. */
  readonly eintr?: readonly { readonly source: TextSpan; readonly task: string; readonly times: number }[];
  /** Seconds that the last waiting for a transition took, counted from the last step that did something. */
  readonly took?: { readonly source: TextSpan; readonly atLeast: number; readonly atMost: number };
}

export interface TextAt {
  readonly source: TextSpan;
  readonly text: string;
}

/** A step in a few words, as it is listed: `write lp/enabled 0`. */
export function stepText(step: ScenarioAction): string {
  switch (step.do) {
    case 'load':
      return ['load', step.module, ...parameterList(step.parameters)].join(' ');
    case 'unload':
      return `unload ${step.module}`;
    case 'load-target':
      return ['load-target', step.target, ...parameterList(step.parameters)].join(' ');
    case 'unload-target':
      return `unload-target ${step.target}`;
    case 'write':
      return `write ${step.path} ${step.value}`;
    case 'sysctl':
      return `sysctl ${step.name}=${step.value}`;
    case 'start':
    case 'watch':
    case 'wake':
      return `${step.do} ${step.task}`;
    case 'signal':
      return step.signal === 'KILL' ? `kill ${step.task}` : `signal ${step.task} ${step.signal}`;
    case 'wait':
      return `wait ${step.seconds} s`;
    case 'wait-transition':
      return `wait for the transition`;
    case 'expect':
      return `expect ${Object.keys(step.expect).join(', ')}`;
  }
}

/** `name=value`, as insmod takes them. */
export function parameterList(parameters: ReadonlyMap<string, string>): string[] {
  return [...parameters].map(([name, value]) => `${name}=${value}`);
}
