import type { LivepatchModule } from '../../../shared/src/model/index.ts';
import type { KernelKnowledge } from '../kernel/knowledge.ts';
import { compareVersions, type KernelVersion } from '../kernel/version.ts';
import { type KernelFiles, LoadedKernel, pathsOf } from './kernel-files.ts';
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
  /** The folder of the bundle, in which the reference kernel lies. */
  readonly folder: string;
}

/** What is known of the target kernel. */
export interface KnownTarget {
  readonly knowledge: KernelKnowledge | null;
  /** One sentence for each named file that could not be used, or not all of it. */
  readonly problems: readonly string[];
  /** Files whose change makes it another. */
  readonly paths: readonly string[];
  /** Reads what files tell of these modules, if it was not read yet. Resolves to whether something was learned. */
  want(modules: Iterable<string>): Promise<boolean>;
}

const REFERENCE_VERSION: KernelVersion = { major: 6, minor: 12 };

/**
 * Learns about the target kernel: from the files that are named; without any, from the kernel that runs here, if it is
 * the target; else from the built-in reference kernel, if that is of the target's version. Never rejects.
 */
export async function learnTarget(target: KernelTarget): Promise<KnownTarget> {
  if (pathsOf(target.files).length > 0) {
    const loaded = await LoadedKernel.read(target.files);
    // A source that nobody built tells nothing here: what is known of the version otherwise is better.
    if (loaded.knowledge || loaded.problems.length > 0) return loaded;
  }
  const running = target.lookAround ? await runningKernel(target.named, target.version) : null;
  if (running) {
    const loaded = await LoadedKernel.read(running.files, `the running kernel ${running.release}`);
    // Nobody named these files: what can't be read of them is simply not known.
    if (loaded.knowledge) return withoutProblems(loaded);
  }
  if (compareVersions(target.version, REFERENCE_VERSION) !== 0) return unknownTarget([]);
  try {
    return { ...unknownTarget([]), knowledge: await loadReferenceKernel(target.folder) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return unknownTarget([`The built-in reference kernel can't be loaded: ${reason}`]);
  }
}

function withoutProblems(loaded: LoadedKernel): KnownTarget {
  return {
    get knowledge() {
      return loaded.knowledge;
    },
    problems: [],
    // Nothing that the running kernel shows changes its name or time.
    paths: [],
    want: (modules) => loaded.want(modules),
  };
}

/** Nothing is known. */
export function unknownTarget(problems: readonly string[]): KnownTarget {
  return { knowledge: null, problems, paths: [], want: async () => false };
}

/** The functions that a livepatch replaces, as far as its text names them. */
export function patchedFunctions(module: LivepatchModule): string[] {
  const names = module.objectTables.flatMap(({ entries }) =>
    entries.flatMap(({ funcs }) => (funcs.kind === 'known' ? funcs.table.entries : [])),
  );
  return [...new Set(names.flatMap(({ oldName }) => (oldName.kind === 'known' ? [oldName.value] : [])))];
}

/** The modules that a livepatch patches, as far as its text names them. */
export function patchedModules(module: LivepatchModule): string[] {
  const names = module.objectTables.flatMap(({ entries }) =>
    entries.flatMap(({ name }) => (name.kind === 'known' && name.value !== null ? [name.value] : [])),
  );
  return [...new Set(names)];
}
