import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Where the recordings stand, from the repository's root. */
const CAPTURES = 'test/fixtures/captures/servers';

export const ROLES = ['web-server', 'database', 'build-machine'] as const;
export type Role = (typeof ROLES)[number];

/** Kernel series that there are recordings of, oldest first. */
export function recordedSeries(root: string): string[] {
  return ['6.1', '6.12'].filter((series) => existsSync(join(root, CAPTURES, `stacks.${series}.json`)));
}

/** What capture.sh wrote in a guest under load, or before that; null when there is none. */
export async function recordingOf(
  root: string,
  role: Role,
  series: string,
  when: 'idle' | 'loaded' = 'loaded',
): Promise<string | null> {
  const file = join(root, CAPTURES, `${role}.${when}.${series}.json.gz`);
  return existsSync(file) ? gunzipSync(await readFile(file)).toString('latin1') : null;
}

/** The stacks that a kernel traced. */
export async function tracedStacks(root: string, series: string): Promise<string[]> {
  return JSON.parse(await readFile(join(root, CAPTURES, `stacks.${series}.json`), 'utf8')) as string[];
}

/** Versions of Debian packages that the guests had, by name. */
export async function guestPackages(root: string): Promise<Record<string, string>> {
  return JSON.parse(await readFile(join(root, CAPTURES, 'packages.json'), 'utf8')) as Record<string, string>;
}

/** What transitions did in the guests, as test/kernel/servers.test.ts writes it. */
export async function observed(root: string, series: string): Promise<unknown> {
  return JSON.parse(await readFile(join(root, CAPTURES, `observed.${series}.json`), 'utf8'));
}
