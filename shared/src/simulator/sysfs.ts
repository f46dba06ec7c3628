import { disablePatch } from './core.ts';
import { EACCES, EAGAIN, EINVAL, EISDIR, ENOENT } from './errno.ts';
import { printk } from './log.ts';
import type { Machine } from './machine.ts';
import { funcEntryName, type KlpFunc, type KlpObject, type KlpPatch, objectName } from './structures.ts';
import { forceTransition, reverseTransition } from './transition.ts';

/**
 * /sys/kernel/livepatch: what stands in it, and writes to it. The trace tells directories and files as they appear and
 * change; a directory that vanishes takes what is below with it.
 */

function put(m: Machine, path: string, value: string | null): void {
  m.emit({ at: m.now, type: 'sysfs', path, value });
}

const bit = (value: boolean): string => (value ? '1' : '0');

/** '/' can't stand in a file name. */
const fileName = (name: string): string => name.replaceAll('/', '!');

function objectPath(object: KlpObject): string {
  return `${object.patch.module}/${fileName(objectName(object))}`;
}

/** kobject_add() of the patch, with its attribute files. */
export function sysfsAddPatch(m: Machine, patch: KlpPatch): void {
  const dir = patch.module;
  put(m, dir, '');
  put(m, `${dir}/enabled`, bit(patch.enabled));
  put(m, `${dir}/transition`, bit(m.transition?.patch === patch));
  put(m, `${dir}/force`, '');
  const { files } = m.traits.replacePolicy;
  const replace = files.replace(patch);
  if (m.traits.sysfsReplace) put(m, `${dir}/${replace.name}`, replace.value);
  if (files.replaceable) put(m, `${dir}/replaceable`, bit(patch.replaceable));
}

/** The last reference to the patch's kobject is gone. */
export function sysfsRemovePatch(m: Machine, patch: KlpPatch): void {
  put(m, patch.module, null);
}

/** kobject_add() of an object; false when the directory is there already, as the kernel's log says. */
export function sysfsAddObject(m: Machine, object: KlpObject): boolean {
  const twin = object.patch.objects.some(
    (other) => other !== object && other.added && objectName(other) === objectName(object),
  );
  if (twin) {
    duplicate(m, object.patch.module, fileName(objectName(object)));
    return false;
  }
  object.added = true;
  put(m, objectPath(object), '');
  put(m, `${objectPath(object)}/patched`, bit(object.patched));
  return true;
}

export function sysfsRemoveObject(m: Machine, object: KlpObject): void {
  if (!object.added) return;
  object.added = false;
  put(m, objectPath(object), null);
}

/** kobject_add() of a function; false when the directory is there already. */
export function sysfsAddFunc(m: Machine, func: KlpFunc): boolean {
  const name = funcEntryName(func);
  const { entries } = func.object;
  if (entries.has(name)) {
    duplicate(m, objectPath(func.object), fileName(name));
    return false;
  }
  entries.add(name);
  func.added = true;
  put(m, `${objectPath(func.object)}/${fileName(name)}`, '');
  return true;
}

export function sysfsRemoveFunc(m: Machine, func: KlpFunc): void {
  if (!func.added) return;
  func.added = false;
  func.object.entries.delete(funcEntryName(func));
  put(m, `${objectPath(func.object)}/${fileName(funcEntryName(func))}`, null);
}

/** What fs/sysfs/dir.c and lib/kobject.c print for a name that is taken (stack dump left out). */
function duplicate(m: Machine, dir: string, name: string): void {
  printk(m, 'warning', `sysfs: cannot create duplicate filename '/kernel/livepatch/${dir}/${name}'`);
  printk(
    m,
    'err',
    `${m.traits.kobjectPrefix}kobject_add_internal failed for ${name} with -EEXIST, don't try to register things with the same name in the same directory.`,
  );
}

export function sysfsEnabled(m: Machine, patch: KlpPatch): void {
  put(m, `${patch.module}/enabled`, bit(patch.enabled));
}

export function sysfsTransition(m: Machine, patch: KlpPatch): void {
  put(m, `${patch.module}/transition`, bit(m.transition?.patch === patch));
}

export function sysfsPatched(m: Machine, object: KlpObject): void {
  if (object.added) put(m, `${objectPath(object)}/patched`, bit(object.patched));
}

/** Every patch's place in the order, where the kernel shows it. */
export function sysfsStackOrder(m: Machine): void {
  if (!m.traits.sysfsStackOrder) return;
  m.patches.forEach((patch, index) => {
    put(m, `${patch.module}/stack_order`, String(index + 1));
  });
}

/** kstrtobool(): true, false, or null for what it refuses. */
export function kstrtobool(text: string): boolean | null {
  if (/^[yYtT1]/.test(text) || /^[oO][nN]/.test(text)) return true;
  if (/^[nNfF0]/.test(text) || /^[oO][fF]/.test(text)) return false;
  return null;
}

/**
 * `echo VALUE > /sys/kernel/livepatch/PATH` as root. Returns 0 or the errno that the shell gets. The shell opens the file
 * with O_CREAT: where there is none sysfs answers -EACCES, and -ENOENT only when the directory is missing too.
 */
export function writeSysfs(m: Machine, path: string, value: string): number {
  const [dir = '', ...rest] = path.split('/').filter((part) => part !== '');
  if (dir === '') return EISDIR;
  const patch =
    m.patches.find((candidate) => candidate.module === dir) ??
    m.dying.find((candidate) => candidate.patch.module === dir)?.patch;
  if (patch === undefined) return rest.length === 0 ? EACCES : ENOENT;
  const [name, ...below] = rest;
  if (name === undefined) return EISDIR;
  const store = STORES[name];
  if (
    store !== undefined &&
    below.length === 0 &&
    (name !== 'replaceable' || m.traits.replacePolicy.files.replaceable)
  ) {
    return store(m, patch, value);
  }
  const object = patch.objects.find((candidate) => candidate.added && fileName(objectName(candidate)) === name);
  if (object === undefined) return below.length === 0 ? EACCES : ENOENT;
  const [entry, ...deeper] = below;
  if (entry === undefined) return EISDIR;
  const isFunc = object.entries.has(entry);
  if (deeper.length === 0) return isFunc ? EISDIR : EACCES;
  return isFunc && deeper.length === 1 ? EACCES : ENOENT;
}

/** What can be written to in a patch's directory. */
const STORES: { readonly [file: string]: (m: Machine, patch: KlpPatch, value: string) => number } = {
  enabled: storeEnabled,
  force: storeForce,
  replaceable: storeReplaceable,
};

/** enabled_store() */
function storeEnabled(m: Machine, patch: KlpPatch, value: string): number {
  const enabled = kstrtobool(value);
  if (enabled === null) return EINVAL;
  if (patch.enabled === enabled) return EINVAL;
  if (m.transition?.patch === patch) {
    reverseTransition(m);
    return 0;
  }
  return enabled ? EINVAL : disablePatch(m, patch);
}

/** force_store() */
function storeForce(m: Machine, patch: KlpPatch, value: string): number {
  const force = kstrtobool(value);
  if (force === null) return EINVAL;
  if (!force) return 0;
  if (m.transition?.patch !== patch) return EINVAL;
  forceTransition(m);
  return 0;
}

/** replaceable_store() of the hybrid mode RFC. */
function storeReplaceable(m: Machine, patch: KlpPatch, value: string): number {
  const replaceable = kstrtobool(value);
  if (replaceable === null) return EINVAL;
  if (patch.replaceable === replaceable) return 0;
  if (m.transition?.patch === patch) return EAGAIN;
  patch.replaceable = replaceable;
  put(m, `${patch.module}/replaceable`, bit(replaceable));
  return 0;
}
