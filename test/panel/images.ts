import type { ObjectImage, PatchImage } from '../../shared/src/model/index.ts';
import type { HostToPanel } from '../../shared/src/panel-messages.ts';

/** Where the tests' patches stand, for links to the source. */
export const FILE = 'file:///src/fix_wait.c';

/** A patch that replaces functions of vmlinux; each is found in the source at 100, 200, … */
export function patchOf(...functions: string[]): PatchImage {
  return {
    module: 'fix_wait',
    variable: 'patch',
    livepatchMark: true,
    hasExit: true,
    replace: false,
    replaceable: null,
    states: [],
    objects: [objectOf(null, functions)],
    assumptions: [],
    source: { file: FILE, start: 900, end: 905 },
  };
}

export function objectOf(name: string | null, functions: readonly string[]): ObjectImage {
  return {
    name,
    funcs: functions.map((oldName, index) => ({
      oldName,
      newFunc: `fixed_${oldName}`,
      oldSympos: 0,
      source: { file: FILE, start: 100 * (index + 1), end: 100 * (index + 1) + oldName.length },
      newFuncSource: { file: FILE, start: 10 * (index + 1), end: 10 * (index + 1) + 5 },
    })),
    callbacks: {},
    source: null,
  };
}

/** What the host sends for a module. */
export function imagesMessage(
  images: readonly PatchImage[],
  change: Partial<HostToPanel & { type: 'images' }> = {},
): HostToPanel {
  return {
    type: 'images',
    uri: FILE,
    title: 'fix_wait',
    images,
    patch: null,
    simulation: { kernel: '6.12', workload: 'web-server', seeds: 5 },
    ...change,
  };
}
