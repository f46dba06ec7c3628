import type { Machine } from './machine.ts';
import { StackSearch } from './stack-search.ts';
import type { KlpOps, KlpPatch } from './structures.ts';
import type { Task } from './task.ts';

/**
 * What must hold at every step, checked in production too. A violation is a bug of the simulator and throws; what a run
 * may well do but an author should know (tasks that a forced transition caught in old code) is a finding in the trace.
 */

/** A function's stack holds registered entries of one function, and at most one of a running transition: the top. */
export function checkFuncStack(m: Machine, ops: KlpOps): void {
  const seen = new Set<unknown>();
  for (const func of ops.funcStack) {
    m.assert(func.patched, `func_stack of '${ops.oldName}' holds an entry that is not registered`);
    m.assert(func.oldFrame === ops.oldFrame, `func_stack of '${ops.oldName}' holds an entry of '${func.oldName}'`);
    m.assert(!seen.has(func), `func_stack of '${ops.oldName}' holds an entry twice`);
    seen.add(func);
  }
  checkOldVersion(m, ops);
}

/**
 * Until the last task has switched, those that have not run what they ran before: in a replace never the original in
 * between.
 */
function checkOldVersion(m: Machine, ops: KlpOps): void {
  const { transition } = m;
  if (transition === null || transition.completing) return;
  const runs = m.handler(ops, transition.initial);
  const before = transition.oldVersions.get(ops.oldFrame);
  if (before === undefined) transition.oldVersions.set(ops.oldFrame, runs);
  else m.assert(runs === before, `unswitched tasks ran ${before}() and now run ${runs}()`);
}

/** No task is in a transition: one may begin. */
export function checkNoStates(m: Machine): void {
  m.tasks.forAll((task) => {
    if (task.patchState !== -1) m.broken(`task ${task.id} is in a transition before it began`);
  });
}

/** Every task is at the target: only then may what the others would run be taken away. */
export function checkAllSwitched(m: Machine): void {
  const { transition } = m;
  m.assert(transition !== null, 'no transition is running');
  m.tasks.forAll((task) => {
    if (task.patchPending) m.broken(`task ${task.id} has TIF_PATCH_PENDING at the end of a transition`);
    if (transition.started && task.patchState !== transition.target) {
      m.broken(`task ${task.id} is left behind by a transition that completes`);
    }
  });
}

/** TIF_PATCH_PENDING is set on exactly the tasks whose state differs from the target. */
export function checkTask(m: Machine, task: Task): void {
  const { transition } = m;
  const { patchState, patchPending } = task;
  if (transition === null) {
    if (patchState !== -1) m.broken(`task ${task.id} has patch_state ${patchState} without a transition`);
    if (patchPending) m.broken(`task ${task.id} has TIF_PATCH_PENDING without a transition`);
    return;
  }
  if (patchState === -1) m.broken(`task ${task.id} has no patch_state in a transition`);
  if (transition.started && patchPending !== (patchState !== transition.target)) {
    m.broken(`TIF_PATCH_PENDING of task ${task.id} disagrees with its patch_state`);
  }
}

/**
 * A task that goes over to other versions has none of their counterparts on its stack: it never runs a mix within one
 * stay in the kernel. `frames` are those at the moment of switching, `state` the new patch_state.
 */
export function staleFrame(m: Machine, task: Task, state: 0 | 1): string | null {
  if (m.transition === null || task.frames.length === 0) return null;
  m.staleFrames[state] ??= readStaleFrames(m, m.transition.patch, state);
  return m.staleFrames[state].find(task.frames);
}

/** What a task of the other state runs instead of what one of this state runs. */
function readStaleFrames(m: Machine, patch: KlpPatch, state: 0 | 1): StackSearch<string> {
  const stale = new StackSearch<string>();
  for (const object of patch.objects) {
    for (const func of object.funcs) {
      const ops = func.patched && func.oldFrame !== null ? m.ops.get(func.oldFrame) : undefined;
      if (ops === undefined) continue;
      const other = m.handler(ops, state === 0 ? 1 : 0);
      if (m.handler(ops, state) !== other) stale.add(other, other);
    }
  }
  return stale;
}
