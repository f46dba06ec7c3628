import { dirname, resolve } from 'node:path';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import { patchImages } from '../analysis/patch-images.ts';
import { DiskFiles } from '../workspace/file-source.ts';
import { loadParser } from '../workspace/load-parser.ts';
import { ModuleStore } from '../workspace/module-store.ts';
import { UsageError } from './usage.ts';

/**
 * The patch that the kernel would be given by the module that a file belongs to. `wanted` is the klp_patch variable; without
 * one it is the first, and stderr says so when there are several. Throws UsageError when there is none.
 */
export async function patchOfFile(file: string, wanted: string | undefined, wasmFolder: string): Promise<PatchImage> {
  return pick(await imagesOf(file, wasmFolder), wanted, file);
}

/** The patches of the module that a file belongs to, as the kernel would be given them. */
async function imagesOf(file: string, wasmFolder: string): Promise<PatchImage[]> {
  const path = resolve(file);
  const disk = new DiskFiles([process.cwd(), dirname(path)]);
  const text = await disk.read(path);
  if (text === null) {
    throw new UsageError(`${file} can't be read: there is no such file, no permission, or it is larger than 1 MB.`);
  }
  const store = new ModuleStore(loadParser(wasmFolder), disk, { pathOf: (name) => name, fileAt: (name) => name });
  store.open(path, text);
  try {
    const module = await store.moduleOf(path);
    return module ? patchImages(module) : [];
  } finally {
    store.close(path);
  }
}

function pick(images: readonly PatchImage[], wanted: string | undefined, file: string): PatchImage {
  const names = images.map(({ variable }) => variable ?? 'unnamed');
  const [first] = images;
  if (!first) {
    throw new UsageError(
      `${file} has no klp_patch variable: there is nothing to simulate. What a module puts together at run time can't be read.`,
    );
  }
  if (wanted === undefined) {
    if (images.length > 1) {
      process.stderr.write(
        `livepatch-ls: ${file} has several patches (${names.join(', ')}); this is ${names[0]}. --patch picks another.\n`,
      );
    }
    return first;
  }
  const image = images.find(({ variable }) => variable === wanted);
  if (!image) throw new UsageError(`--patch is "${wanted}"; ${file} has ${names.join(', ')}.`);
  return image;
}
