import { PRESETS } from '../simulator/workloads/index.ts';
import { ERRNO } from './errno-names.ts';
import { SIGNALS, TASK_ACTIVITIES, TASK_STATES } from './scenario.ts';

/**
 * The form of scenario files, as a JSON schema. The one source: the reader checks files against it, and
 * schemas/klpsim.schema.json is made of it for editors.
 */
export interface Schema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'number' | 'integer' | 'boolean' | 'null';
  readonly properties?: Readonly<Record<string, Schema>>;
  /** Of a step: its first one is its verb. */
  readonly required?: readonly string[];
  readonly additionalProperties?: false | Schema;
  readonly items?: Schema;
  readonly enum?: readonly (string | number | null)[];
  readonly anyOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly minLength?: number;
  readonly default?: unknown;
}

const text = (description: string): Schema => ({ type: 'string', minLength: 1, description });
const list = (items: Schema, description: string): Schema => ({ type: 'array', items, description });
const map = (additionalProperties: Schema, description: string): Schema => ({
  type: 'object',
  additionalProperties,
  description,
});
const WORD: Schema = { type: 'string', minLength: 1 };
const NULL: Schema = { type: 'null' };

const MODULE = text('Name of a livepatch module of this scenario.');
const TARGET = text('Name of a target module of this scenario.');
const TASK = text('Name of a task of this scenario.');
const STACK = (description: string): Schema => ({ ...list(WORD, description), minItems: 1 });
const PARAMETERS = map(
  { anyOf: [{ type: 'string' }, { type: 'number' }] },
  'Module parameters, as insmod takes them. Where pre_patch returns one of them, the simulator uses its value.',
);
const ERRNO_EXPECTED: Schema = {
  enum: [...Object.keys(ERRNO), '0', 'any'],
  description: 'What the step must return. Without it the step must succeed; "any" does not look.',
};

/** One step: `required[0]` is the verb that tells it from the others. */
const step = (
  description: string,
  verb: string,
  value: Schema,
  more: Readonly<Record<string, Schema>> = {},
  required: readonly string[] = [],
): Schema => ({
  type: 'object',
  description,
  properties: { [verb]: value, ...more, ...(verb === 'expect' ? {} : { errno: ERRNO_EXPECTED }) },
  required: [verb, ...required],
  additionalProperties: false,
});

const EXPECT: Schema = {
  type: 'object',
  description: 'What must hold now. "Since" is: since the expect step before, or the beginning.',
  properties: {
    log: list(
      WORD,
      'Texts that lines of the kernel log contain since, in this order. Other lines may stand between them.',
    ),
    noLog: list(WORD, 'Texts that no line of the kernel log contains since.'),
    callbacks: list(
      WORD,
      'Callbacks that ran since, all and in order, such as "pre_patch vmlinux". On a real kernel they are known from lines "MODULE: callback NAME OBJECT" that the module prints.',
    ),
    sysfs: map(
      { anyOf: [{ type: 'string' }, NULL] },
      'Files below /sys/kernel/livepatch and what they hold; null: the file or directory is not there.',
    ),
    patchState: map(
      { enum: [-1, 0, 1, 'gone'] },
      '/proc/PID/patch_state of tasks: -1 no transition, 0 unpatched, 1 patched; "gone": it has ended.',
    ),
    blocked: map(
      { anyOf: [{ type: 'string' }, NULL] },
      'The tasks of this scenario that hold the transition up, all of them, each with a function on its stack (null: any). {} is: nobody.',
    ),
    eintr: map({ type: 'integer', minimum: 0 }, 'How many system calls of a task have returned EINTR so far.'),
    took: {
      type: 'object',
      description: 'Seconds that the last waiting for a transition took, from the last step that did something.',
      properties: {
        atLeast: { type: 'number', minimum: 0, description: 'Seconds.' },
        atMost: { type: 'number', minimum: 0, description: 'Seconds.' },
      },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
};

const STEPS: readonly Schema[] = [
  step('insmod of a livepatch module.', 'load', MODULE, {
    parameters: PARAMETERS,
    returns: map(
      { type: 'integer' },
      'What pre_patch returns, by object (vmlinux or a module), where the simulator can not read it from the source.',
    ),
  }),
  step('rmmod of a livepatch module.', 'unload', MODULE),
  step(
    'A write to a file below /sys/kernel/livepatch.',
    'write',
    text('The file, such as my_patch/enabled.'),
    { value: text('What is written.') },
    ['value'],
  ),
  step('Disables a livepatch, or reverses its transition: a 0 into its enabled file.', 'disable', MODULE),
  step('Forces the transition of a livepatch: a 1 into its force file.', 'force', MODULE),
  step('insmod of a target module.', 'load-target', TARGET, { parameters: PARAMETERS }),
  step('rmmod of a target module.', 'unload-target', TARGET),
  step('Starts a task.', 'start', TASK),
  step('Looks at a kernel thread from now on.', 'watch', TASK),
  step('Lets a task go on: what it waits for happens.', 'wake', TASK, {
    by: {
      type: 'object',
      description:
        'What makes it go on, on a real kernel. Without it: its standard input (read, epoll, poll, select, vfork).',
      properties: { file: text('A file of the machine.'), value: text('What is written into it.') },
      required: ['file', 'value'],
      additionalProperties: false,
    },
  }),
  step('Kills a task (SIGKILL).', 'kill', TASK),
  step(
    'Sends a signal to a task.',
    'signal',
    TASK,
    { name: { enum: Object.keys(SIGNALS), description: 'Which one.' } },
    ['name'],
  ),
  step(
    'Waits for a time, or until no transition is under way (and two seconds more).',
    'wait',
    {
      anyOf: [{ type: 'number', minimum: 0, maximum: 600 }, { enum: ['transition'] }],
      description: 'Seconds, or "transition".',
    },
    {
      limit: {
        type: 'number',
        minimum: 1,
        maximum: 600,
        default: 60,
        description: 'Seconds after which the waiting for a transition ends with ETIMEDOUT.',
      },
    },
  ),
  step(
    'Sets a kernel variable.',
    'sysctl',
    { enum: ['kernel.ftrace_enabled'], description: 'Which one.' },
    { value: { enum: ['0', '1'] } },
    ['value'],
  ),
  step('Looks at the log, at sysfs and at tasks.', 'expect', EXPECT),
];

const TASK_SKETCH: Schema = {
  type: 'object',
  description: 'A task.',
  properties: {
    does: {
      enum: TASK_ACTIVITIES,
      description:
        'What it does: sleeps in a system call (read of an empty pipe, epoll, poll, select, futex, nanosleep, pause, wait4, vfork, accept, recv, semop, sigwait, sigsuspend), is stopped or traced, spins in user space, makes calls all the time, is busy in the kernel, forks all the time; or it is a kernel-thread.',
    },
    file: text('read: the file that it reads instead of a pipe. It must say where it sleeps: "stack".'),
    seconds: { type: 'integer', minimum: 1, description: 'nanosleep: how long. Without it: for ever.' },
    stack: STACK(
      'Where it sleeps, for the simulator: functions innermost first, as /proc/PID/stack shows them, "name [module]" for those of a module.',
    ),
    state: { enum: TASK_STATES, default: 'interruptible', description: 'How it sleeps there.' },
    onSignal: {
      enum: ['restarts', 'EINTR'],
      default: 'restarts',
      description: 'What its system call does when the signals of a transition break it off.',
    },
    afterWake: STACK('kernel-thread: where it sleeps after a wake step. Without it: where it slept before.'),
  },
  required: ['does'],
  additionalProperties: false,
};

export const SCENARIO_SCHEMA: Schema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Kernel Livepatch scenario',
  description: 'Steps that are played on the simulator and on a real kernel, and what must come of them.',
  type: 'object',
  properties: {
    $schema: { type: 'string' },
    title: text('What the scenario shows, in a sentence.'),
    kernels: {
      ...list(WORD, 'Kernels that it is about, such as "6.1" and "6.12".'),
      minItems: 1,
      default: ['6.12'],
    },
    modules: map(WORD, 'Livepatch modules: name, and path of the C source relative to this file.'),
    targets: map(WORD, 'Modules for livepatches to patch: name, and path of the C source relative to this file.'),
    workload: {
      enum: PRESETS.map(({ id }) => id),
      description:
        'What else runs on the simulated machine. Without it: next to nothing, as in the guest that verify boots.',
    },
    seed: { type: 'integer', minimum: 0, maximum: 4_294_967_295, default: 1, description: 'Of the simulated run.' },
    symbols: map(
      { anyOf: [{ type: 'integer', minimum: 0 }, { enum: ['notrace'] }] },
      'What the simulator is told about functions: how many there are of that name (0: none), or "notrace". Without it a function exists once and can be traced.',
    ),
    tasks: map(TASK_SKETCH, 'Tasks by name (at most 15 characters).'),
    steps: { ...list({ anyOf: STEPS }, 'What happens, in order.'), minItems: 1 },
  },
  required: ['title', 'modules', 'steps'],
  additionalProperties: false,
};
