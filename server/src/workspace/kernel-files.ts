import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { type KernelReading, type KernelSources, knowledgeFrom } from '../kernel/knowledge-from.ts';

/** Paths of files that tell of the target kernel. */
export interface KernelFiles {
  /** A copy of /proc/kallsyms. */
  readonly kallsyms?: string | undefined;
  /** A copy of /sys/kernel/tracing/available_filter_functions. */
  readonly filterFunctions?: string | undefined;
}

export interface LoadedKernel {
  /** Null when nothing usable was named. */
  readonly knowledge: KernelReading['knowledge'];
  /** One sentence for each file that could not be used, or not all of it. */
  readonly problems: readonly string[];
}

/** The largest text that is read. Real ones have 5 to 30 MB. Bytes. */
const LARGEST_TEXT = 128 * 1024 * 1024;

/** Every path that is named. */
export function pathsOf(files: KernelFiles): string[] {
  return Object.values(files).flatMap((value) => (value === undefined ? [] : value));
}

/**
 * Reads the named files and puts together what they tell. Never rejects: what is wrong is in `problems`.
 *
 * @param label what to call it; the files' names when not said
 */
export async function loadKernel(files: KernelFiles, label?: string): Promise<LoadedKernel> {
  const problems: string[] = [];
  const used: string[] = [];
  const read = async (path: string | undefined): Promise<Uint8Array | undefined> => {
    if (path === undefined) return undefined;
    const result = await readLimited(path, LARGEST_TEXT);
    if (typeof result === 'string') {
      problems.push(`${path}: ${result}`);
      return undefined;
    }
    used.push(basename(path));
    return result;
  };
  const sources: Omit<KernelSources, 'label'> = {
    kallsyms: await read(files.kallsyms),
    filterFunctions: await read(files.filterFunctions),
  };
  const reading = knowledgeFrom({ label: label ?? used.join(' and '), ...sources });
  for (const { source, message } of reading.problems)
    problems.push(`${files[source as keyof KernelFiles]}: ${message}`);
  return { knowledge: reading.knowledge, problems };
}

/**
 * A file's bytes, or in a sentence why they can't be had. Files in /proc and /sys say that they have no size, so it is
 * read until nothing more comes.
 *
 * @param limit bytes
 */
export async function readLimited(path: string, limit: number): Promise<Uint8Array | string> {
  try {
    const file = await open(path);
    try {
      const status = await file.stat();
      if (!status.isFile()) return 'It is not an ordinary file.';
      let bytes = Buffer.allocUnsafe(status.size > 0 ? Math.min(status.size, limit) + 1 : 1 << 20);
      let length = 0;
      for (;;) {
        const { bytesRead } = await file.read(bytes, length, bytes.length - length, null);
        if (bytesRead === 0) return bytes.subarray(0, length);
        length += bytesRead;
        if (length > limit) return `It is larger than ${Math.round(limit / 1024 / 1024)} MB.`;
        if (length === bytes.length) {
          const larger = Buffer.allocUnsafe(bytes.length * 2);
          bytes.copy(larger);
          bytes = larger;
        }
      }
    } finally {
      await file.close();
    }
  } catch (error) {
    return reasonOf(error);
  }
}

/** What the system says, in the words of people. */
export function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'There is no such file.';
  if (code === 'EACCES' || code === 'EPERM') return 'Permission denied.';
  if (code === 'EISDIR') return 'It is a directory.';
  return error instanceof Error ? error.message : String(error);
}
