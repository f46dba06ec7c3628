import type { PatchImage } from '../model/index.ts';
import { postPatchCallback, postUnpatchCallback, prePatchCallback, preUnpatchCallback } from './callbacks.ts';
import { EBUSY, EEXIST, EINVAL, ENOENT } from './errno.ts';
import type { LoadedModule } from './loaded-module.ts';
import { pr, printk } from './log.ts';
import type { Machine } from './machine.ts';
import { patchObject, unpatchNops, unpatchObject, unpatchObjects } from './patch.ts';
import { applyRelocations, clearRelocations } from './relocations.ts';
import { isPatchCompatible } from './state.ts';
import {
  frameOf,
  funcEntryName,
  isObjectLoaded,
  type KlpFunc,
  type KlpObject,
  type KlpPatch,
  makeDynamicObject,
  makeNop,
  makePatch,
  objectName,
} from './structures.ts';
import { findObjectSymbol } from './symbol-lookup.ts';
import {
  sysfsAddFunc,
  sysfsAddObject,
  sysfsAddPatch,
  sysfsEnabled,
  sysfsRemoveFunc,
  sysfsRemoveObject,
  sysfsRemovePatch,
  sysfsStackOrder,
} from './sysfs.ts';
import { cancelTransition, initTransition, startTransition, tryCompleteTransition } from './transition.ts';

/** kernel/livepatch/core.c: enabling, disabling and freeing patches, and what target modules' coming and going does. */

const KSYM_NAME_LEN = 512;
const MODULE_NAME_LEN = 56;

const isModule = (object: KlpObject): boolean => object.name !== null;

/**
 * klp_enable_patch(), called by the module's init function. Returns 0, a negative errno, or the positive value of a
 * pre_patch callback.
 */
export function enablePatch(m: Machine, image: PatchImage, module: LoadedModule): number {
  if (image.nullFields?.includes('mod') || image.nullFields?.includes('objs')) return EINVAL;
  if (image.objects.some((object) => object.nullFields?.includes('funcs'))) return EINVAL;
  if (!image.livepatchMark) {
    pr(m, 'err', `module ${image.module} is not marked as a livepatch module`);
    return EINVAL;
  }
  if (m.model.lacksReliableStacks === true) {
    pr(m, 'warning', "This architecture doesn't have support for the livepatch consistency model.");
    pr(m, 'warning', 'The livepatch transition may never complete.');
  }
  for (const warning of m.model.warnings ?? []) pr(m, 'warning', warning);
  const replace = image.replaceParameter === undefined ? undefined : module.parameters.get(image.replaceParameter);
  const given = replace === undefined ? image : { ...image, replace: replace !== 0 };
  const patch = makePatch({ ...given, replace: m.traits.replacePolicy.isReplacing(given) });
  const conflict = m.patches.map((old) => m.traits.replacePolicy.conflict(patch, old)).find((text) => text !== null);
  if (conflict !== undefined) m.emit({ at: m.now, type: 'finding', id: 'replace-conflict', text: conflict });
  if (conflict !== undefined || !isPatchCompatible(m, patch)) {
    const text = `Livepatch patch (${image.module}) is not compatible with the already installed livepatches.`;
    pr(m, 'err', text);
    return EINVAL;
  }
  module.references++;
  const error = initPatch(m, patch) || enable(m, patch);
  if (error !== 0) {
    freePatchStart(m, patch);
    freePatchFinish(m, patch);
  }
  return error;
}

/** klp_init_patch(): sysfs, nops and symbols. On an error the caller frees what was made so far. */
function initPatch(m: Machine, patch: KlpPatch): number {
  sysfsAddPatch(m, patch);
  if (patch.replace) addNops(m, patch);
  for (const object of patch.objects) {
    const error = initObject(m, object);
    if (error !== 0) return error;
  }
  m.patches.push(patch);
  sysfsStackOrder(m);
  return 0;
}

/** klp_add_nops(): what the replaced patches changed and the new one does not mention goes back to the original. */
function addNops(m: Machine, patch: KlpPatch): void {
  for (const old of m.patches) {
    if (!m.traits.replacePolicy.needsNops(patch, old)) continue;
    for (const oldObject of old.objects) {
      let object = patch.objects.find((candidate) => candidate.name === oldObject.name);
      if (object === undefined) {
        object = makeDynamicObject(patch, oldObject.name);
        patch.objects.push(object);
      }
      // klp_find_func(): functions are the same when their entries in sysfs have the same name.
      const there = new Set(object.funcs.map(funcEntryName));
      for (const oldFunc of oldObject.funcs) {
        const name = funcEntryName(oldFunc);
        if (there.has(name)) continue;
        there.add(name);
        object.funcs.push(makeNop(object, oldFunc));
      }
    }
  }
}

/** klp_init_object() */
function initObject(m: Machine, object: KlpObject): number {
  if (object.name !== null && object.name.length >= MODULE_NAME_LEN) return EINVAL;
  m.findObjectModule(object);
  if (object.name === '') {
    printk(m, 'warning', 'kobject: (%p): attempted to be registered with empty name!');
    return EINVAL;
  }
  if (!sysfsAddObject(m, object)) return EEXIST;
  for (const func of object.funcs) {
    const error = initFunc(m, func);
    if (error !== 0) return error;
  }
  return isObjectLoaded(object) ? initObjectLoaded(m, object) : 0;
}

/** klp_init_func() */
function initFunc(m: Machine, func: KlpFunc): number {
  if (func.nullFields.includes('old_name')) return EINVAL;
  if (func.nullFields.includes('new_func') && !func.nop) return EINVAL;
  if (func.oldName.length >= KSYM_NAME_LEN) return EINVAL;
  return sysfsAddFunc(m, func) ? 0 : EEXIST;
}

/** klp_init_object_loaded(): relocations, and the functions of an object that is there. */
function initObjectLoaded(m: Machine, object: KlpObject): number {
  const livepatch = m.modules.get(object.patch.module);
  m.assert(livepatch !== undefined, `module '${object.patch.module}' of a patch is not there`);
  if (object.name !== null) {
    const error = applyRelocations(m, livepatch, object.name);
    if (error !== 0) return error;
  }
  for (const func of object.funcs) {
    const found = findObjectSymbol(m, object.name, func.oldName, func.oldSympos);
    if (typeof found === 'number') return found;
    if (func.newFuncIsData && m.traits.refusesDataReplacements) {
      pr(m, 'err', `kallsyms size lookup failed for '${func.oldName}' replacement`);
      return ENOENT;
    }
    func.traceable = found.traceable;
    func.taken = found.taken === true;
    func.oldFrame = frameOf(func.oldName, object.name);
    // Functions of one name are told apart by their place.
    if (func.oldSympos > 1) func.oldFrame += ` #${func.oldSympos}`;
    func.newFrame = func.nop ? func.oldFrame : frameOf(func.newFunc, object.patch.module);
  }
  return 0;
}

/** __klp_enable_patch() */
function enable(m: Machine, patch: KlpPatch): number {
  if (m.transition !== null) return EBUSY;
  m.assert(!patch.enabled, `patch '${patch.module}' is enabled twice`);
  pr(m, 'notice', `enabling patch '${patch.module}'`);
  initTransition(m, patch, 1);
  for (const object of patch.objects) {
    if (!isObjectLoaded(object)) continue;
    let error = prePatchCallback(m, object);
    if (error !== 0) {
      pr(m, 'warning', `pre-patch callback failed for object '${objectName(object)}'`);
    } else {
      error = patchObject(m, object);
      if (error !== 0) pr(m, 'warning', `failed to patch object '${objectName(object)}'`);
    }
    if (error !== 0) {
      pr(m, 'warning', `failed to enable patch '${patch.module}'`);
      cancelTransition(m);
      return error;
    }
  }
  startTransition(m);
  patch.enabled = true;
  sysfsEnabled(m, patch);
  tryCompleteTransition(m);
  return 0;
}

/** __klp_disable_patch(): returns 0 or an errno; the transition goes on afterwards. */
export function disablePatch(m: Machine, patch: KlpPatch): number {
  m.assert(patch.enabled, `patch '${patch.module}' is disabled twice`);
  if (m.transition !== null) return EBUSY;
  initTransition(m, patch, 0);
  for (const object of patch.objects) if (object.patched) preUnpatchCallback(m, object);
  startTransition(m);
  patch.enabled = false;
  sysfsEnabled(m, patch);
  tryCompleteTransition(m);
  return 0;
}

/** klp_unpatch_replaced_patches(): without any of their callbacks. */
export function unpatchReplacedPatches(m: Machine, patch: KlpPatch): void {
  for (const old of [...m.patches]) {
    if (old === patch) return;
    if (!m.traits.replacePolicy.replaces(patch, old)) continue;
    tellLeftSetup(m, patch, old);
    old.enabled = false;
    sysfsEnabled(m, old);
    unpatchObjects(m, old);
  }
}

/**
 * What pre_patch and post_patch of a replaced patch set up stays when the new patch has no callbacks for that object: its
 * own pre_unpatch and post_unpatch never run.
 */
function tellLeftSetup(m: Machine, patch: KlpPatch, old: KlpPatch): void {
  for (const object of old.objects) {
    const { pre_patch, post_patch, pre_unpatch, post_unpatch } = object.callbacks;
    const undone = [pre_unpatch, post_unpatch].flatMap((callback) =>
      callback === undefined ? [] : [callback.function],
    );
    if (!isObjectLoaded(object) || (pre_patch ?? post_patch) === undefined || undone.length === 0) continue;
    const successor = patch.objects.find(({ name, dynamic }) => name === object.name && !dynamic);
    if (successor !== undefined && Object.keys(successor.callbacks).length > 0) continue;
    const text = `${old.module} is replaced without ${undone.map((name) => `${name}()`).join(' and ')}: what it set up for ${objectName(object)} stays, and ${patch.module} has no callbacks there`;
    m.emit({ at: m.now, type: 'finding', id: 'replaced-setup-left', text });
  }
}

/** klp_discard_nops(): after the replaced patches are gone the nops have done their work. */
export function discardNops(m: Machine, patch: KlpPatch): void {
  unpatchNops(m, patch);
  freeObjects(m, patch, true);
}

/** __klp_free_objects() */
function freeObjects(m: Machine, patch: KlpPatch, nopsOnly: boolean): void {
  for (const object of patch.objects) {
    for (const func of object.funcs) {
      if (nopsOnly && !func.nop) continue;
      m.assert(!func.patched, `'${func.oldName}' is freed while it is registered`);
      sysfsRemoveFunc(m, func);
    }
    object.funcs = object.funcs.filter((func) => nopsOnly && !func.nop);
    if (!nopsOnly || object.dynamic) sysfsRemoveObject(m, object);
  }
  patch.objects = patch.objects.filter((object) => nopsOnly && !object.dynamic);
}

/** klp_free_patch_start(): off the list, with its objects' directories. */
function freePatchStart(m: Machine, patch: KlpPatch): void {
  const place = m.patches.indexOf(patch);
  if (place >= 0) m.patches.splice(place, 1);
  freeObjects(m, patch, false);
  if (place >= 0) sysfsStackOrder(m);
}

/** klp_free_patch_finish(): the directory goes, and the module's reference unless a forced transition needs its code. */
export function freePatchFinish(m: Machine, patch: KlpPatch): void {
  sysfsRemovePatch(m, patch);
  const module = m.modules.get(patch.module);
  m.assert(module !== undefined && module.references > 0, `module '${patch.module}' lost its reference`);
  if (!patch.forced) module.references--;
}

/** klp_free_patch_async() */
export function freePatchAsync(m: Machine, patch: KlpPatch): void {
  freePatchStart(m, patch);
  m.scheduleFree(patch);
}

/** klp_free_replaced_patches_async() */
export function freeReplacedPatchesAsync(m: Machine, patch: KlpPatch): void {
  for (const old of [...m.patches]) {
    if (old === patch) return;
    if (m.traits.replacePolicy.replaces(patch, old)) freePatchAsync(m, old);
  }
}

/** klp_module_coming(): returns 0, or what makes the module loader refuse the module. */
export function moduleComing(m: Machine, module: LoadedModule): number {
  if (module.name === 'vmlinux') {
    pr(m, 'err', 'vmlinux.ko: invalid module name');
    return EINVAL;
  }
  module.klpAlive = true;
  for (const patch of m.patches) {
    const object = patch.objects.find((candidate) => isModule(candidate) && candidate.name === module.name);
    if (object === undefined) continue;
    object.loaded = true;
    const error = applyToComingModule(m, patch, object, module.name);
    if (error === 0) continue;
    const text = `patch '${patch.module}' failed for module '${module.name}', refusing to load module '${module.name}'`;
    pr(m, 'warning', text);
    module.klpAlive = false;
    object.loaded = false;
    cleanupModulePatches(m, module, patch);
    return error;
  }
  return 0;
}

function applyToComingModule(m: Machine, patch: KlpPatch, object: KlpObject, name: string): number {
  let error = initObjectLoaded(m, object);
  if (error !== 0) {
    pr(m, 'warning', `failed to initialize patch '${patch.module}' for module '${name}' (${error})`);
    return error;
  }
  pr(m, 'notice', `applying patch '${patch.module}' to loading module '${name}'`);
  error = prePatchCallback(m, object);
  if (error !== 0) {
    pr(m, 'warning', `pre-patch callback failed for object '${name}'`);
    return error;
  }
  // Nobody runs functions of a module that is not there yet: what the patches before made of them may still change.
  for (const func of object.funcs) if (func.oldFrame !== null) m.transition?.oldVersions.delete(func.oldFrame);
  error = patchObject(m, object);
  if (error !== 0) {
    pr(m, 'warning', `failed to apply patch '${patch.module}' to module '${name}' (${error})`);
    postUnpatchCallback(m, object);
    return error;
  }
  if (m.transition?.patch !== patch) postPatchCallback(m, object);
  return 0;
}

/** klp_module_going() */
export function moduleGoing(m: Machine, module: LoadedModule): void {
  module.klpAlive = false;
  cleanupModulePatches(m, module, null);
}

/** klp_cleanup_module_patches_limited(): for the patches before `limit`. */
function cleanupModulePatches(m: Machine, module: LoadedModule, limit: KlpPatch | null): void {
  for (const patch of m.patches) {
    if (patch === limit) break;
    const object = patch.objects.find((candidate) => isModule(candidate) && candidate.name === module.name);
    if (object === undefined) continue;
    if (m.transition?.patch !== patch) preUnpatchCallback(m, object);
    pr(m, 'notice', `reverting patch '${patch.module}' on unloading module '${module.name}'`);
    // Nobody can run functions of a module that goes.
    for (const func of object.funcs) if (func.oldFrame !== null) m.transition?.oldVersions.delete(func.oldFrame);
    unpatchObject(m, object);
    postUnpatchCallback(m, object);
    const livepatch = m.modules.get(patch.module);
    if (livepatch !== undefined) clearRelocations(m, livepatch, module.name);
    object.loaded = false;
    for (const func of object.funcs) {
      func.oldFrame = null;
      if (func.nop) func.newFrame = null;
    }
  }
}
