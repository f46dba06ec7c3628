import type { PatchImage } from '../../../shared/src/model/index.ts';

/** The image with what a scenario says of pre_patch: it returns these values, by object (`vmlinux` or a module). */
export function imageWithReturns(image: PatchImage, returns: ReadonlyMap<string, number>): PatchImage {
  const objects = image.objects.map((object) => {
    const callback = object.callbacks.pre_patch;
    const value = returns.get(object.name ?? 'vmlinux');
    if (!callback || value === undefined) return object;
    const { returnsParameter: _decided, ...rest } = callback;
    return { ...object, callbacks: { ...object.callbacks, pre_patch: { ...rest, returns: value, returnKnown: true } } };
  });
  return { ...image, objects };
}
