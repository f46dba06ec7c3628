import { sysfsFileMode } from './sysfs-modes.ts';
import type { BlockReason, FuncStackEntry, LogLevel, PatchState, Trace, TraceTask } from './trace.ts';

/** The machine at one moment, computed from a trace. Plain JSON. */
export interface MachineState {
  /** Microseconds. */
  readonly at: number;
  /** Tasks that exist then, in the order of the trace's tasks, forked ones last. */
  readonly tasks: readonly TaskState[];
  /** The transition that runs, null when none does. */
  readonly transition: {
    readonly patch: string;
    readonly target: 'patched' | 'unpatched';
    readonly since: number;
  } | null;
  /** /sys/kernel/livepatch, in the order of paths. */
  readonly sysfs: readonly SysfsNode[];
  readonly log: readonly LogLine[];
  readonly funcStacks: readonly FuncStackState[];
  /** Modules that were loaded or refused by steps so far and are still there. */
  readonly modules: readonly string[];
}

export interface TaskState {
  readonly task: TraceTask;
  readonly patchState: PatchState;
  /** Why the last pass left it alone; null when it did not. */
  readonly blocked: BlockReason | null;
  /** The stack that blocks it, innermost first; empty when it is not blocked. */
  readonly stack: readonly string[];
  /** It was signalled in the present transition. */
  readonly signalled: boolean;
}

export interface SysfsNode {
  /** Below /sys/kernel/livepatch. */
  readonly path: string;
  readonly kind: 'dir' | 'file';
  /** A file's content without the newline; null for directories and for files that can't be read (`force`). */
  readonly value: string | null;
}

export interface LogLine {
  readonly at: number;
  readonly level: LogLevel;
  readonly text: string;
}

export interface FuncStackState {
  /** `vmlinux` or the module's name. */
  readonly object: string;
  readonly function: string;
  /** Newest first; never empty. */
  readonly stack: readonly FuncStackEntry[];
}

/** The state after all events up to and including `at` (microseconds). */
export function stateAt(trace: Trace, at: number): MachineState {
  const tasks = new Map<number, { -readonly [key in keyof TaskState]: TaskState[key] }>();
  const add = (task: TraceTask, patchState: PatchState) =>
    tasks.set(task.id, { task, patchState, blocked: null, stack: [], signalled: false });
  for (const task of trace.tasks) add(task, -1);
  let transition: MachineState['transition'] = null;
  const sysfs = new Map<string, string>();
  const log: LogLine[] = [];
  const funcStacks = new Map<string, FuncStackState>();
  const modules = new Set<string>();

  for (const event of trace.events) {
    if (event.at > at) break;
    switch (event.type) {
      case 'log':
        log.push({ at: event.at, level: event.level, text: event.text });
        break;
      case 'transition':
        if (event.phase === 'done') transition = null;
        else if (event.phase === 'init' || event.phase === 'reverse') {
          transition = { patch: event.patch, target: event.target, since: event.at };
        }
        if (event.phase === 'init' || event.phase === 'reverse' || event.phase === 'done') {
          for (const task of tasks.values()) clear(task);
        }
        break;
      case 'patch-state': {
        const task = tasks.get(event.task);
        if (task === undefined) break;
        task.patchState = event.state;
        clear(task);
        break;
      }
      case 'blocked': {
        const task = tasks.get(event.task);
        if (task === undefined) break;
        task.blocked = event.reason;
        task.stack = event.stack;
        break;
      }
      case 'signal': {
        const task = tasks.get(event.task);
        if (task !== undefined) task.signalled = true;
        break;
      }
      case 'fork':
        add(event.child, event.state);
        break;
      case 'exit':
        tasks.delete(event.task);
        break;
      case 'sysfs':
        if (event.value === null) remove(sysfs, event.path);
        else sysfs.set(event.path, event.value);
        break;
      case 'func-stack': {
        const { object, stack } = event;
        const key = `${object}:${event.function}`;
        if (stack.length === 0) funcStacks.delete(key);
        else funcStacks.set(key, { object, function: event.function, stack });
        break;
      }
      case 'module':
        if (event.state === 'loaded') modules.add(event.module);
        else modules.delete(event.module);
        break;
      default:
        break;
    }
  }
  return {
    at,
    tasks: [...tasks.values()],
    transition,
    sysfs: tree(sysfs),
    log,
    funcStacks: [...funcStacks.values()],
    modules: [...modules],
  };
}

function clear(task: { blocked: BlockReason | null; stack: readonly string[]; signalled: boolean }): void {
  task.blocked = null;
  task.stack = [];
  task.signalled = false;
}

function remove(sysfs: Map<string, string>, path: string): void {
  for (const key of [...sysfs.keys()]) if (key === path || key.startsWith(`${path}/`)) sysfs.delete(key);
}

function tree(sysfs: ReadonlyMap<string, string>): SysfsNode[] {
  const paths = [...sysfs.keys()].sort((a, b) => (a < b ? -1 : 1));
  return paths.map((path) => {
    const mode = sysfsFileMode(path);
    if (mode === null) return { path, kind: 'dir', value: null };
    return { path, kind: 'file', value: mode & 0o444 ? (sysfs.get(path) ?? '') : null };
  });
}
