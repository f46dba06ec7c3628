import { access, constants } from 'node:fs/promises';
import { release } from 'node:os';
import { compareVersions, type KernelVersion, parseKernelVersion } from '../kernel/version.ts';
import type { KernelFiles } from './kernel-files.ts';

/** What this machine's own kernel shows of itself, in the usual places. */
export interface RunningKernel {
  /** `uname -r`. */
  readonly release: string;
  /** The files that can be read. */
  readonly files: KernelFiles;
}

/**
 * The running kernel, when it is the target: of the same version, and of the same release when the user named one
 * (`6.12.117+deb12-cloud-amd64`). Null when it is another, or shows nothing.
 *
 * @param named the target as the user named it
 */
export async function runningKernel(named: string, version: KernelVersion): Promise<RunningKernel | null> {
  if (process.platform !== 'linux') return null;
  const own = release();
  const ownVersion = parseKernelVersion(own);
  if (!ownVersion || compareVersions(ownVersion, version) !== 0) return null;
  if (/^v?\d+\.\d+.+$/.test(named.trim()) && named.trim() !== own) return null;
  const files: KernelFiles = {
    kallsyms: await readable('/proc/kallsyms'),
    filterFunctions:
      (await readable('/sys/kernel/tracing/available_filter_functions')) ??
      (await readable('/sys/kernel/debug/tracing/available_filter_functions')),
  };
  return Object.values(files).some((value) => value !== undefined) ? { release: own, files } : null;
}

async function readable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK);
    return path;
  } catch {
    return undefined;
  }
}
