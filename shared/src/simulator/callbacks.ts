import type { CallbackImage, CallbackName } from '../model/index.ts';
import type { Machine } from './machine.ts';
import { useShadow } from './shadow-life.ts';
import { type KlpObject, objectName } from './structures.ts';

/** The callbacks of kernel/livepatch/core.h: each runs its function if there is one. */

function run(m: Machine, object: KlpObject, callback: CallbackName): number {
  const image = object.callbacks[callback];
  if (image === undefined) return 0;
  const returns = callback === 'pre_patch' ? returnOf(m, object.patch.module, image) : 0;
  m.emit({
    at: m.now,
    type: 'callback',
    patch: object.patch.module,
    object: objectName(object),
    callback,
    function: image.function,
    returns,
  });
  for (const use of image.shadow ?? []) useShadow(m, object.patch.module, image.function, use);
  return returns;
}

function returnOf(m: Machine, module: string, image: CallbackImage): number {
  if (image.returnsParameter === undefined) return image.returns;
  return m.modules.get(module)?.parameters.get(image.returnsParameter) ?? image.returns;
}

/** Returns what the callback returns; post_unpatch will run only after a 0. */
export function prePatchCallback(m: Machine, object: KlpObject): number {
  const result = run(m, object, 'pre_patch');
  object.postUnpatchEnabled = result === 0;
  return result;
}

export function postPatchCallback(m: Machine, object: KlpObject): void {
  run(m, object, 'post_patch');
}

export function preUnpatchCallback(m: Machine, object: KlpObject): void {
  run(m, object, 'pre_unpatch');
}

export function postUnpatchCallback(m: Machine, object: KlpObject): void {
  if (object.postUnpatchEnabled) run(m, object, 'post_unpatch');
  object.postUnpatchEnabled = false;
}
