import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import type { Kernel } from './find-kernel.ts';
import type { GuestFile } from './guest-image.ts';

const run = promisify(execFile);

/**
 * The kernel's own modules of these names, uncompressed, at the place where the guest's modprobe looks for them
 * (`/modules/NAME.ko`). Those that the kernel has built in, or does not have, are left out.
 */
export async function kernelModules(kernel: Kernel, names: readonly string[]): Promise<GuestFile[]> {
  if (names.length === 0) return [];
  const files: GuestFile[] = [];
  for (const path of await readdir(kernel.modules, { recursive: true })) {
    const match = /^(.*)\.ko(\.xz|\.gz)?$/.exec(basename(path));
    const name = match?.[1]?.replaceAll('-', '_');
    if (name === undefined || !names.includes(name)) continue;
    files.push({ path: `/modules/${name}.ko`, content: await uncompressed(join(kernel.modules, path)) });
  }
  return files;
}

async function uncompressed(path: string): Promise<Uint8Array> {
  if (path.endsWith('.gz')) return gunzipSync(await readFile(path));
  if (!path.endsWith('.xz')) return readFile(path);
  const { stdout } = await run('xz', ['-dc', path], { encoding: 'buffer', maxBuffer: 64 << 20 });
  return stdout;
}
