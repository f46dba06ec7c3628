import type { KlpObject, LivepatchModule } from '../../../../shared/src/model/index.ts';
import type { Fix, RuleFinding } from '../rule.ts';
import { replaceString } from './tables.ts';

/** The suffixes of a module's file. */
export const MODULE_FILE_SUFFIX = /\.ko(?:\.(?:gz|xz|zst))?$/;

/**
 * The name under which the kernel knows the module in that file: `net/bluetooth/bluetooth.ko` is `bluetooth`,
 * `snd-hda-intel` is `snd_hda_intel`.
 */
export function kernelModuleName(written: string): string {
  return written.replace(/^.*\//, '').replace(MODULE_FILE_SUFFIX, '').replaceAll('-', '_');
}

/** A finding on an object's name, with the fix that writes the kernel's name of the module. */
export function nameFinding(module: LivepatchModule, object: KlpObject, message: string): RuleFinding[] {
  if (object.name.kind !== 'known' || object.name.value === null) return [];
  const better = kernelModuleName(object.name.value);
  const usable = /^\w+$/.test(better) && better !== 'vmlinux';
  const edit = usable ? replaceString(module, object.name, better) : null;
  const fixes: Fix[] = edit ? [{ title: `Write "${better}"`, safety: 'safe', edits: [edit] }] : [];
  return [{ range: object.name.range, message, fixes }];
}
