import { opendir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { mentionsLivepatch } from '../../../shared/src/livepatch-text.ts';
import { MAX_FILE_SIZE } from './file-source.ts';

/** A kernel tree has about 90,000 files in 6,000 folders: one can be searched, a disk can't. */
export const MAX_ENTRIES = 200_000;
const MAX_DEPTH = 24;

export interface ScanResult {
  /** Paths that begin with the folder as it was given, sorted. */
  readonly files: readonly string[];
  /** True when the folder holds more than may be looked at. */
  readonly cut: boolean;
}

/**
 * Searches a folder for C files that mention livepatch. Hidden folders, `node_modules` and symbolic links are left out.
 * Looks at no more than `limit` directory entries. Rejects when the folder itself can't be read.
 */
export async function scanFolder(folder: string, limit = MAX_ENTRIES): Promise<ScanResult> {
  const files: string[] = [];
  let left = limit;
  const waiting: { path: string; depth: number }[] = [{ path: folder, depth: 0 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { path, depth } = next;
    const directory = await opendir(path).catch((error: unknown) => {
      if (path === folder) throw error;
      return null;
    });
    if (!directory) continue;
    for await (const entry of directory) {
      if (left-- <= 0) return { files: files.sort(), cut: true };
      const child = join(path, entry.name);
      if (entry.isDirectory() && depth < MAX_DEPTH && !entry.name.startsWith('.') && entry.name !== 'node_modules') {
        waiting.push({ path: child, depth: depth + 1 });
      } else if (entry.isFile() && entry.name.endsWith('.c') && (await isLivepatchFile(child))) {
        files.push(child);
      }
    }
  }
  return { files: files.sort(), cut: false };
}

async function isLivepatchFile(path: string): Promise<boolean> {
  try {
    const { size } = await stat(path);
    return size <= MAX_FILE_SIZE && mentionsLivepatch(await readFile(path, 'utf8'));
  } catch {
    return false;
  }
}
