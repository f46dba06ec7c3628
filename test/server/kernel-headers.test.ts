import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import { findHeaders, headerPlaces } from '../../server/src/kernel-runner/kernel-headers.ts';

const RELEASE = '6.12.117-test';

/** Folders as distributions and kernel developers have them, in a place of this test. */
let root: string;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'klp-headers-')));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function headers(folder: string, options: { makefile?: string; release?: string } = {}): Promise<string> {
  const path = join(root, folder);
  await mkdir(join(path, 'include/generated'), { recursive: true });
  const release = `#define UTS_RELEASE "${options.release ?? RELEASE}"\n`;
  await writeFile(join(path, 'include/generated/utsrelease.h'), release);
  await writeFile(join(path, 'Makefile'), options.makefile ?? 'all:\n');
  return path;
}

/** As much of a bzImage as is looked at. */
async function image(path: string): Promise<string> {
  const bytes = Buffer.alloc(0x1000);
  bytes.write('HdrS', 0x202, 'latin1');
  bytes.writeUInt16LE(0x100, 0x20e);
  bytes.write(`${RELEASE} (somebody@somewhere) #1\0`, 0x300, 'latin1');
  await mkdir(join(root, path, '..'), { recursive: true });
  await writeFile(join(root, path), bytes);
  return join(root, path);
}

describe('the headers of a kernel', () => {
  it('are those of the tree that was built, when an image lies in one or a tree is named', async () => {
    const tree = await headers('linux');
    const bzImage = await image('linux/arch/x86/boot/bzImage');
    for (const wanted of [bzImage, tree]) {
      expect(await findKernel(wanted, { cache: join(root, 'cache') })).toMatchObject({
        version: '6.12',
        release: RELEASE,
        image: bzImage,
        build: tree,
      });
    }
  });

  it('are found beside an image that was unpacked somewhere, although the link to them leads elsewhere', async () => {
    const vmlinuz = await image(`boot/vmlinuz-${RELEASE}`);
    const build = await headers(`usr/src/linux-headers-${RELEASE}`);
    await mkdir(join(root, 'lib/modules', RELEASE), { recursive: true });
    await symlink('/nowhere', join(root, 'lib/modules', RELEASE, 'build'));
    const kernel = await findKernel(vmlinuz, { cache: join(root, 'cache') });
    expect(kernel).toMatchObject({ build, modules: join(root, 'lib/modules', RELEASE) });
  });

  it('get a Makefile that finds their other half, and no vmlinux, where they are not installed', async () => {
    const makefile = 'include /usr/src/linux-headers-6.12.117-nowhere-common/Makefile\n';
    const unpacked = await headers('usr/src/linux-headers', { makefile });
    await headers('usr/src/linux-headers-6.12.117-nowhere-common');
    await writeFile(join(unpacked, 'vmlinux'), '');
    await writeFile(join(unpacked, 'Module.symvers'), 'symbols');
    const cache = join(root, 'cache');
    const build = await findHeaders([unpacked], RELEASE, cache);
    expect(build.startsWith(cache)).toBe(true);
    expect(await readFile(join(build, 'Makefile'), 'utf8')).toBe(
      `include ${join(root, 'usr/src/linux-headers-6.12.117-nowhere-common/Makefile')}\n`,
    );
    expect(await readFile(join(build, 'Module.symvers'), 'utf8')).toBe('symbols');
    await expect(readFile(join(build, 'vmlinux'))).rejects.toThrow('ENOENT');
    expect(await findHeaders([unpacked], RELEASE, cache)).toBe(build);
    expect(await readFile(join(unpacked, 'Makefile'), 'utf8')).toBe(makefile);
  });

  it('are not those of another kernel', async () => {
    const vmlinuz = await image('vmlinuz');
    const other = await headers('other', { release: '6.1.0-1' });
    await expect(findKernel(vmlinuz, { cache: root, headers: other })).rejects.toThrow(
      `The headers in ${other} are for kernel 6.1.0-1, not for ${RELEASE}.`,
    );
    const right = await headers('right');
    expect(await findHeaders([other, join(root, 'none'), right], RELEASE, root)).toBe(right);
    await expect(findHeaders([other, join(root, 'none')], RELEASE, root)).rejects.toThrow(
      `There are no headers for kernel ${RELEASE} in ${other}, ${join(root, 'none')}.`,
    );
  });

  it('are asked for by name when they are nowhere', async () => {
    const vmlinuz = await image('boot/vmlinuz');
    await expect(findKernel(vmlinuz, { cache: root })).rejects.toThrow(/Install them, or name .* --headers/);
    await writeFile(vmlinuz, 'text');
    await expect(findKernel(vmlinuz, { cache: root })).rejects.toThrow('is not an x86 kernel image');
    await expect(findKernel(join(root, 'none'), { cache: root })).rejects.toThrow('There is no kernel image');
    await expect(findKernel('6.12+replace-set', { cache: root })).rejects.toThrow('proposed and never merged');
  });

  it('may stand in the usual places of distributions', () => {
    expect(headerPlaces('/boot/vmlinuz-6.12', '6.12')).toEqual([
      '/lib/modules/6.12/build',
      '/usr/lib/modules/6.12/build',
      '/usr/src/linux-headers-6.12',
      '/usr/src/kernels/6.12',
    ]);
  });
});
