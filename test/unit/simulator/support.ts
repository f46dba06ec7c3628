import type {
  CallbackImage,
  CallbackName,
  FuncImage,
  ObjectImage,
  PatchImage,
} from '../../../shared/src/model/index.ts';
import { type SimulateOptions, simulate } from '../../../shared/src/simulator/simulate.ts';
import type { Action, Step } from '../../../shared/src/simulator/step.ts';
import type { Trace, TraceEvent } from '../../../shared/src/simulator/trace.ts';
import type { Phase, TaskGroup, Workload } from '../../../shared/src/simulator/workload.ts';

/** What the simulator's tests are written with. */

type Callbacks = readonly CallbackName[] | { readonly [name in CallbackName]?: number };

interface ObjectSketch {
  readonly funcs?: readonly (string | Partial<FuncImage>)[];
  /** Names of callbacks that return 0, or what each returns. */
  readonly callbacks?: Callbacks;
  readonly nullFields?: readonly 'funcs'[];
}

/** A patch: its module's name, and for each object (`vmlinux` or a module) the functions that it replaces. */
export function patch(
  module: string,
  objects: { readonly [object: string]: readonly string[] | ObjectSketch },
  more: Partial<PatchImage> = {},
): PatchImage {
  return {
    module,
    variable: 'patch',
    livepatchMark: true,
    hasExit: true,
    replace: false,
    replaceable: null,
    states: [],
    objects: Object.entries(objects).map(([name, sketch]) =>
      object(module, name, 'length' in sketch ? { funcs: sketch as string[] } : sketch),
    ),
    assumptions: [],
    source: null,
    ...more,
  };
}

export function object(module: string, name: string, sketch: ObjectSketch): ObjectImage {
  return {
    name: name === 'vmlinux' ? null : name,
    funcs: (sketch.funcs ?? []).map((func) => funcImage(module, func)),
    callbacks: callbackImages(sketch.callbacks ?? []),
    source: null,
    ...(sketch.nullFields === undefined ? {} : { nullFields: sketch.nullFields }),
  };
}

function funcImage(module: string, sketch: string | Partial<FuncImage>): FuncImage {
  const fields = typeof sketch === 'string' ? { oldName: sketch } : sketch;
  const oldName = fields.oldName ?? 'f';
  return { oldName, newFunc: `${module}_${oldName}`, oldSympos: 0, source: null, newFuncSource: null, ...fields };
}

function callbackImages(callbacks: Callbacks): { [name in CallbackName]?: CallbackImage } {
  const values = Array.isArray(callbacks)
    ? (Object.fromEntries(callbacks.map((name) => [name, 0])) as { [name in CallbackName]?: number })
    : (callbacks as { [name in CallbackName]?: number });
  const images: { [name in CallbackName]?: CallbackImage } = {};
  for (const [name, returns] of Object.entries(values)) {
    images[name as CallbackName] = { function: `${name}_callback`, returns, returnKnown: true, source: null };
  }
  return images;
}

export const ALL_CALLBACKS: readonly CallbackName[] = ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch'];

export const SECOND = 1_000_000;
export const FOREVER = { min: 0, max: 'forever' } as const;

/** One CPU: nothing else runs while the kernel looks at the tasks, so that the first pass finds all of them asleep. */
export function machine(tasks: readonly TaskGroup[], more: Partial<Workload> = {}): Workload {
  return {
    id: 'test',
    title: 'Test',
    description: 'For a test.',
    cpus: 1,
    hz: 250,
    nohzFullCpus: [],
    modules: [],
    tasks,
    ...more,
  };
}

export function task(comm: string, phases: readonly Phase[], more: Partial<TaskGroup> = {}): TaskGroup {
  return { comm, kind: 'user', count: 1, behaviour: { phases }, ...more };
}

type Sleep = Extract<Phase, { do: 'sleep' }>;

/** Asleep for ever in a system call, where signals reach it and the call restarts. */
export function asleep(
  comm: string,
  frames: readonly string[],
  more: Partial<Sleep> = {},
  group: Partial<TaskGroup> = {},
) {
  const stack = ['__schedule', 'schedule', ...frames, 'do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];
  return task(comm, [{ do: 'sleep', for: FOREVER, stack, state: 'interruptible', syscall: 'read', ...more }], group);
}

/** A kernel thread that sleeps for ever. */
export function kthread(comm: string, frames: readonly string[], more: Partial<Sleep> = {}) {
  const stack = ['__schedule', 'schedule', ...frames, 'kthread', 'ret_from_fork', 'ret_from_fork_asm'];
  return task(comm, [{ do: 'sleep', for: FOREVER, stack, state: 'interruptible', ...more }], { kind: 'kthread' });
}

/** Nothing on it sleeps in what tests patch. */
export const QUIET: Workload = machine([asleep('init', ['ep_poll', 'do_epoll_wait', '__x64_sys_epoll_wait'])]);

/** One task sleeps in pipe_read() for ever, so that a patch of it hangs until the signals. */
export const READER: Workload = machine([
  asleep('init', ['ep_poll', 'do_epoll_wait', '__x64_sys_epoll_wait']),
  asleep('cat', ['pipe_read', 'vfs_read', 'ksys_read']),
]);

/** One task sleeps in msleep() for ever, where no signal reaches it. */
export const STUCK: Workload = machine([
  asleep('init', ['ep_poll', 'do_epoll_wait', '__x64_sys_epoll_wait']),
  asleep('stuck', ['msleep', 'vfs_read', 'ksys_read'], { state: 'uninterruptible' }),
]);

/** Steps with the seconds at which they are done. */
export function at(seconds: number, action: Action): Step {
  return { at: Math.round(seconds * SECOND), ...action };
}

export const load = (image: PatchImage, parameters: { readonly [name: string]: string } = {}): Action => ({
  do: 'load',
  image,
  parameters,
});
export const unload = (module: string): Action => ({ do: 'unload', module });
export const write = (path: string, value: string): Action => ({ do: 'write', path, value });
export const loadTarget = (module: string): Action => ({ do: 'load-target', module });
export const unloadTarget = (module: string): Action => ({ do: 'unload-target', module });

export function play(workload: Workload, steps: readonly Step[], more: Partial<SimulateOptions> = {}): Trace {
  return simulate({ kernel: '6.12', workload, seed: 1, steps, ...more });
}

/**
 * What somebody at the console would see: the whole log without `livepatch: `, the callbacks as `[pre_patch vmlinux]`, and
 * the steps with what they return when it is not 0 (`> write lp/enabled = 1: -22`).
 */
export function story(trace: Trace): string[] {
  const lines: string[] = [];
  for (const event of trace.events) {
    if (event.type === 'log') lines.push(event.text.replace(/^livepatch: /, ''));
    else if (event.type === 'callback') lines.push(`[${event.callback} ${event.object}]`);
    else if (event.type === 'step')
      lines.push(`> ${stepText(event.step)}${event.errno === 0 ? '' : `: ${event.errno}`}`);
  }
  return lines;
}

function stepText(step: Step): string {
  switch (step.do) {
    case 'load':
      return `load ${step.image.module}`;
    case 'write':
      return `write ${step.path} = ${step.value}`;
    case 'sysctl':
      return `sysctl ${step.name} = ${step.value}`;
    default:
      return `${step.do} ${'task' in step ? step.task : step.module}`;
  }
}

/** Lines after a step, without the debug line that comes with each pass. */
export function linesAfter(lines: readonly string[], step: string): string[] {
  return lines.slice(lines.indexOf(step) + 1).filter((line) => !line.startsWith('klp_try_switch_task'));
}

/** The errno of each step, in order. */
export function errnos(trace: Trace): number[] {
  return events(trace, 'step').map((event) => event.errno);
}

/** All events of one type, in order. */
export function events<T extends TraceEvent['type']>(trace: Trace, type: T): Extract<TraceEvent, { type: T }>[] {
  return trace.events.filter((event): event is Extract<TraceEvent, { type: T }> => event.type === type);
}
