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
 * (`6.12.117+deb12-cloud-amd64`). Null when it is another, or shows none of its symbols.
 *
 * @param named the target as the user named it
 */
export async function runningKernel(named: string, version: KernelVersion): Promise<RunningKernel | null> {
  if (process.platform !== 'linux') return null;
  const own = release();
  const ownVersion = parseKernelVersion(own);
  if (!ownVersion || compareVersions(ownVersion, version) !== 0) return null;
  if (!/^v?\d+\.\d+$/.test(named.trim()) && named.trim() !== own) return null;
  const kallsyms = await readable('/proc/kallsyms');
  const systemMap = kallsyms === undefined ? await readable(`/boot/System.map-${own}`) : undefined;
  if (kallsyms === undefined && systemMap === undefined) return null;
  const btf = await readable('/sys/kernel/btf');
  const modules = await readable(`/lib/modules/${own}`);
  const files: KernelFiles = {
    kallsyms,
    systemMap,
    filterFunctions:
      (await readable('/sys/kernel/tracing/available_filter_functions')) ??
      (await readable('/sys/kernel/debug/tracing/available_filter_functions')),
    btf: btf === undefined ? undefined : [btf],
    modules: modules === undefined ? undefined : [modules],
  };
  return { release: own, files };
}

async function readable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK);
    return path;
  } catch {
    return undefined;
  }
}
