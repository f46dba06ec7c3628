import { open, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type KernelSources, knowledgeInSteps } from '../kernel/knowledge-from.ts';
import type { ModuleFile } from '../kernel/module-file.ts';
import { moduleName } from '../kernel/read-symvers.ts';
import type { TableKnowledge } from '../kernel/table-knowledge.ts';
import { readVmlinux, type VmlinuxFile } from '../kernel/vmlinux-file.ts';
import { inTurns } from './in-turns.ts';
import { findModuleFiles, loadModuleFile } from './module-files.ts';
import { FORMAT_HEAD, foreignFormat, readLimited, reasonOf, sizeOf } from './read-bytes.ts';
import { isKernelTree } from './source-tree.ts';

/** Paths of files that tell of the target kernel. */
export interface KernelFiles {
  /** A copy of /proc/kallsyms. */
  readonly kallsyms?: string | undefined;
  /** A copy of /sys/kernel/tracing/available_filter_functions. */
  readonly filterFunctions?: string | undefined;
  readonly systemMap?: string | undefined;
  /** The ELF file. */
  readonly vmlinux?: string | undefined;
  /** /sys/kernel/btf or a copy of it, or files of it; the one called vmlinux, or else the first, is the kernel's. */
  readonly btf?: readonly string[] | undefined;
  /** Folders with modules' files, such as /lib/modules/RELEASE, and single files. */
  readonly modules?: readonly string[] | undefined;
  /** Module.symvers. */
  readonly symvers?: readonly string[] | undefined;
  /** The top of a tree in which the kernel was built: what is missing above is looked for there. */
  readonly source?: string | undefined;
}

/** Every path that is named. */
export function pathsOf(files: KernelFiles): string[] {
  return Object.values(files).flatMap((value) => value ?? []);
}

/** The largest text that is read. Real ones have 5 to 30 MB. Bytes. */
const LARGEST_TEXT = 128 * 1024 * 1024;
/** The largest BTF blob that is read. Real ones have 4 to 10 MB. Bytes. */
const LARGEST_BTF = 64 * 1024 * 1024;

/** What files told of a kernel; of modules' files only those that somebody wanted. */
export class LoadedKernel {
  /** Null when nothing usable was named. */
  knowledge: TableKnowledge | null = null;
  /** One sentence for each file that could not be used, or not all of it. */
  readonly problems: string[] = [];
  /** The files and folders that were named, and those that were found in a build tree. */
  paths: readonly string[] = [];
  private readonly moduleFiles = new Map<string, string>();
  private readonly tried = new Set<string>();
  private readonly used: string[] = [];

  /**
   * Reads the named files and puts together what they tell. Never rejects: what is wrong is in `problems`.
   *
   * @param label what to call it; the files' names when not said
   */
  static async read(named: KernelFiles, label?: string): Promise<LoadedKernel> {
    const kernel = new LoadedKernel();
    const { files, tree } = await withTree(named, kernel.problems);
    kernel.paths = pathsOf(files);
    const moduleBtf = new Map<string, Uint8Array>();
    const sources: Omit<KernelSources, 'label'> = {
      kallsyms: await kernel.bytes(files.kallsyms),
      filterFunctions: await kernel.bytes(files.filterFunctions),
      systemMap: await kernel.bytes(files.systemMap),
      vmlinux: await kernel.vmlinux(files.vmlinux),
      btf: await kernel.btf(files.btf ?? [], moduleBtf),
      moduleBtf,
      symvers: await kernel.texts(files.symvers ?? []),
      modulesBuiltin: await kernel.findModules(files.modules ?? []),
      modules: [...kernel.moduleFiles.keys()],
    };
    const name = label ?? [...kernel.used, ...(tree === null ? [] : [tree])].join(', ');
    const reading = await inTurns(knowledgeInSteps({ label: name, ...sources }));
    kernel.knowledge = reading.knowledge;
    for (const { source, message } of reading.problems) kernel.problems.push(`${pathFor(source, files)}: ${message}`);
    return kernel;
  }

  /**
   * Reads the files of these modules, if there are any that were not read yet.
   *
   * @returns whether something was learned, be it that a file can't be used
   */
  async want(modules: Iterable<string>): Promise<boolean> {
    const files: ModuleFile[] = [];
    const problems = this.problems.length;
    for (const module of modules) {
      const path = this.moduleFiles.get(module);
      if (path === undefined || this.tried.has(module)) continue;
      this.tried.add(module);
      const file = await loadModuleFile(path);
      if (typeof file === 'string') this.problems.push(`${path}: ${file}`);
      else files.push(file);
    }
    if (files.length > 0) this.knowledge = this.knowledge?.withModules(files) ?? null;
    return files.length > 0 || this.problems.length > problems;
  }

  /** `called`: what messages call it; its own name when not said. */
  private async bytes(
    path: string | undefined,
    limit = LARGEST_TEXT,
    called?: string,
  ): Promise<Uint8Array | undefined> {
    if (path === undefined) return undefined;
    const result = await readLimited(path, limit);
    const problem = typeof result === 'string' ? result : result.length === 0 ? 'It is empty.' : foreignFormat(result);
    if (typeof result === 'string' || problem !== null) {
      this.problems.push(`${path}: ${problem}`);
      return undefined;
    }
    this.used.push(called ?? basename(path));
    return result;
  }

  private async texts(paths: readonly string[]): Promise<string | undefined> {
    const texts: string[] = [];
    for (const path of paths) {
      const bytes = await this.bytes(path);
      if (bytes) texts.push(new TextDecoder().decode(bytes));
    }
    return texts.length > 0 ? texts.join('\n') : undefined;
  }

  private async vmlinux(path: string | undefined): Promise<VmlinuxFile | undefined> {
    if (path === undefined) return undefined;
    const size = await sizeOf(path);
    if (typeof size === 'string') {
      this.problems.push(`${path}: ${size}`);
      return undefined;
    }
    try {
      const file = await open(path);
      try {
        const read = async (offset: number, length: number) => {
          // What a broken header asks for may be anything.
          const there = Math.max(0, Math.min(length, size - offset));
          const bytes = Buffer.allocUnsafe(there);
          const { bytesRead } = there === 0 ? { bytesRead: 0 } : await file.read(bytes, 0, there, offset);
          return bytes.subarray(0, bytesRead);
        };
        const problem = size === 0 ? 'It is empty.' : foreignFormat(await read(0, FORMAT_HEAD));
        const result = problem ?? (await readVmlinux(read));
        if (typeof result !== 'string') {
          this.used.push(basename(path));
          return result;
        }
        this.problems.push(`${path}: ${result}`);
      } finally {
        await file.close();
      }
    } catch (error) {
      this.problems.push(`${path}: ${reasonOf(error)}`);
    }
    return undefined;
  }

  /** The kernel's own types; those of modules go into `modules`. */
  private async btf(paths: readonly string[], modules: Map<string, Uint8Array>): Promise<Uint8Array | undefined> {
    const files: string[] = [];
    for (const path of paths) {
      const isFolder = (await stat(path).catch(() => null))?.isDirectory() ?? false;
      if (!isFolder) {
        files.push(path);
        continue;
      }
      const names = await readdir(path).catch(reasonOf);
      if (typeof names === 'string') this.problems.push(`${path}: ${names}`);
      else if (names.length === 0) this.problems.push(`${path}: There is no file in it.`);
      else files.push(...names.map((name) => join(path, name)));
    }
    const kernel = files.find((path) => basename(path) === 'vmlinux') ?? files[0];
    for (const path of files) {
      if (path === kernel) continue;
      const bytes = await readLimited(path, LARGEST_BTF);
      if (typeof bytes === 'string') this.problems.push(`${path}: ${bytes}`);
      else modules.set(moduleName(basename(path, '.btf')), bytes);
    }
    return this.bytes(kernel, LARGEST_BTF, 'BTF');
  }

  /** Lists modules' files. Returns what modules.builtin says. */
  private async findModules(paths: readonly string[]): Promise<string | undefined> {
    const builtIn: string[] = [];
    for (const path of paths) {
      if (/\.ko(?:\.\w+)?$/.test(path)) {
        this.moduleFiles.set(moduleName(path), path);
        continue;
      }
      const found = await findModuleFiles(path);
      if (typeof found === 'string') {
        this.problems.push(`${path}: ${found}`);
        continue;
      }
      this.used.push(basename(path));
      for (const [name, file] of found.files) this.moduleFiles.set(name, file);
      if (found.builtIn !== null) builtIn.push(found.builtIn);
    }
    return builtIn.length > 0 ? builtIn.join('\n') : undefined;
  }
}

/** Fills in what a build tree has and nobody named. `tree`: the release that was built there, or the tree's name. */
async function withTree(named: KernelFiles, problems: string[]): Promise<{ files: KernelFiles; tree: string | null }> {
  const { source } = named;
  if (source === undefined) return { files: named, tree: null };
  const status = await stat(source).catch(() => null);
  if (!status?.isDirectory()) {
    problems.push(`${source}: ${status ? 'It is no folder.' : 'There is no such folder.'}`);
    return { files: named, tree: null };
  }
  const has = async (name: string) => {
    const path = join(source, name);
    return (await stat(path).catch(() => null))?.isFile() ? path : undefined;
  };
  const symvers = await has('Module.symvers');
  const vmlinux = named.vmlinux ?? (await has('vmlinux'));
  const built = vmlinux !== undefined || (await has('modules.order')) !== undefined;
  const systemMap = await has('System.map');
  if (!built && systemMap === undefined && symvers === undefined && !isKernelTree(source)) {
    problems.push(`${source}: It holds neither a kernel's source nor what was built of it.`);
  }
  const files: KernelFiles = {
    ...named,
    vmlinux,
    systemMap: named.systemMap ?? (vmlinux === undefined ? systemMap : undefined),
    symvers: named.symvers ?? (symvers === undefined ? undefined : [symvers]),
    // Searching a tree of 90,000 files for modules makes sense only where some were built.
    modules: named.modules ?? (built ? [source] : undefined),
  };
  const release = await readFile(join(source, 'include/config/kernel.release'), 'utf8').catch(() => null);
  return { files, tree: release?.trim() ?? null };
}

function pathFor(source: keyof KernelSources, files: KernelFiles): string {
  const path =
    source === 'moduleBtf'
      ? files.btf
      : source === 'kallsyms' || source === 'filterFunctions' || source === 'systemMap' || source === 'vmlinux'
        ? files[source]
        : source === 'btf' || source === 'symvers'
          ? files[source]
          : undefined;
  return (typeof path === 'string' ? path : path?.join(', ')) ?? source;
}
