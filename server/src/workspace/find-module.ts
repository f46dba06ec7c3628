import { basename, dirname, join } from 'node:path';
import { readKbuild } from '../analysis/kbuild.ts';
import type { FileSource } from './file-source.ts';

/** A module has seldom more than ten units; SUSE's cumulative ones have about fifty. */
export const MAX_MODULE_FILES = 200;
/** Of all files of a module together, in characters. */
export const MAX_MODULE_SIZE = 8 * 1024 * 1024;

/** The files that a livepatch module consists of, as found on the disk and in open documents. */
export interface ModuleFiles {
  /** As Kbuild calls the object, or the base name of the file that was asked for. */
  readonly name: string;
  /** The file that was asked for first, then other units and what they `#include "…"`. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Why parts could not be read, for people. Empty when the module is whole. */
  readonly missing: readonly string[];
  /** Everything that was looked at, found or not: when one of these changes the answer may be another. */
  readonly lookedAt: readonly string[];
}

/**
 * Finds the other files of the module that `path` belongs to: the units of its object in the Kbuild or Makefile in the
 * same folder, and the files that these include with quotes. `path` is absolute.
 */
export async function findModule(path: string, text: string, source: FileSource): Promise<ModuleFiles> {
  return new ModuleSearch(source).find(path, text);
}

class ModuleSearch {
  private readonly source: FileSource;
  private readonly texts = new Map<string, string>();
  private readonly missing: string[] = [];
  private readonly lookedAt = new Set<string>();
  private size = 0;
  private full = false;

  constructor(source: FileSource) {
    this.source = source;
  }

  async find(path: string, text: string): Promise<ModuleFiles> {
    this.texts.set(path, text);
    this.size = text.length;
    const folder = dirname(path);
    // kbuild itself prefers Kbuild to Makefile (scripts/Kbuild.include).
    const kbuild = (await this.read(join(folder, 'Kbuild'))) ?? (await this.read(join(folder, 'Makefile'))) ?? '';
    const { modules } = readKbuild(kbuild);
    const unit = basename(path).replace(/\.[^.]*$/, '');
    let mine = modules.find((module) => module.units.includes(unit));
    if (!mine) {
      for (const module of modules) {
        if (await this.includes(module.units, folder, path)) {
          mine = module;
          break;
        }
      }
    }
    for (const name of mine?.units ?? []) {
      const unit = `${name}.c`;
      if (!(await this.add(join(folder, unit), unit))) this.missing.push(`${unit} could not be read`);
    }
    await this.addIncluded();
    return {
      name: mine?.name ?? unit,
      files: [...this.texts].map(([path, text]) => ({ path, text })),
      missing: this.missing,
      lookedAt: [...this.lookedAt],
    };
  }

  /** Whether one of the units includes the file itself, as in `#include "common.c"`. */
  private async includes(units: readonly string[], folder: string, path: string): Promise<boolean> {
    for (const unit of units.slice(0, MAX_MODULE_FILES)) {
      const file = join(folder, `${unit}.c`);
      const text = await this.read(file);
      if (text !== null && quotedIncludes(text).some((name) => join(dirname(file), name) === path)) return true;
    }
    return false;
  }

  /** False when the file can't be read. */
  private async add(file: string, shownAs: string): Promise<boolean> {
    if (this.texts.has(file) || this.full) return true;
    const text = await this.read(file);
    if (text === null) return false;
    if (this.texts.size >= MAX_MODULE_FILES || this.size + text.length > MAX_MODULE_SIZE) {
      this.full = true;
      this.missing.push(
        `${shownAs} and what follows it was not read: a module may have ${MAX_MODULE_FILES} files and ${MAX_MODULE_SIZE / 1024 / 1024} MB`,
      );
    } else {
      this.texts.set(file, text);
      this.size += text.length;
    }
    return true;
  }

  private async addIncluded(): Promise<void> {
    // The map grows while it is walked: what an included file includes is found, too.
    for (const [file, text] of this.texts) {
      // One that is not there: the reader sees by itself that it was not read, and what that means.
      for (const name of quotedIncludes(text)) await this.add(join(dirname(file), name), name);
    }
  }

  private read(path: string): Promise<string | null> {
    this.lookedAt.add(path);
    return this.source.read(path);
  }
}

/** Names in `#include "…"` of C files and headers, in source order. */
export function quotedIncludes(text: string): string[] {
  const names: string[] = [];
  for (const match of text.matchAll(/^[ \t]*#[ \t]*include[ \t]*"([^"\n]+\.[ch])"/gm)) {
    if (match[1] !== undefined) names.push(match[1]);
  }
  return names;
}
