import type { RelocationImage } from '../model/index.ts';
import { EINVAL, ENOEXEC } from './errno.ts';
import type { LoadedModule } from './loaded-module.ts';
import { pr, printk } from './log.ts';
import type { Machine } from './machine.ts';
import { findObjectSymbol } from './symbol-lookup.ts';

/**
 * Livepatch relocations (.klp.rela.* sections): those of vmlinux are written when the livepatch module is loaded, those of a
 * module when that module is there. `object` is null for vmlinux. Returns 0 or an errno. (klp_apply_section_relocs(),
 * klp_resolve_symbols())
 */
export function applyRelocations(m: Machine, livepatch: LoadedModule, object: string | null): number {
  for (const relocation of livepatch.image?.relocations ?? []) {
    if (relocation.fault?.of === 'section') {
      pr(m, 'err', `section ${relocation.fault.name} has an incorrectly formatted name`);
      return EINVAL;
    }
    if (relocation.object !== object) continue;
    const error = resolve(m, relocation);
    if (error !== 0) return error;
  }
  return write(m, livepatch, object);
}

function resolve(m: Machine, { fault, object, symbol }: RelocationImage): number {
  if (fault !== undefined) {
    const what = fault.of === 'mark' ? 'is not marked as a livepatch symbol' : 'has an incorrectly formatted name';
    pr(m, 'err', `symbol ${fault.name} ${what}`);
    return EINVAL;
  }
  if (object !== null && symbol.object === null) {
    const what = 'from module-specific livepatch relocation section';
    pr(m, 'err', `invalid access to vmlinux symbol '${symbol.name}' ${what}`);
    return EINVAL;
  }
  const found = findObjectSymbol(m, symbol.object, symbol.name, symbol.sympos);
  return typeof found === 'number' ? found : 0;
}

/** apply_relocate_add(): on x86 it writes only where nothing is written yet. */
function write(m: Machine, livepatch: LoadedModule, object: string | null): number {
  if (object === null || !(livepatch.image?.relocations ?? []).some((each) => each.object === object)) return 0;
  if (livepatch.relocated.has(object)) {
    const what = 'existing value is nonzero for type %d, loc %p, val %llx';
    printk(m, 'err', `x86/modules: ${m.traits.relocationComplaint}, ${what}`);
    return ENOEXEC;
  }
  livepatch.relocated.add(object);
  return 0;
}

/** klp_clear_object_relocs(): the object's module goes. Before 6.3 what was written stays. */
export function clearRelocations(m: Machine, livepatch: LoadedModule, object: string): void {
  if (m.traits.clearsRelocations) livepatch.relocated.delete(object);
}
