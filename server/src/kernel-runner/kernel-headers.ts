import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/**
 * Where modules can be built for a kernel image: its own source tree, what is installed on this machine, or what stands
 * beside the image as the packages of distributions have it (below ROOT when the image is ROOT/boot/vmlinuz-RELEASE).
 *
 * @param image the bzImage's path
 * @returns folders for `make -C`, the best first; none of them need exist
 */
export function headerPlaces(image: string, release: string): string[] {
  const tree = /^(.*)\/arch\/x86(?:_64)?\/boot\/bzImage$/.exec(image)?.[1];
  const root = dirname(dirname(image));
  const places = [root, '/'].flatMap((below) => [
    join(below, 'lib/modules', release, 'build'),
    join(below, 'usr/lib/modules', release, 'build'),
    join(below, 'usr/src', `linux-headers-${release}`),
    join(below, 'usr/src/kernels', release),
  ]);
  return [...(tree === undefined ? [] : [tree]), ...new Set(places)];
}

/**
 * The first of `places` that has headers of this release, fit for use.
 *
 * Debian's headers name their other half by the path that it has when it is installed. Unpacked elsewhere, they get a
 * stand-in in the cache: links to all they have, and a Makefile with the path that is right here. Their vmlinux is left
 * out: it is only there for type information, which would need pahole.
 *
 * @throws Error that tells where headers were looked for
 */
export async function findHeaders(places: readonly string[], release: string, cache: string): Promise<string> {
  for (const place of places) {
    if (!existsSync(join(place, 'Makefile'))) continue;
    const of = await releaseOf(place);
    if (of === null) continue;
    if (of === release) return standIn(await realpath(place), cache);
    if (places.length === 1) throw new Error(`The headers in ${place} are for kernel ${of}, not for ${release}.`);
  }
  throw new Error(
    `There are no headers for kernel ${release} in ${places.join(', ')}. Install them, or name their folder with --headers.`,
  );
}

/** What kbuild has written there; null when that is no folder to build modules in. */
async function releaseOf(headers: string): Promise<string | null> {
  const text = await readFile(join(headers, 'include/generated/utsrelease.h'), 'utf8').catch(() => '');
  return /^#define UTS_RELEASE "([^"]*)"/m.exec(text)?.[1] ?? null;
}

async function standIn(headers: string, cache: string): Promise<string> {
  const other = /^include (\/\S+\/Makefile)\s*$/.exec(await readFile(join(headers, 'Makefile'), 'utf8'))?.[1];
  if (other === undefined) return headers;
  const beside = join(dirname(headers), ...other.split('/').slice(-2));
  if (existsSync(other) && !existsSync(join(headers, 'vmlinux'))) return headers;
  const makefile = `include ${existsSync(other) ? other : beside}\n`;
  const name = createHash('sha256').update(`${headers}\n${makefile}`).digest('hex').slice(0, 16);
  const place = resolve(cache, 'headers', name);
  if (existsSync(place)) return place;
  const fresh = `${place}.${process.pid}`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { recursive: true });
  for (const entry of await readdir(headers)) {
    if (entry !== 'Makefile' && entry !== 'vmlinux') await symlink(join(headers, entry), join(fresh, entry));
  }
  await writeFile(join(fresh, 'Makefile'), makefile);
  await rename(fresh, place).catch(async (error) => {
    // Somebody else made the same just now.
    await rm(fresh, { recursive: true, force: true });
    if (!existsSync(place)) throw error;
  });
  return place;
}
