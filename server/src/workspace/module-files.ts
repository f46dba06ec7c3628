import { spawn } from 'node:child_process';
import { opendir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import zlib from 'node:zlib';
import { type ModuleFile, readModuleFile } from '../kernel/module-file.ts';
import { moduleName } from '../kernel/read-symvers.ts';
import { readLimited } from './read-bytes.ts';

/** A distribution has 4,000 to 7,000 modules in some hundred folders; a build tree has 100,000 files. */
const MAX_ENTRIES = 300_000;
const MAX_DEPTH = 16;
/** The largest module that is read, decompressed. With debug information some have 100 MB. Bytes. */
const LARGEST_MODULE = 256 * 1024 * 1024;

/** Modules' files by `mod->name`. */
export interface ModuleFolder {
  readonly files: ReadonlyMap<string, string>;
  /** The text of modules.builtin; null when there is none. */
  readonly builtIn: string | null;
}

/**
 * Finds modules' files in a folder, such as /lib/modules/RELEASE or a build tree. What modules.dep lists is taken from
 * it; without one the folder is searched.
 *
 * @returns what is wrong, in a sentence, when the folder can't be read
 */
export async function findModuleFiles(folder: string): Promise<ModuleFolder | string> {
  const text = (name: string) => readFile(join(folder, name), 'utf8').catch(() => null);
  const files = new Map<string, string>();
  const list = await text('modules.dep');
  if (list !== null) {
    for (const line of list.split('\n')) {
      const path = line.slice(0, Math.max(0, line.indexOf(':')));
      if (path !== '') files.set(moduleName(path), path.startsWith('/') ? path : join(folder, path));
    }
  }
  if (files.size === 0) {
    const problem = await searchModules(folder, files);
    if (problem !== null) return problem;
  }
  return { files, builtIn: await text('modules.builtin') };
}

async function searchModules(folder: string, files: Map<string, string>): Promise<string | null> {
  const status = await stat(folder).catch(() => null);
  if (!status?.isDirectory()) return status ? 'It is no folder.' : 'There is no such folder.';
  let left = MAX_ENTRIES;
  const waiting: { path: string; depth: number }[] = [{ path: folder, depth: 0 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const directory = await opendir(next.path).catch(() => null);
    if (!directory) continue;
    for await (const entry of directory) {
      if (left-- <= 0) return 'It holds too many files to search them all.';
      const path = join(next.path, entry.name);
      if (entry.isDirectory() && next.depth < MAX_DEPTH && !entry.name.startsWith('.')) {
        waiting.push({ path, depth: next.depth + 1 });
      } else if (/\.ko(?:\.(?:gz|xz|zst))?$/.test(entry.name) && entry.isFile()) {
        files.set(moduleName(path), path);
      }
    }
  }
  return null;
}

/** Reads a module's file, also when it is compressed with gzip, xz or zstd. Returns what is wrong, in a sentence. */
export async function loadModuleFile(path: string): Promise<ModuleFile | string> {
  const bytes = await readLimited(path, LARGEST_MODULE);
  if (typeof bytes === 'string') return bytes;
  const plain = await decompressed(bytes);
  return typeof plain === 'string' ? plain : readModuleFile(plain);
}

async function decompressed(bytes: Uint8Array): Promise<Uint8Array | string> {
  const [a, b, c, d] = bytes;
  try {
    if (a === 0x1f && b === 0x8b) return await promisify(zlib.gunzip)(bytes, { maxOutputLength: LARGEST_MODULE });
  } catch {
    return "It is broken: its gzip data can't be decompressed.";
  }
  // Node has no xz, and zstd only since 22.15.
  if (a === 0xfd && b === 0x37 && c === 0x7a && d === 0x58) return throughProgram('xz', bytes);
  if (a === 0x28 && b === 0xb5 && c === 0x2f && d === 0xfd) return throughProgram('zstd', bytes);
  return bytes;
}

/** What `xz -dc` or `zstd -dc` makes of some bytes. */
function throughProgram(program: 'xz' | 'zstd', bytes: Uint8Array): Promise<Uint8Array | string> {
  return new Promise((resolve) => {
    const child = spawn(program, ['-dc'], { cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
    const chunks: Buffer[] = [];
    let length = 0;
    child.on('error', () => {
      resolve(`It is compressed with ${program}, and the program ${program} is not there to read it.`);
    });
    // It ends early when the bytes are broken; its status says so.
    child.stdin.on('error', () => {});
    child.stdin.end(bytes);
    child.stdout.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length > LARGEST_MODULE) child.kill();
      else chunks.push(chunk);
    });
    child.on('close', (status) => {
      resolve(status === 0 ? Buffer.concat(chunks) : `It is broken: ${program} can't decompress it.`);
    });
  });
}
