import { existsSync } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { bzImageRelease } from './bz-image.ts';
import { headerDependencies, newestDebianKernel } from './debian-kernel.ts';
import { findHeaders, headerPlaces } from './kernel-headers.ts';
import { mustRun } from './run-command.ts';

/** A kernel that can be booted and modules can be built for. */
export interface Kernel {
  /** `6.12`. */
  readonly version: string;
  /** `uname -r`. */
  readonly release: string;
  /** The bzImage. */
  readonly image: string;
  /** Where `make -C` builds modules for it. */
  readonly build: string;
  /** /lib/modules/RELEASE, or what stands for it beside the image: the kernel's own modules. It need not exist. */
  readonly modules: string;
}

export interface FindKernelOptions {
  /** Where fetched kernels are kept, one directory each. */
  readonly cache: string;
  /** The folder with the headers of a kernel image, when they are not where headers usually are. */
  readonly headers?: string;
  readonly progress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Finds a kernel, or fetches it.
 *
 * @param wanted `6.1` or `6.12` for Debian's newest cloud kernel of that version, fetched with apt-get into the cache
 *   (nothing is installed); or the path of a bzImage; or a kernel's source tree that was built
 * @throws Error with a message for people when there is no such kernel, or none to build modules for
 */
export async function findKernel(wanted: string, options: FindKernelOptions): Promise<Kernel> {
  if (/^\d+\.\d+$/.test(wanted)) return debianKernel(wanted, options);
  if (/^\d+\.\d+\+replace/.test(wanted)) {
    throw new Error(`There is no kernel to ask: what ${wanted} stands for was proposed and never merged.`);
  }
  const path = resolve(wanted);
  const isTree = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return kernelOfImage(isTree ? join(path, 'arch/x86/boot/bzImage') : path, options);
}

async function kernelOfImage(image: string, options: FindKernelOptions): Promise<Kernel> {
  const file = await open(image).catch(() => {
    throw new Error(`There is no kernel image ${image}.`);
  });
  const head = Buffer.alloc(0x8000);
  await file.read(head, 0, head.length, 0);
  await file.close();
  const release = bzImageRelease(head);
  if (release === null) throw new Error(`${image} is not an x86 kernel image (bzImage).`);
  const places = options.headers === undefined ? headerPlaces(image, release) : [resolve(options.headers)];
  const build = await findHeaders(places, release, options.cache);
  const beside = join(dirname(dirname(image)), 'lib/modules', release);
  const modules = existsSync(beside) ? beside : join('/lib/modules', release);
  return { version: release.split('.').slice(0, 2).join('.'), release, image, build, modules };
}

/** The image of a fetched kernel below its directory in the cache. */
async function fetchedImage(root: string): Promise<string | null> {
  const names = await readdir(join(root, 'boot')).catch(() => []);
  const name = names.find((candidate) => candidate.startsWith('vmlinuz-'));
  return name === undefined ? null : join(root, 'boot', name);
}

async function debianKernel(version: string, options: FindKernelOptions): Promise<Kernel> {
  const root = resolve(options.cache, version);
  const kept = await fetchedImage(root);
  if (kept !== null) return kernelOfImage(kept, options);

  const tell = options.progress ?? (() => {});
  const run = (program: string, args: string[], cwd?: string) =>
    mustRun(program, args, {
      ...(cwd === undefined ? {} : { cwd }),
      ...(options.signal ? { signal: options.signal } : {}),
    });
  const names = await run('apt-cache', ['search', '--names-only', `^linux-image-${version.replace('.', '\\.')}\\.`]);
  const chosen = newestDebianKernel(names, version);
  if (!chosen) {
    throw new Error(
      `apt-cache knows no cloud kernel ${version}. Run "apt-get update", or name a kernel image instead.`,
    );
  }
  const depends = headerDependencies(await run('apt-cache', ['depends', chosen.headers]));
  tell(`Fetching kernel ${chosen.release}`);
  // Whole or not at all: an image in `root` means that everything else is there, too.
  const fresh = `${root}.${process.pid}`;
  await mkdir(fresh, { recursive: true });
  try {
    const packages = [chosen.image, chosen.headers, ...depends];
    await run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...packages], fresh);
    for (const file of (await readdir(fresh)).filter((name) => name.endsWith('.deb'))) {
      await run('dpkg', ['-x', file, '.'], fresh);
      await rm(join(fresh, file));
    }
    await rm(root, { recursive: true, force: true });
    await rename(fresh, root);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return kernelOfImage(join(root, 'boot', `vmlinuz-${chosen.release}`), options);
}
