import type { PatchImage } from '../model/index.ts';
import { enablePatch, moduleComing, moduleGoing } from './core.ts';
import { EAGAIN, EBUSY, EEXIST, ENOENT } from './errno.ts';
import { printk } from './log.ts';
import type { LoadedModule, Machine } from './machine.ts';

/** The module loader (kernel/module/main.c), as far as livepatch meets it. All return 0 or a negative errno. */

function tell(m: Machine, module: string, state: 'loaded' | 'gone' | 'refused'): void {
  m.emit({ at: m.now, type: 'module', module, state });
}

/** insmod of a livepatch module, whose init function does nothing but return klp_enable_patch()'s value. */
export function loadLivepatch(m: Machine, image: PatchImage): number {
  const name = image.module;
  if (m.modules.has(name)) return EEXIST;
  if (image.livepatchMark && !m.taintedByLivepatch) {
    m.taintedByLivepatch = true;
    printk(m, 'notice', `${name}: tainting kernel with TAINT_LIVEPATCH`);
  }
  const module: LoadedModule = { name, klpAlive: false, live: false, references: 0, hasExit: image.hasExit };
  m.modules.set(name, module);
  const coming = moduleComing(m, module);
  if (coming !== 0) return refuse(m, name, coming);
  const result = enablePatch(m, image, module);
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
  return 0;
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
  moduleGoing(m, module);
  m.modules.delete(name);
  tell(m, name, 'gone');
  return 0;
}

/** modprobe of an ordinary module; one that is loaded already is left alone. */
export function loadTarget(m: Machine, name: string): number {
  if (m.modules.has(name)) return 0;
  const module: LoadedModule = { name, klpAlive: false, live: false, references: 0, hasExit: true };
  m.modules.set(name, module);
  const error = moduleComing(m, module);
  if (error !== 0) return refuse(m, name, error);
  module.live = true;
  tell(m, name, 'loaded');
  return 0;
}
