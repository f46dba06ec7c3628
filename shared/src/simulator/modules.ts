import type { PatchImage } from '../model/index.ts';
import { enablePatch, moduleComing, moduleGoing } from './core.ts';
import { EAGAIN, EBUSY, EEXIST, EINVAL, ENOENT } from './errno.ts';
import { makeModule } from './loaded-module.ts';
import { printk } from './log.ts';
import type { Machine } from './machine.ts';
import { applyRelocations } from './relocations.ts';
import { shadowsOfModuleGone, useShadow } from './shadow-life.ts';
import { kstrtobool } from './sysfs.ts';
import { tellUevent } from './uevents.ts';

/** The module loader (kernel/module/main.c), as far as livepatch meets it. All return 0 or a negative errno. */

function tell(m: Machine, module: string, state: 'loaded' | 'gone' | 'refused'): void {
  m.emit({ at: m.now, type: 'module', module, state });
}

/**
 * insmod of a livepatch module, whose init function returns klp_enable_patch()'s value and does nothing else than writing
 * a parameter into the patch.
 */
export function loadLivepatch(m: Machine, image: PatchImage, given: Readonly<Record<string, string>>): number {
  const name = image.module;
  if (m.modules.has(name)) return EEXIST;
  const parameters = new Map<string, number>();
  for (const [parameter, text] of Object.entries(given)) {
    const value = parameterValue(text);
    if (value === null && takenFromParameters(image).includes(parameter)) return EINVAL;
    if (value !== null) parameters.set(parameter, value);
  }
  if (image.livepatchMark && !m.taintedByLivepatch) {
    m.taintedByLivepatch = true;
    printk(m, 'notice', `${name}: tainting kernel with TAINT_LIVEPATCH`);
  }
  const sets = given[m.traits.replacePolicy.setsParameter?.name ?? ''];
  const namedSets = sets === undefined ? [] : sets.split(',').map(Number);
  if (!namedSets.every((set) => Number.isSafeInteger(set) && set >= 0)) return EINVAL;
  const module = makeModule(name, image, parameters);
  m.modules.set(name, module);
  const early = applyRelocations(m, module, null) || moduleComing(m, module);
  if (early !== 0) return refuse(m, name, early);
  const result = enablePatch(m, namedSets.length === 0 ? image : { ...image, namedSets }, module);
  if (result < 0) {
    moduleGoing(m, module);
    return refuse(m, name, result);
  }
  if (result > 0) {
    const convention = 'it should follow 0/-E convention';
    printk(m, 'warning', `do_init_module: '${name}'->init suspiciously returned ${result}, ${convention}`);
    printk(m, 'warning', 'do_init_module: loading module anyway...');
  }
  module.live = true;
  tell(m, name, 'loaded');
  tellUevent(m);
  return 0;
}

/** A write to /sys/module/MODULE/parameters/NAME (param_set_int(), param_set_bool()). */
export function setParameter(m: Machine, name: string, parameter: string, text: string): number {
  const module = m.modules.get(name);
  if (module === undefined) return ENOENT;
  const value = parameterValue(text);
  if (value === null) return EINVAL;
  module.parameters.set(parameter, value);
  return 0;
}

/** Parameters that decide what livepatch does with the module: those of type int or bool. */
function takenFromParameters(image: PatchImage): (string | undefined)[] {
  return [image.replaceParameter, ...image.objects.map(({ callbacks }) => callbacks.pre_patch?.returnsParameter)];
}

/** An int (decimal, 0x…) or a bool; null for anything else. */
function parameterValue(text: string): number | null {
  if (/^[-+]?(?:\d+|0x[\da-f]+)$/i.test(text)) {
    const size = Number(text.replace(/^[-+]/, ''));
    return text.startsWith('-') ? -size : size;
  }
  const bool = kstrtobool(text);
  return bool === null ? null : Number(bool);
}

function refuse(m: Machine, name: string, error: number): number {
  m.modules.delete(name);
  tell(m, name, 'refused');
  return Math.min(error, 0);
}

/** rmmod */
export function unloadModule(m: Machine, name: string): number {
  const module = m.modules.get(name);
  if (module === undefined) return ENOENT;
  if (!module.live || !module.hasExit) return EBUSY;
  if (module.references > 0) return EAGAIN;
  const exit = module.image?.exit;
  for (const use of exit?.shadow ?? []) useShadow(m, name, exit?.function ?? '', use);
  moduleGoing(m, module);
  m.modules.delete(name);
  tell(m, name, 'gone');
  tellUevent(m);
  shadowsOfModuleGone(m, name);
  return 0;
}

/** modprobe of an ordinary module; one that is loaded already is left alone. */
export function loadTarget(m: Machine, name: string): number {
  if (m.modules.has(name)) return 0;
  const module = makeModule(name, null, new Map());
  m.modules.set(name, module);
  const error = moduleComing(m, module);
  if (error !== 0) return refuse(m, name, error);
  module.live = true;
  tell(m, name, 'loaded');
  tellUevent(m);
  return 0;
}
