import type { CallbackName, ShadowUse } from '../model/index.ts';
import type { Step } from './step.ts';

/**
 * Everything that happened in one run, in order. Append-only and complete: hover, panel, command line and tests look at
 * nothing else. Plain JSON. Times are integers in microseconds since the run's start.
 */
export interface Trace {
  readonly format: 'livepatch-trace-1';
  readonly options: TraceOptions;
  /** Tasks at the start, idle tasks included; forked ones come with their events. */
  readonly tasks: readonly TraceTask[];
  readonly events: readonly TraceEvent[];
  /** When the run stopped. */
  readonly end: number;
  /** Why it stopped: nothing left to do, the time limit, or a bound of the simulator. */
  readonly stopped: 'quiet' | 'time-limit' | 'event-limit';
}

/** What gave this trace: the same options give the same bytes. */
export interface TraceOptions {
  /** `6.12` or `6.1`. */
  readonly kernel: string;
  /** Consistency model: `hybrid` is what the kernel of that version does. */
  readonly model: string;
  readonly workload: string;
  readonly seed: number;
  /** Microseconds. */
  readonly timeLimit: number;
  /** Log lines that only `dyndbg` shows are in the trace with level `debug`. */
  readonly assumptions: readonly string[];
}

export interface TraceTask {
  /** Unique in a trace: the pid; idle tasks have -1 - CPU. */
  readonly id: number;
  /** As `ps` shows it: `nginx`, `kworker/0:1`, `swapper/0`. */
  readonly comm: string;
  readonly kind: 'user' | 'kthread' | 'io_worker' | 'idle';
  /** Place in the workload's `tasks`, null for idle tasks: lanes are grouped by it. */
  readonly group: number | null;
}

/** /proc/PID/patch_state: -1 no transition, 0 unpatched, 1 patched. */
export type PatchState = -1 | 0 | 1;

/**
 * How a task came by its state; from `at-once` on only with other models than the kernel's own. `observed`: on a real
 * kernel, where only the state was seen.
 */
export type SwitchWay =
  | 'stack-check'
  | 'kernel-exit'
  | 'idle'
  | 'cond_resched'
  | 'freezable-sleep'
  | 'fork'
  | 'force'
  | 'offline'
  | 'at-once'
  | 'in-user-space'
  | 'loop-point'
  | 'observed';

/** Where a task is at one moment: the phase of its behaviour, and the frames on its stack, innermost first. */
export interface TaskPlace {
  /** Index into its group's phases; -1 for tasks that have none (idle ones). */
  readonly phase: number;
  /** Empty when nothing of the kernel is on its stack. */
  readonly stack: readonly string[];
}

/** Why klp_try_switch_task() left a task alone. */
export type BlockReason =
  | { readonly kind: 'running' }
  | { readonly kind: 'unreliable' }
  /** `function` is the name whose range was hit; `original` the `old_name` that the kernel's debug line prints. */
  | { readonly kind: 'sleeping-on'; readonly function: string; readonly original: string }
  /** Other models than the kernel's own: it is not where that model switches tasks. `text` completes "it …". */
  | { readonly kind: 'out-of-reach'; readonly what: OutOfReach; readonly text: string };

/** `not-waited-for`: that model ends without it. */
export type OutOfReach = 'in-kernel' | 'in-user-space' | 'not-parked' | 'traced' | 'not-waited-for';

export type TraceEvent = {
  readonly at: number;
} /** A step of the scenario was carried out. errno is 0 or negative (`-22`), as the kernel returns it. */ & (
  | { readonly type: 'step'; readonly index: number; readonly step: Step; readonly errno: number }
  /** One line of the kernel log, prefix included: `livepatch: enabling patch 'x'`. */
  | { readonly type: 'log'; readonly level: LogLevel; readonly text: string }
  | {
      readonly type: 'callback';
      readonly patch: string;
      /** `vmlinux` or the module's name. */
      readonly object: string;
      readonly callback: CallbackName;
      readonly function: string;
      readonly returns: number;
    }
  | {
      readonly type: 'transition';
      readonly patch: string;
      readonly target: 'patched' | 'unpatched';
      readonly phase: 'init' | 'start' | 'reverse' | 'cancel' | 'complete' | 'done';
    }
  /** One pass over all tasks (klp_try_complete_transition). */
  | {
      readonly type: 'pass';
      readonly patch: string;
      readonly number: number;
      readonly switched: number;
      readonly remaining: number;
      readonly signalled: boolean;
    }
  /** A task's patch_state changed. `place` is told in observed runs only (see SimulateOptions.observe). */
  | {
      readonly type: 'patch-state';
      readonly task: number;
      readonly state: PatchState;
      readonly how: SwitchWay | 'init' | 'done';
      readonly place?: TaskPlace;
    }
  /** A pass found that a task can't switch; told when the reason changes, not every pass. Stack innermost first. */
  | { readonly type: 'blocked'; readonly task: number; readonly reason: BlockReason; readonly stack: readonly string[] }
  /** The signal round reached a task. `effect` is what its system call does, null when nothing was interrupted. */
  | {
      readonly type: 'signal';
      readonly task: number;
      readonly woken: boolean;
      readonly effect: 'restarts' | 'EINTR' | null;
    }
  /** A system call of a task returned EINTR because of a signal that is no transition's. */
  | { readonly type: 'eintr'; readonly task: number }
  | { readonly type: 'fork'; readonly parent: number; readonly child: TraceTask; readonly state: PatchState }
  | { readonly type: 'exit'; readonly task: number }
  /** Other models than the kernel's own: a task is held, or goes on; null stands for the whole machine. */
  | { readonly type: 'stand-still'; readonly task: number | null; readonly on: boolean }
  /** Models that switch tasks inside old code: the last call of it on this task's stack has returned. */
  | { readonly type: 'old-code-left'; readonly task: number }
  /**
   * A sysfs file or directory below /sys/kernel/livepatch. Values without newline; '' for a directory, and for `force`, which
   * can't be read. Null when a directory vanished, with all that is below it.
   */
  | { readonly type: 'sysfs'; readonly path: string; readonly value: string | null }
  /** The stack of replacements of one function, newest first; `function` is `name`, or `name,2` for an old_sympos above 1. */
  | {
      readonly type: 'func-stack';
      readonly object: string;
      readonly function: string;
      readonly stack: readonly FuncStackEntry[];
    }
  /**
   * Shadow variables: what a callback did, and what the patch's functions do from now on. Told of each call in the source
   * once for each time that it begins.
   */
  | {
      readonly type: 'shadow';
      readonly patch: string;
      /** The function that calls. */
      readonly function: string;
      readonly call: ShadowUse['call'];
      readonly id: number | string;
      readonly result: ShadowResult;
    }
  /** A target module or livepatch module is loaded or gone. */
  | { readonly type: 'module'; readonly module: string; readonly state: 'loaded' | 'gone' | 'refused' }
  /** Something that a patch author should know: a hazard that the run met, or a broken invariant. */
  | { readonly type: 'finding'; readonly id: string; readonly text: string }
);

/** `exists`: klp_shadow_alloc() found one and gave up; `failed`: the constructor did. */
export type ShadowResult = 'attached' | 'found' | 'none' | 'freed' | 'exists' | 'failed';

export type LogLevel = 'debug' | 'info' | 'notice' | 'warning' | 'err';

export interface FuncStackEntry {
  readonly patch: string;
  readonly newFunc: string;
  readonly nop: boolean;
  readonly transition: boolean;
}
