import { type KlpFunc, type KlpPatch, knownValue, type LivepatchModule } from '../../../../shared/src/model/index.ts';

export interface PatchedFunction {
  readonly module: LivepatchModule;
  readonly patch: KlpPatch;
  /** `vmlinux` or the module's name. */
  readonly object: string;
  readonly name: string;
  /** 0 and 1 both mean the first one. */
  readonly position: number;
  readonly func: KlpFunc;
}

/** The functions that a module's patches replace, as far as they are known. */
export function patchedFunctions(module: LivepatchModule): PatchedFunction[] {
  return module.patches.flatMap((patch) => {
    if (patch.objs.kind !== 'known') return [];
    return patch.objs.table.entries.flatMap((object) => {
      if (object.terminator || object.name.kind === 'unknown' || object.funcs.kind !== 'known') return [];
      const objectName = knownValue(object.name) ?? 'vmlinux';
      return object.funcs.table.entries.flatMap((func) => {
        const name = knownValue(func.oldName);
        if (func.terminator || name === undefined || func.oldSympos.kind === 'unknown') return [];
        const position = Math.max(1, knownValue(func.oldSympos) ?? 0);
        return [{ module, patch, object: objectName, name, position, func }];
      });
    });
  });
}
