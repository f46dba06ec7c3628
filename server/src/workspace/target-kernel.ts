import type { KernelKnowledge } from '../kernel/knowledge.ts';
import { compareVersions, type KernelVersion } from '../kernel/version.ts';
import { type KernelFiles, loadKernel, pathsOf } from './kernel-files.ts';
import { loadReferenceKernel } from './reference-kernel.ts';
import { runningKernel } from './running-kernel.ts';

/** Which kernel modules are for, and where to learn about it. */
export interface KernelTarget {
  readonly version: KernelVersion;
  /** As the user named it: `6.12`, or a whole release. */
  readonly named: string;
  /** Files that the user named. When there are none, others are looked for. */
  readonly files: KernelFiles;
  /** Whether to look at the running kernel when no file is named. */
  readonly lookAround: boolean;
  /** The folder of the bundle, beside which the reference kernel lies. */
  readonly folder: string;
}

export interface KnownTarget {
  readonly knowledge: KernelKnowledge | null;
  /** One sentence for each file that could not be used, or not all of it. */
  readonly problems: readonly string[];
}

const REFERENCE_VERSION: KernelVersion = { major: 6, minor: 12 };

/**
 * Learns about the target kernel: from the files that are named; without any, from the kernel that runs here, if it is
 * the target; else from the built-in reference kernel, if that is of the target's version. Never rejects.
 */
export async function learnTarget(target: KernelTarget): Promise<KnownTarget> {
  if (pathsOf(target.files).length > 0) return loadKernel(target.files);
  const running = target.lookAround ? await runningKernel(target.named, target.version) : null;
  if (running) {
    const { knowledge } = await loadKernel(running.files, `the running kernel ${running.release}`);
    if (knowledge) return { knowledge, problems: [] };
  }
  if (compareVersions(target.version, REFERENCE_VERSION) !== 0) return { knowledge: null, problems: [] };
  try {
    return { knowledge: await loadReferenceKernel(target.folder), problems: [] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { knowledge: null, problems: [`The built-in reference kernel can't be loaded: ${reason}`] };
  }
}
