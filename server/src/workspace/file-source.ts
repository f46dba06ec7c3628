import { statSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, relative, sep } from 'node:path';

/** Larger files are not read: no hand-written livepatch source comes near it. Bytes. */
export const MAX_FILE_SIZE = 1024 * 1024;

/** Where the texts of a module's files come from. */
export interface FileSource {
  /** The file's text; null when it is not there, too large, no ordinary file or outside the folders that may be read. */
  read(path: string): Promise<string | null>;
}

interface CachedFile {
  readonly text: string | null;
  /** Size and time of the last change: a file whose stamp is the same has not changed. */
  readonly stamp: string | null;
}

/**
 * Files on the disk, only inside given folders. Symbolic links are followed only when they end inside them, too.
 * A text is kept until `forget` is told that it changed or, in folders that nobody watches, until the file's size or time
 * is another.
 */
export class DiskFiles implements FileSource {
  private roots: readonly string[];
  private watched: ReadonlySet<string> = new Set();
  private readonly cache = new Map<string, CachedFile>();

  /** Absolute paths of folders. */
  constructor(roots: readonly string[]) {
    this.roots = roots;
  }

  setRoots(roots: readonly string[]): void {
    this.roots = roots;
    this.cache.clear();
  }

  /** From now on somebody calls `forget` for each change directly in one of these folders. */
  setWatched(folders: ReadonlySet<string>): void {
    for (const path of this.cache.keys()) {
      if (folders.has(dirname(path)) && !this.watched.has(dirname(path))) this.cache.delete(path);
    }
    this.watched = folders;
  }

  forget(path: string): void {
    this.cache.delete(path);
  }

  /** Drops all texts except those of these paths. */
  keepOnly(paths: ReadonlySet<string>): void {
    for (const path of this.cache.keys()) if (!paths.has(path)) this.cache.delete(path);
  }

  async read(path: string): Promise<string | null> {
    const cached = this.cache.get(path);
    if (cached && this.watched.has(dirname(path))) return cached.text;
    const stamp = stampOf(path);
    if (cached && cached.stamp === stamp) return cached.text;
    const text = stamp === null ? null : await this.readInsideRoots(path);
    this.cache.set(path, { text, stamp });
    return text;
  }

  private async readInsideRoots(path: string): Promise<string | null> {
    try {
      const real = await realpath(path);
      const roots = await Promise.all(this.roots.map((root) => realpath(root).catch(() => root)));
      if (!roots.some((root) => isInside(root, real))) return null;
      return await readFile(real, 'utf8');
    } catch {
      return null;
    }
  }
}

/** Whether `path` is `folder` or below it. Both absolute. */
export function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/**
 * Null for what is not an ordinary file of a readable size. Asked for with each edit in folders that nobody watches, and
 * so without a detour over the thread pool, which takes a hundred times as long as the question itself.
 */
function stampOf(path: string): string | null {
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    return status?.isFile() && status.size <= MAX_FILE_SIZE ? `${status.size} ${status.mtimeMs}` : null;
  } catch {
    return null;
  }
}
