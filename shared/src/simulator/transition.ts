import { postPatchCallback, postUnpatchCallback } from './callbacks.ts';
import { discardNops, freePatchAsync, freeReplacedPatchesAsync, unpatchReplacedPatches } from './core.ts';
import { checkAllSwitched, checkNoStates, checkTask, staleFrame } from './invariants.ts';
import { pr } from './log.ts';
import type { Machine, Transition } from './machine.ts';
import { findOps, tellFuncStack, unpatchObjects } from './patch.ts';
import { hash } from './prng.ts';
import { shadowsPatched, shadowsUnpatched } from './shadow-life.ts';
import { StackSearch } from './stack-search.ts';
import { isObjectLoaded, type KlpPatch } from './structures.ts';
import { sysfsEnabled, sysfsTransition } from './sysfs.ts';
import type { Task } from './task.ts';
import { NEVER } from './task-class.ts';
import { scheduleSwitchPoint } from './task-events.ts';
import type { BlockReason, PatchState, SwitchWay, TraceEvent } from './trace.ts';

/** kernel/livepatch/transition.c: switching every task from one set of functions to the other. */

/** SIGNALS_TIMEOUT: a pass sends signals when this many passes, or a multiple, have failed. */
const SIGNALS_TIMEOUT = 15;

const direction = (target: 0 | 1): string => (target === 1 ? 'patching' : 'unpatching');
const targetName = (target: 0 | 1): 'patched' | 'unpatched' => (target === 1 ? 'patched' : 'unpatched');

function tell(m: Machine, transition: Transition, phase: Extract<TraceEvent, { type: 'transition' }>['phase']): void {
  m.emit({
    at: m.now,
    type: 'transition',
    patch: transition.patch.module,
    target: targetName(transition.target),
    phase,
  });
}

/** The one transition there is. */
function current(m: Machine): Transition {
  m.assert(m.transition !== null, 'no transition is running');
  return m.transition;
}

/** klp_init_transition(): every task gets the state that it has now, every function of the patch its transition flag. */
export function initTransition(m: Machine, patch: KlpPatch, target: 0 | 1): void {
  m.assert(m.transition === null, 'a transition begins while another one runs');
  const initial = target === 1 ? 0 : 1;
  const transition: Transition = {
    patch,
    target,
    initial,
    signalsCount: 0,
    passes: 0,
    started: false,
    completing: false,
    oldVersions: new Map(),
    waiting: [],
  };
  for (const ops of m.ops.values()) transition.oldVersions.set(ops.oldFrame, m.handler(ops, -1));
  m.transition = transition;
  pr(m, 'debug', `'${patch.module}': initializing ${direction(target)} transition`);
  tell(m, transition, 'init');
  sysfsTransition(m, patch);
  checkNoStates(m);
  m.tasks.setPatchStates(initial);
  tellPatchStates(m, initial, 'init');
  setTransitionFlags(m, patch, true);
}

function tellPatchStates(m: Machine, state: PatchState, how: 'init' | 'done'): void {
  if (!m.recordAll) return;
  m.tasks.forAll((task) => m.emit({ at: m.now, type: 'patch-state', task: task.id, state, how }));
}

/** func->transition of all functions of the patch; those that are on a func_stack are told. */
function setTransitionFlags(m: Machine, patch: KlpPatch, value: boolean): void {
  for (const object of patch.objects) for (const func of object.funcs) func.transition = value;
  m.functionsChanged();
  for (const object of patch.objects) {
    for (const func of object.funcs) {
      const ops = func.patched ? findOps(m, func) : undefined;
      if (ops !== undefined) tellFuncStack(m, ops);
    }
  }
}

/** klp_start_transition(): from now on tasks may switch. */
export function startTransition(m: Machine): void {
  const transition = current(m);
  pr(m, 'notice', `'${transition.patch.module}': starting ${direction(transition.target)} transition`);
  tell(m, transition, 'start');
  transition.started = true;
  transition.signalsCount = 0;
  transition.passes = 0;
  const waiting: Task[] = [];
  m.tasks.forAll((task) => {
    if (task.patchState === transition.target) return;
    task.patchPending = true;
    if (task.kind !== 'idle') waiting.push(task);
  });
  transition.waiting = waiting;
}

/**
 * klp_try_complete_transition(): one pass over the tasks. When some could not be switched it comes back in a second;
 * each 15 of these rounds the remaining tasks are signalled.
 */
export function tryCompleteTransition(m: Machine): void {
  const transition = current(m);
  const { patch, target } = transition;
  m.assert(transition.started, 'a pass before the transition started');
  transition.waiting = transition.waiting.filter((task) => task.alive && task.patchState !== target);
  const before = transition.waiting.length;
  m.seat(transition.waiting);
  const checks = checkedFrames(m);
  const remaining: Task[] = [];
  for (const task of transition.waiting) {
    if (!trySwitchTask(m, task, 'stack-check', checks)) remaining.push(task);
  }
  let idleBefore = 0;
  const idleRemaining: Task[] = [];
  for (const task of m.idleTasks) {
    if (task.patchState === target) continue;
    idleBefore++;
    // It does not run, and nothing may ever make it run.
    if (isOffline(m, task)) switchTask(m, task, 'offline');
    else if (!trySwitchTask(m, task, 'stack-check', checks)) idleRemaining.push(task);
  }
  transition.waiting = remaining;
  transition.passes++;
  const left = remaining.length + idleRemaining.length;
  const signalled = left > 0 && transition.signalsCount > 0 && transition.signalsCount % SIGNALS_TIMEOUT === 0;
  m.emit({
    at: m.now,
    type: 'pass',
    patch: patch.module,
    number: transition.passes,
    switched: before + idleBefore - left,
    remaining: left,
    signalled,
  });

  if (left > 0) {
    m.scheduleWork(m.roundedSecondFromNow());
    // A task that forks or exits has an event already, but not one for its next return to user space.
    for (const task of remaining) if (!task.queued || task.eager) scheduleSwitchPoint(m, task);
    for (const task of idleRemaining) if (!task.queued) scheduleIdleLoop(m, task);
    // Whoever is kicked or woken gets there before.
    if (signalled) sendSignals(m, remaining);
    transition.signalsCount++;
    return;
  }

  m.workAt = NEVER;
  completeTransition(m);
  if (!patch.enabled) freePatchAsync(m, patch);
  else if (patch.replace) freeReplacedPatchesAsync(m, patch);
}

/** Whether it is the idle task of a CPU that is not online. */
function isOffline(m: Machine, task: Task): boolean {
  return m.workload.offlineCpus?.includes(-1 - task.id) === true;
}

/** wake_up_if_idle(): an idle task goes round its loop at once, that of a busy CPU when the CPU has nothing else to do. */
function scheduleIdleLoop(m: Machine, task: Task): void {
  const spread = m.isRunning(task) ? 200 : 20_000;
  m.scheduleTask(task, m.now + 10 + (hash(m.seed, task.id, m.now) % spread));
}

/** klp_complete_transition() */
function completeTransition(m: Machine): void {
  const transition = current(m);
  const { patch, target } = transition;
  pr(m, 'debug', `'${patch.module}': completing ${direction(target)} transition`);
  tell(m, transition, 'complete');
  checkAllSwitched(m);
  transition.completing = true;
  if (patch.replace && target === 1) {
    unpatchReplacedPatches(m, patch);
    discardNops(m, patch);
  }
  if (target === 0) unpatchObjects(m, patch);
  setTransitionFlags(m, patch, false);
  transition.started = false;
  m.tasks.setPatchStates(-1);
  tellPatchStates(m, -1, 'done');
  for (const object of patch.objects) {
    if (!isObjectLoaded(object)) continue;
    if (target === 1) postPatchCallback(m, object);
    else postUnpatchCallback(m, object);
  }
  pr(m, 'notice', `'${patch.module}': ${direction(target)} complete`);
  m.transition = null;
  sysfsTransition(m, patch);
  tell(m, transition, 'done');
  if (target === 1) shadowsPatched(m, patch);
  else shadowsUnpatched(m, patch);
}

/** klp_cancel_transition(): enabling failed before any task could switch. */
export function cancelTransition(m: Machine): void {
  const transition = current(m);
  m.assert(transition.target === 1 && !transition.started, 'a started transition is cancelled');
  pr(m, 'debug', `'${transition.patch.module}': canceling patching transition, going to unpatch`);
  tell(m, transition, 'cancel');
  transition.target = 0;
  completeTransition(m);
}

/** klp_reverse_transition(): the tasks that switched go back. The next pass comes when it would have come anyway. */
export function reverseTransition(m: Machine): void {
  const transition = current(m);
  const { patch } = transition;
  const turn = transition.target === 1 ? 'patching to unpatching' : 'unpatching to patching';
  pr(m, 'debug', `'${patch.module}': reversing transition from ${turn}`);
  m.tasks.forAll((task) => {
    task.patchPending = false;
    task.told = null;
  });
  patch.enabled = !patch.enabled;
  transition.target = transition.target === 1 ? 0 : 1;
  m.functionsChanged();
  tell(m, transition, 'reverse');
  sysfsEnabled(m, patch);
  startTransition(m);
  m.seat(transition.waiting);
  for (const task of transition.waiting) scheduleSwitchPoint(m, task);
  for (const task of m.idleTasks) if (task.patchPending && !isOffline(m, task)) scheduleIdleLoop(m, task);
}

/** klp_force_transition(): all that are left get the target state, whatever they are doing. */
export function forceTransition(m: Machine): void {
  const transition = current(m);
  const { patch, target } = transition;
  pr(m, 'warning', 'forcing remaining tasks to the patched state');
  m.tasks.forAll((task) => {
    if (!task.patchPending) return;
    m.look(task);
    const stale = staleFrame(m, task, target);
    switchTask(m, task, 'force');
    if (stale === null) return;
    const text = `force: ${task.comm}:${task.id} still executes ${stale}() and now also runs ${targetName(target)} code`;
    m.emit({ at: m.now, type: 'finding', id: 'forced-mix', text });
  });
  transition.waiting = [];
  if (target === 0) patch.forced = true;
  else if (patch.replace) {
    for (const other of m.patches) {
      if (other !== patch && m.traits.replacePolicy.keepsForced(patch, other)) other.forced = true;
    }
  }
}

/** Gives a task the target state. */
export function switchTask(m: Machine, task: Task, how: SwitchWay): void {
  const { target } = current(m);
  if (!task.patchPending || task.patchState === target) m.broken(`task ${task.id} switches twice`);
  task.patchPending = false;
  task.patchState = target;
  checkTask(m, task);
  if (m.recordAll || task.told !== null) {
    const place = m.observe ? { place: { phase: task.phaseIndex, stack: task.frames } } : {};
    m.emit({ at: m.now, type: 'patch-state', task: task.id, state: target, how, ...place });
  }
  task.told = null;
  // What a switched task does is of no interest any more, unless its forks and exits show.
  if (!task.eager) m.scheduleTask(task, NEVER);
}

/**
 * klp_try_switch_task(): true when the task has the target state afterwards. A refusal is logged, and told to the trace
 * when its reason is new.
 */
export function trySwitchTask(
  m: Machine,
  task: Task,
  how: 'stack-check' | 'cond_resched' | 'freezable-sleep',
  checks: FrameChecks,
): boolean {
  const { target } = current(m);
  checkTask(m, task);
  if (task.patchState === target) return true;
  const reason = how === 'stack-check' ? m.model.tryTask(m, task, checks) : checks.blocks(task.frames);
  if (reason === null) {
    const stale = staleFrame(m, task, target);
    switchTask(m, task, how);
    if (stale !== null) {
      const text = `${task.comm}:${task.id} switched while ${stale}() is on its stack: only the newest older version is checked`;
      m.emit({ at: m.now, type: 'finding', id: 'unchecked-version', text });
    }
    return true;
  }
  logRefusal(m, task, reason);
  if (task.told === null || !isSameReason(task.told, reason)) {
    task.told = reason;
    m.emit({ at: m.now, type: 'blocked', task: task.id, reason, stack: reason.kind === 'running' ? [] : task.frames });
  }
  return false;
}

/** Whether the trace would say the same of both. */
export function isSameReason(a: BlockReason, b: BlockReason): boolean {
  if (a.kind === 'sleeping-on' && b.kind === 'sleeping-on')
    return a.function === b.function && a.original === b.original;
  if (a.kind === 'out-of-reach' && b.kind === 'out-of-reach') return a.text === b.text;
  return a.kind === b.kind;
}

function logRefusal(m: Machine, task: Task, reason: BlockReason): void {
  if (!m.recordAll) return;
  const who = `klp_try_switch_task: ${task.comm}:${task.kind === 'idle' ? 0 : task.id}`;
  if (reason.kind === 'running') pr(m, 'debug', `${who} is running`);
  else if (reason.kind === 'unreliable') pr(m, 'debug', `${who} has an unreliable stack`);
  else if (reason.kind === 'sleeping-on') pr(m, 'debug', `${who} is sleeping on function ${reason.original}`);
}

/** The frames that keep a task from switching, and which function of the patch each belongs to. */
export interface FrameChecks {
  /** Null when none is on the stack. */
  blocks(frames: readonly string[]): BlockReason | null;
}

/**
 * klp_check_stack_func() for all functions of the patch: what is looked for on stacks. While unpatching it is the
 * replacement itself; while patching the next older version only, which is the original when there is none.
 */
export function checkedFrames(m: Machine): FrameChecks {
  m.frameChecks ??= readFrameChecks(m);
  return m.frameChecks;
}

function readFrameChecks(m: Machine): FrameChecks {
  const { patch, target } = current(m);
  const checked = new StackSearch<BlockReason>();
  for (const object of patch.objects) {
    if (!object.patched) continue;
    for (const func of object.funcs) {
      let frame: string | null;
      if (target === 0) {
        frame = func.newFrame;
      } else {
        const ops = findOps(m, func);
        m.assert(ops !== undefined, `'${func.oldName}' of a patched object has no func_stack`);
        const older = ops.funcStack.length === 1 ? undefined : ops.funcStack[ops.funcStack.indexOf(func) + 1];
        frame = older === undefined ? func.oldFrame : older.newFrame;
      }
      m.assert(frame !== null, `'${func.oldName}' is checked without an address`);
      checked.add(frame, { kind: 'sleeping-on', function: frame, original: func.oldName });
    }
  }
  return { blocks: (frames) => checked.find(frames) };
}

/** The most frames that a reliable stack walk can hand back: it fails when its buffer of 100 is full. */
export const MAX_STACK_ENTRIES = 100;

/** klp_check_stack() */
export function checkStack(task: Task, checks: FrameChecks): BlockReason | null {
  const { phase } = task;
  if (phase.do === 'sleep' && phase.reliable === false) return { kind: 'unreliable' };
  if (task.frames.length >= MAX_STACK_ENTRIES) return { kind: 'unreliable' };
  return checks.blocks(task.frames);
}

/**
 * klp_send_signals(): wakes kernel threads that sleep interruptibly, and makes user tasks leave the kernel. Only the first
 * round of a transition is logged; a task that still has the flag of an earlier round is not woken again.
 */
function sendSignals(m: Machine, tasks: readonly Task[]): void {
  if (current(m).signalsCount === SIGNALS_TIMEOUT) pr(m, 'notice', 'signaling remaining tasks');
  for (const task of tasks) {
    const { phase } = task;
    const asleep = phase.do === 'sleep' && !m.isRunning(task);
    const interruptible = asleep && phase.state === 'interruptible';
    let woken = false;
    let effect: 'restarts' | 'EINTR' | null = null;
    if (task.kind === 'kthread') {
      woken = interruptible;
    } else if (!task.notifySignal) {
      task.notifySignal = true;
      woken = interruptible;
      if (interruptible && phase.syscall !== undefined) effect = phase.onSignal ?? 'restarts';
      // A task on a CPU is kicked: on a CPU without a tick nothing else would bring it into the kernel.
      if (!asleep) m.scheduleTask(task, m.now + wakeLatency(m, task));
    }
    m.emit({ at: m.now, type: 'signal', task: task.id, woken, effect });
    if (!woken) continue;
    // What a kernel thread waits for has not come: it looks, and sleeps there again.
    task.wakeAt(m.now + wakeLatency(m, task), task.kind === 'kthread' ? 'restarts' : effect);
    m.scheduleTask(task, task.phaseEnd);
  }
}

/** Microseconds from a wake-up until the task left the kernel. */
function wakeLatency(m: Machine, task: Task): number {
  return 20 + (hash(m.seed, task.id, m.now) % 180);
}
