import { existsSync } from 'node:fs';
import { opendir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { type KernelFunction, kernelFunctions, mayDefine } from '../analysis/kernel-source.ts';
import type { CParser } from '../analysis/parser.ts';
import type { SourceFunction } from '../analysis/rule.ts';

/** A function with the text of the file that defines it: what is needed to show the place. */
export interface FoundFunction extends KernelFunction {
  readonly path: string;
  readonly text: string;
}

type Found = ReadonlyMap<string, readonly FoundFunction[]>;

/** Larger ones are tables that a program wrote. Bytes. */
const MAX_FILE_SIZE = 2 * 1024 * 1024;
/** Files of a tree that are looked at; Linux has about 35,000 C files. */
const MAX_FILES = 100_000;
/** Files that are read at once. */
const AT_ONCE = 32;
/** More files than this define functions of one name only in tables of drivers. */
const MOST_FOUND = 20;

/** Where most of what people patch is defined stands first: a search ends with the first folder that has it. */
const FOLDERS = [
  'kernel',
  'mm',
  'fs',
  'net',
  'block',
  'lib',
  'ipc',
  'security',
  'io_uring',
  'crypto',
  'init',
  'arch/x86',
];
/** Other architectures have functions of the same names: they are not this kernel's. */
const LATER = ['sound', 'virt', 'drivers'];
/** Functions of headers are in the copies of their callers only. */
const HEADERS = ['include'];

/** Whether a folder is the top of a kernel's source. */
export function isKernelTree(folder: string): boolean {
  return ['Kbuild', 'Kconfig', 'kernel/livepatch/core.c'].every((name) => existsSync(join(folder, name)));
}

/** Where a function of the tree is defined, for people: `mm/vmscan.c:7150`. */
export function placeIn(root: string, { path, text, nameRange }: FoundFunction): string {
  return `${relative(root, path)}:${text.slice(0, nameRange.start).split('\n').length}`;
}

/**
 * The source tree of the target kernel. Nothing is read until somebody asks for a function; then files are searched, not
 * parsed, until one defines it. Answers are kept until the file changes.
 */
export class SourceTree {
  readonly root: string;
  private readonly parser: Promise<CParser>;
  private readonly found = new Map<string, Promise<readonly FoundFunction[]>>();

  /** `root` is an absolute path. */
  constructor(root: string, parser: Promise<CParser>) {
    this.root = root;
    this.parser = parser;
  }

  /** Where functions of this name are defined. Empty when nowhere. `isWanted` is asked between files. */
  async find(name: string, isWanted: () => boolean = () => true): Promise<readonly FoundFunction[]> {
    return (await this.findAll([name], isWanted)).get(name) ?? [];
  }

  /** The same for several names, which are looked for together: no file is read twice. */
  async findAll(
    names: Iterable<string>,
    isWanted: () => boolean = () => true,
  ): Promise<ReadonlyMap<string, readonly FoundFunction[]>> {
    const wanted = [...new Set(names)].filter((name) => /^\w+$/.test(name));
    const unknown = wanted.filter((name) => !this.found.has(name));
    if (unknown.length > 0) {
      const search = this.search(unknown, isWanted);
      for (const name of unknown) this.found.set(name, this.kept(name, search));
    }
    return new Map(await Promise.all(wanted.map(async (name) => [name, (await this.found.get(name)) ?? []] as const)));
  }

  /** What a search finds of one name. One that was given up on or failed is forgotten: who asks next begins anew. */
  private async kept(name: string, search: Promise<Found | null>): Promise<readonly FoundFunction[]> {
    const found = await search.catch(() => null);
    if (found === null) this.found.delete(name);
    return found?.get(name) ?? [];
  }

  /** What rules are told of some functions, by name. Functions that the tree does not define have an empty list. */
  async factsOf(
    names: Iterable<string>,
    isWanted: () => boolean = () => true,
  ): Promise<ReadonlyMap<string, readonly SourceFunction[]>> {
    const found = await this.findAll(names, isWanted);
    return new Map(
      [...found].map(([name, functions]) => [
        name,
        functions.map((each) => {
          const { inline, attributes, threadMain, locks } = each;
          return { inline, attributes, threadMain, locks, place: placeIn(this.root, each) };
        }),
      ]),
    );
  }

  /** Files below the tree changed, or may have. */
  forget(): void {
    this.found.clear();
  }

  /** Null when it was given up on. */
  private async search(names: readonly string[], isWanted: () => boolean): Promise<Found | null> {
    const parser = await this.parser;
    const all = new Map<string, FoundFunction[]>();
    let missing = names;
    let left = MAX_FILES;
    for (const folder of [...FOLDERS, ...LATER, ...HEADERS]) {
      let batch: string[] = [];
      const flush = async (): Promise<void> => {
        const files = await Promise.all(batch.map(async (path) => ({ path, ...(await candidate(path, missing)) })));
        batch = [];
        for (const { path, text, mentioned } of files) {
          for (const name of mentioned) {
            const found = all.get(name) ?? [];
            all.set(name, found);
            if (found.length >= MOST_FOUND) continue;
            for (const each of kernelFunctions(parser, path, text, name)) found.push({ ...each, path, text });
          }
        }
      };
      for await (const path of cFiles(join(this.root, folder), HEADERS.includes(folder) ? '.h' : '.c')) {
        if (!isWanted()) return null;
        if (left-- <= 0) break;
        batch.push(path);
        if (batch.length >= AT_ONCE) await flush();
      }
      await flush();
      missing = missing.filter((name) => (all.get(name) ?? []).length === 0);
      if (missing.length === 0) break;
    }
    return all;
  }
}

/** A file's text and which of the functions it may define. */
async function candidate(path: string, names: readonly string[]): Promise<{ text: string; mentioned: string[] }> {
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_SIZE) return { text: '', mentioned: [] };
    const bytes = await readFile(path);
    const mentioned = names.filter((name) => mayDefine(bytes, name));
    return { text: mentioned.length > 0 ? bytes.toString('utf8') : '', mentioned };
  } catch {
    return { text: '', mentioned: [] };
  }
}

/** C files below a folder, those of other architectures and of tools left out. Links are not followed. */
async function* cFiles(folder: string, suffix: '.c' | '.h'): AsyncGenerator<string> {
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const directory = await opendir(next).catch(() => null);
    if (!directory) continue;
    for await (const entry of directory) {
      if (entry.isDirectory() && !entry.name.startsWith('.')) waiting.push(join(next, entry.name));
      else if (entry.isFile() && entry.name.endsWith(suffix)) yield join(next, entry.name);
    }
  }
}
