import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../.cache/upstream/', import.meta.url));
/** Where the kernel keeps its samples and selftests of livepatch; the middle one up to 6.8. */
const LIVEPATCH_FOLDERS = ['samples/livepatch', 'lib/livepatch', 'tools/testing/selftests/livepatch'];

/**
 * Unpacks folders, the livepatch samples and selftests unless told, from Debian's linux-source package into the cache, once
 * for each version of the package, and returns where they are. They are GPL: they are read here and never become part of
 * this project.
 */
export function unpackKernelSource(series: '6.1' | '6.12', folders: readonly string[] = LIVEPATCH_FOLDERS): string {
  const tarball = `/usr/src/linux-source-${series}.tar.xz`;
  if (!existsSync(tarball))
    throw new Error(`${tarball} is missing: install the Debian package linux-source-${series}.`);
  const { stdout: version } = command('dpkg-query', ['-W', '-f', '$' + '{Version}', `linux-source-${series}`]);
  const what = folders === LIVEPATCH_FOLDERS ? '' : `-${folders.join('+').replaceAll('/', '.')}`;
  const folder = join(CACHE, `${series}-${version}${what}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    const wanted = folders.map((path) => `linux-source-${series}/${path}/*`);
    // tar complains about a folder that this version does not have; what it found is looked at below.
    spawnSync('tar', ['-xJf', tarball, '-C', unfinished, '--wildcards', '--strip-components=1', ...wanted]);
    if (cFilesBelow(unfinished).length === 0) throw new Error(`Nothing of ${folders.join(', ')} is in ${tarball}.`);
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** Paths of all C files below a folder, sorted. */
export function cFilesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.c'))
    .sort()
    .map((path) => join(folder, path));
}

function command(name: string, args: readonly string[]): { stdout: string } {
  const result = spawnSync(name, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${name} ${args.join(' ')}: ${result.error?.message ?? result.stderr}`);
  return { stdout: result.stdout.trim() };
}
