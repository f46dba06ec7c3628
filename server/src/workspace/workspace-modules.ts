import { readFile, stat } from 'node:fs/promises';
import type { LivepatchModule } from '../../../shared/src/model/index.ts';
import type { CParser } from '../analysis/parser.ts';
import { readModule } from '../analysis/read-module.ts';
import { SourceUnit } from '../analysis/source-unit.ts';
import { DiskFiles, MAX_FILE_SIZE } from './file-source.ts';
import { findModule } from './find-module.ts';
import type { FileNames, ModuleStore } from './module-store.ts';
import { scanFolder } from './scan.ts';

/** More livepatch files than people have in one folder; a search that goes on for ever helps nobody. */
export const MAX_WORKSPACE_FILES = 1000;

export interface WorkspaceReading {
  /** Modules that define a klp_patch, by the path of the file that was read first. */
  readonly modules: readonly LivepatchModule[];
  /** Why it may not be all, for people; null when it is. */
  readonly cut: string | null;
}

interface KnownFile {
  /** Sizes and times of the files that the module was read from: while they are the same, so is the module. */
  readonly stamps: string;
  readonly files: readonly string[];
  readonly module: LivepatchModule;
}

/**
 * Every livepatch module in the workspace's folders, those of open documents as they are in the editor. Found when asked
 * for; a file on the disk is read again only when it changed. No syntax tree outlives the reading of its module.
 */
export class WorkspaceModules {
  private readonly parser: Promise<CParser>;
  private readonly store: ModuleStore;
  private readonly names: FileNames;
  private readonly known = new Map<string, KnownFile>();

  constructor(parser: Promise<CParser>, store: ModuleStore, names: FileNames) {
    this.parser = parser;
    this.store = store;
    this.names = names;
  }

  /**
   * Reads what is there now. `isWanted` is asked between files: when nobody waits any more, what was read so far is
   * returned.
   *
   * @param folders absolute paths
   */
  async read(folders: readonly string[], isWanted: () => boolean = () => true): Promise<WorkspaceReading> {
    const parser = await this.parser;
    const modules = new Map<string, LivepatchModule>();
    const seen = new Set<string>();
    for (const file of this.store.livepatchDocuments()) {
      const module = await this.store.moduleOf(file);
      if (module) add(module);
      seen.add(file);
    }
    const { paths, cut } = await livepatchFiles(folders);
    for (const path of this.known.keys()) if (!paths.includes(path)) this.known.delete(path);
    const disk = new DiskFiles(folders);
    for (const path of paths) {
      if (!isWanted()) break;
      if (seen.has(this.names.fileAt(path))) continue;
      const module = await this.moduleAt(path, parser, disk);
      if (!module) continue;
      add(module);
      // Edits and requests of the user come first.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { modules: [...modules.values()].filter(({ patches }) => patches.length > 0), cut };

    /** A module of several files is found through each of them. */
    function add(module: LivepatchModule): void {
      const first = module.files.map(({ file }) => file).sort()[0] ?? '';
      if (!modules.has(first)) modules.set(first, module);
      for (const { file } of module.files) if (file.endsWith('.c')) seen.add(file);
    }
  }

  private async moduleAt(path: string, parser: CParser, disk: DiskFiles): Promise<LivepatchModule | null> {
    const known = this.known.get(path);
    if (known && known.stamps === (await stampsOf(known.files))) return known.module;
    const text = await textOf(path);
    if (text === null) return null;
    const found = await findModule(path, text, disk);
    const units = found.files.map((each) => new SourceUnit(parser, this.names.fileAt(each.path), each.text));
    try {
      const module = readModule(units, { name: found.name, missing: found.missing });
      const files = found.files.map((each) => each.path);
      this.known.set(path, { stamps: await stampsOf(files), files, module });
      return module;
    } finally {
      for (const unit of units) unit.dispose();
    }
  }
}

async function livepatchFiles(folders: readonly string[]): Promise<{ paths: string[]; cut: string | null }> {
  const paths = new Set<string>();
  let cut: string | null = null;
  for (const folder of folders) {
    const found = await scanFolder(folder).catch(() => null);
    for (const path of found?.files ?? []) paths.add(path);
    if (found?.cut) cut = `${folder} has more files than can be searched: some modules may be missing.`;
  }
  if (paths.size <= MAX_WORKSPACE_FILES) return { paths: [...paths], cut };
  return {
    paths: [...paths].slice(0, MAX_WORKSPACE_FILES),
    cut: `${paths.size} files mention livepatch; the first ${MAX_WORKSPACE_FILES} are read.`,
  };
}

async function textOf(path: string): Promise<string | null> {
  try {
    const { size } = await stat(path);
    return size <= MAX_FILE_SIZE ? await readFile(path, 'utf8') : null;
  } catch {
    return null;
  }
}

async function stampsOf(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ size, mtimeMs }) => `${size} ${mtimeMs}`,
        () => 'gone',
      ),
    ),
  );
  return stamps.join('\n');
}
