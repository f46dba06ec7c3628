import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { GuestFile } from '../../../server/src/kernel-runner/guest-image.ts';
import { runCommand } from '../../../server/src/kernel-runner/run-command.ts';

/**
 * Programs of this machine for a guest, in its /bin, and the libraries that they are linked with at the same paths as
 * here.
 *
 * @throws Error that names the first program that this machine does not have
 */
export async function programs(names: readonly string[]): Promise<GuestFile[]> {
  const files = new Map<string, string>();
  for (const name of names) {
    const path = find(name);
    files.set(`/bin/${name}`, path);
    for (const library of await libraries(path)) files.set(library, library);
  }
  return Promise.all(
    [...files].map(async ([path, from]) => ({ path, content: await readFile(from), executable: true })),
  );
}

function find(name: string): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  const path = folders.map((folder) => join(folder, name)).find((candidate) => existsSync(candidate));
  if (!path) throw new Error(`The selftests need ${name}, which this machine does not have.`);
  return path;
}

/** As ldd shows them: `libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)`, and the loader by its path alone. */
async function libraries(program: string): Promise<string[]> {
  const { output } = await runCommand('ldd', [program]);
  return [...output.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map((match) => match[1] ?? '');
}
