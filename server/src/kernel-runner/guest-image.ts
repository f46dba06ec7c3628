import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type ArchiveEntry, cpioArchive } from './cpio.ts';
import { type GuestPlan, PLAN_DIRECTORY, planText } from './guest-plan.ts';
import { mustRun } from './run-command.ts';

/** A file that a guest finds, by its path there (`/modules/x.ko`). */
export interface GuestFile {
  readonly path: string;
  readonly content: Uint8Array;
  /** Whether it is a program; plain data when not given. */
  readonly executable?: boolean;
}

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), 'guest');

/** Files of each of our programs for the guest. */
const PROGRAMS = {
  agent: ['agent.c', 'agent.h', 'clock.c', 'files.c', 'plan.c', 'report.c', 'steps.c'],
  task: ['task.c'],
} as const;

/** The kernel runs it as `modprobe -q -- NAME` for request_module(). */
const MODPROBE = '#!/bin/busybox sh\nexec /bin/busybox insmod /modules/$3.ko\n';

/**
 * The first file system of a guest, compressed: our agent as /init, the helper task, busybox when this machine has a static
 * one (for `shell` steps), the plans and the given files.
 */
export async function guestImage(
  plans: readonly GuestPlan[],
  files: readonly GuestFile[],
  options: { readonly cache: string },
): Promise<Uint8Array> {
  const entries: ArchiveEntry[] = [
    { path: 'init', mode: 0o755, content: await guestProgram('agent', options.cache) },
    { path: 'bin/klp-task', mode: 0o755, content: await guestProgram('task', options.cache) },
    { path: 'dev', mode: 0o755, content: null },
  ];
  const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
  if (busybox) entries.push({ path: 'bin/busybox', mode: 0o755, content: await readFile(busybox) });
  plans.forEach((plan, i) => {
    entries.push({ path: `${PLAN_DIRECTORY}/${i}`, mode: 0o644, content: new TextEncoder().encode(planText(plan)) });
  });
  for (const { path, content, executable } of files) {
    entries.push({ path: path.replace(/^\/+/, ''), mode: executable ? 0o755 : 0o644, content });
  }
  // Of two files with one path the first counts: `files` may bring a modprobe of their own.
  entries.push({ path: 'bin/modprobe', mode: 0o755, content: new TextEncoder().encode(MODPROBE) });
  return gzipSync(cpioArchive(entries), { level: 1 });
}

/** One of our C programs for the guest, compiled static; kept in the cache until its sources change. */
async function guestProgram(name: keyof typeof PROGRAMS, cache: string): Promise<Uint8Array> {
  const sources = PROGRAMS[name].map((file) => join(SOURCES, file));
  const hash = createHash('sha256');
  for (const source of sources) hash.update(await readFile(source));
  const program = join(cache, 'guest', `${name}-${hash.digest('hex').slice(0, 16)}`);
  if (!existsSync(program)) {
    await mkdir(dirname(program), { recursive: true });
    const fresh = `${program}.${process.pid}`;
    const units = sources.filter((source) => source.endsWith('.c'));
    await mustRun('gcc', ['-O2', '-Wall', '-static', '-s', '-o', fresh, ...units]);
    await rename(fresh, program);
  }
  return readFile(program);
}
