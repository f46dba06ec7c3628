import { existsSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bzImageRelease } from './bz-image.ts';
import { headerDependencies, newestDebianKernel } from './debian-kernel.ts';
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
  /** /lib/modules/RELEASE, or what stands for it in the cache: the kernel's own modules. */
  readonly modules: string;
}

export interface FindKernelOptions {
  /** Where fetched kernels are kept, one directory each. */
  readonly cache: string;
  readonly progress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Finds a kernel, or fetches it.
 *
 * @param wanted `6.1` or `6.12` for Debian's newest cloud kernel of that version, fetched with apt-get into the cache
 *   (nothing is installed), or the path of a bzImage whose headers stand in /lib/modules/RELEASE/build
 * @throws Error with a message for people when there is no such kernel, or none to build modules for
 */
export async function findKernel(wanted: string, options: FindKernelOptions): Promise<Kernel> {
  return /^\d+\.\d+$/.test(wanted) ? debianKernel(wanted, options) : ownKernel(wanted);
}

async function ownKernel(image: string): Promise<Kernel> {
  const file = await open(image).catch(() => {
    throw new Error(`There is no kernel image ${image}.`);
  });
  const head = Buffer.alloc(0x8000);
  await file.read(head, 0, head.length, 0);
  await file.close();
  const release = bzImageRelease(head);
  if (release === null) throw new Error(`${image} is not an x86 kernel image (bzImage).`);
  const modules = join('/lib/modules', release);
  const build = join(modules, 'build');
  if (!existsSync(build)) throw new Error(`There are no headers for kernel ${release} in ${build}.`);
  return { version: release.split('.').slice(0, 2).join('.'), release, image, build, modules };
}

async function debianKernel(version: string, options: FindKernelOptions): Promise<Kernel> {
  const root = join(options.cache, version);
  const note = join(root, 'kernel.json');
  if (existsSync(note)) return JSON.parse(await readFile(note, 'utf8')) as Kernel;

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
  const fresh = join(options.cache, `${version}.new`);
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  const packages = [chosen.image, chosen.headers, ...depends];
  await run('apt-get', ['-q', '-o', 'APT::Sandbox::User=root', 'download', ...packages], fresh);
  for (const file of (await readdir(fresh)).filter((name) => name.endsWith('.deb'))) {
    await run('dpkg', ['-x', file, '.'], fresh);
    await rm(join(fresh, file));
  }
  const build = join('usr/src', chosen.headers);
  // The Makefile names the common headers by the path that they have when installed.
  const makefile = join(fresh, build, 'Makefile');
  await writeFile(makefile, (await readFile(makefile, 'utf8')).replaceAll('/usr/src/', `${join(root, 'usr/src')}/`));
  // Its type information for modules would need pahole, and nothing here uses it.
  await rm(join(fresh, build, 'vmlinux'), { force: true });
  const kernel: Kernel = {
    version,
    release: chosen.release,
    image: join(root, 'boot', `vmlinuz-${chosen.release}`),
    build: join(root, build),
    modules: join(root, 'lib/modules', chosen.release),
  };
  await writeFile(join(fresh, 'kernel.json'), `${JSON.stringify(kernel, null, 2)}\n`);
  await rm(root, { recursive: true, force: true });
  await rename(fresh, root);
  return kernel;
}
