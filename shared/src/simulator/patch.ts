import { EBUSY, EINVAL } from './errno.ts';
import { checkFuncStack } from './invariants.ts';
import { tellLateExits } from './late-exits.ts';
import { pr } from './log.ts';
import type { Machine } from './machine.ts';
import { tellRcuTasksStall } from './rcu-tasks.ts';
import type { KlpFunc, KlpObject, KlpOps, KlpPatch } from './structures.ts';
import { funcEntryName, objectName } from './structures.ts';
import { sysfsPatched } from './sysfs.ts';

/** kernel/livepatch/patch.c: registering and removing replacements. */

/** klp_find_ops() */
export function findOps(m: Machine, func: KlpFunc): KlpOps | undefined {
  return func.oldFrame === null ? undefined : m.ops.get(func.oldFrame);
}

/** klp_patch_func(): puts the replacement on top of the function's stack. Returns 0 or an errno. */
function patchFunc(m: Machine, func: KlpFunc): number {
  m.assert(func.oldFrame !== null, `'${func.oldName}' is patched without an address`);
  m.assert(!func.patched, `'${func.oldName}' is patched twice`);
  let ops = findOps(m, func);
  if (ops === undefined) {
    if (!func.traceable) {
      pr(m, 'err', `failed to find location for function '${func.oldName}'`);
      return EINVAL;
    }
    if (!m.ftraceEnabled || func.taken) {
      pr(m, 'err', `failed to register ftrace handler for function '${func.oldName}' (${EBUSY})`);
      return EBUSY;
    }
    // A position above 1 tells functions of one name apart.
    const oldName = func.oldSympos > 1 ? funcEntryName(func) : func.oldName;
    ops = { object: func.object.name, oldName, oldFrame: func.oldFrame, funcStack: [] };
    m.ops.set(func.oldFrame, ops);
  }
  ops.funcStack.unshift(func);
  func.patched = true;
  m.functionsChanged();
  tellFuncStack(m, ops);
  return 0;
}

/** klp_unpatch_func() */
function unpatchFunc(m: Machine, func: KlpFunc): void {
  m.assert(func.patched, `'${func.oldName}' is unpatched twice`);
  const ops = findOps(m, func);
  m.assert(ops !== undefined, `'${func.oldName}' has no func_stack to be removed from`);
  const place = ops.funcStack.indexOf(func);
  m.assert(place >= 0, `'${func.oldName}' is not on its func_stack`);
  ops.funcStack.splice(place, 1);
  func.patched = false;
  // A cancelled enable takes back what no task has run.
  const wasRun = m.transition === null || m.transition.started;
  if (ops.funcStack.length === 0) {
    m.ops.delete(ops.oldFrame);
    if (wasRun) tellRcuTasksStall(m, func.object.patch.module);
  } else if (wasRun && ops.funcStack.some(({ nop }) => !nop)) {
    tellLateExits(m, func);
  }
  m.functionsChanged();
  tellFuncStack(m, ops);
}

/** klp_patch_object(): all functions of the object or none. Returns 0 or an errno. */
export function patchObject(m: Machine, object: KlpObject): number {
  m.assert(!object.patched, `object '${objectName(object)}' is patched twice`);
  for (const func of object.funcs) {
    const error = patchFunc(m, func);
    if (error !== 0) {
      unpatchObject(m, object);
      return error;
    }
  }
  object.patched = true;
  sysfsPatched(m, object);
  return 0;
}

/** klp_unpatch_object() */
export function unpatchObject(m: Machine, object: KlpObject): void {
  unpatchFuncs(m, object, false);
}

function unpatchFuncs(m: Machine, object: KlpObject, nopsOnly: boolean): void {
  for (const func of object.funcs) {
    if (nopsOnly && !func.nop) continue;
    if (func.patched) unpatchFunc(m, func);
  }
  if ((object.dynamic || !nopsOnly) && object.patched) {
    object.patched = false;
    sysfsPatched(m, object);
  }
}

/** klp_unpatch_objects() */
export function unpatchObjects(m: Machine, patch: KlpPatch): void {
  for (const object of patch.objects) if (object.patched) unpatchFuncs(m, object, false);
}

/** klp_unpatch_objects_dynamic(): the nops only. */
export function unpatchNops(m: Machine, patch: KlpPatch): void {
  for (const object of patch.objects) if (object.patched) unpatchFuncs(m, object, true);
}

/** Writes one function's stack into the trace. */
export function tellFuncStack(m: Machine, ops: KlpOps): void {
  checkFuncStack(m, ops);
  m.emit({
    at: m.now,
    type: 'func-stack',
    object: objectName({ name: ops.object }),
    function: ops.oldName,
    stack: ops.funcStack.map((func) => ({
      patch: func.object.patch.module,
      newFunc: func.newFunc,
      nop: func.nop,
      transition: func.transition,
    })),
  });
}
