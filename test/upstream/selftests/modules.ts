import { readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { patchImages } from '../../../server/src/analysis/patch-images.ts';
import { readModule } from '../../../server/src/analysis/read-module.ts';
import { SourceUnit } from '../../../server/src/analysis/source-unit.ts';
import type { LivepatchModule, PatchImage } from '../../../shared/src/model/index.ts';
import { parser } from '../../support/parser.ts';
import { cFilesBelow } from '../kernel-source.ts';

/** A module of the selftests, as our analysis reads its C text. */
export interface TestModule {
  readonly name: string;
  readonly model: LivepatchModule;
  /** Its C files. */
  readonly texts: readonly string[];
  /** What the kernel gets from it; null for modules that are no livepatch. */
  readonly image: PatchImage | null;
}

/** The modules that the selftests of a kernel load, by name. Read when they are asked for. */
export class TestModules {
  private readonly files: readonly string[];
  private readonly read = new Map<string, TestModule>();

  constructor(source: string) {
    this.files = cFilesBelow(source).filter((file) => basename(file).startsWith('test_klp_'));
  }

  get(name: string): TestModule {
    const known = this.read.get(name);
    if (known) return known;
    const file = this.files.find((path) => basename(path) === `${name}.c`);
    if (!file) throw new Error(`${name}.c is not among the selftests`);
    const module = readFile(name, file);
    this.read.set(name, module);
    return module;
  }
}

function readFile(name: string, file: string): TestModule {
  const paths = withIncluded(file);
  const units = paths.map((path) => new SourceUnit(parser, path, readFileSync(path, 'utf8')));
  try {
    const model = readModule(units, { name, missing: [] });
    const [image] = patchImages(model);
    return { name, model, texts: units.map(({ text }) => text), image: image ?? null };
  } finally {
    for (const unit of units) unit.dispose();
  }
}

/** A file, and the C files that it includes. */
function withIncluded(file: string): string[] {
  const includes = [...readFileSync(file, 'utf8').matchAll(/^#include "([^"]+\.c)"/gm)];
  return [file, ...includes.flatMap(([, path = '']) => withIncluded(join(dirname(file), path)))];
}
