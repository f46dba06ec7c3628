import type { PatchImage } from '../model/index.ts';
import { frameOf } from '../simulator/structures.ts';
import type { Workload } from '../simulator/workload.ts';

/** The frames that the functions which a patch replaces show on stacks, of the objects that are loaded on that machine. */
export function patchedFrames(image: PatchImage, workload: Workload): ReadonlySet<string> {
  const frames = new Set<string>();
  for (const { name, funcs } of image.objects) {
    if (name !== null && !workload.modules.includes(name)) continue;
    for (const { oldName, oldSympos } of funcs) {
      frames.add(frameOf(oldName, name) + (oldSympos > 1 ? ` #${oldSympos}` : ''));
    }
  }
  return frames;
}

/** The calls that two stacks have in common, innermost first: those that have not returned in between. */
export function commonOuterFrames(a: readonly string[], b: readonly string[]): readonly string[] {
  let same = 0;
  while (same < a.length && same < b.length && a[a.length - 1 - same] === b[b.length - 1 - same]) same++;
  return a.slice(a.length - same);
}
