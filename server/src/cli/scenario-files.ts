import { basename, dirname, join, resolve } from 'node:path';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import type { Scenario, ScenarioStep } from '../../../shared/src/scenario/scenario.ts';
import { patchImages } from '../analysis/patch-images.ts';
import { readModule } from '../analysis/read-module.ts';
import { SourceUnit } from '../analysis/source-unit.ts';
import { imageWithReturns } from '../scenario/image-returns.ts';
import { readScenario } from '../scenario/read-scenario.ts';
import { DiskFiles } from '../workspace/file-source.ts';
import { findModule, type ModuleFiles } from '../workspace/find-module.ts';
import { loadParser } from '../workspace/load-parser.ts';
import { LineIndex } from './line-index.ts';
import { UsageError } from './usage.ts';

/** A scenario with the C sources that it names. */
export interface LoadedScenario {
  /** As the user named it. */
  readonly file: string;
  readonly scenario: Scenario;
  readonly lines: LineIndex;
  imageOf(step: ScenarioStep & { do: 'load' }): PatchImage;
  /** Of livepatch modules and targets, by module name. */
  readonly sources: ReadonlyMap<string, ModuleFiles>;
}

/** Whether a file name is that of a scenario. */
export const isScenarioFile = (name: string): boolean => name.endsWith('.klpsim.json');

/** Reads a scenario and its modules. Throws UsageError with every mistake, each with its place, when it can't be played. */
export async function loadScenario(file: string, wasmFolder: string): Promise<LoadedScenario> {
  const folder = dirname(resolve(file));
  const wide = new DiskFiles([folder, process.cwd()]);
  const text = await wide.read(resolve(file));
  if (text === null) {
    throw new UsageError(`${file} can't be read: there is no such file, no permission, or it is larger than 1 MB.`);
  }
  const lines = new LineIndex(text);
  const { scenario, errors } = readScenario(text);
  if (!scenario) {
    const list = errors.map(({ start, message }) => `${placeIn(file, lines, start)}: ${message}`);
    throw new UsageError(list.length === 1 ? (list[0] ?? '') : `${file} has mistakes:\n${list.join('\n')}`);
  }
  const parser = await loadParser(wasmFolder);
  const sources = new Map<string, ModuleFiles>();
  const images = new Map<string, PatchImage>();
  for (const [name, path] of [...scenario.modules, ...scenario.targets]) {
    const source = resolve(folder, path);
    // Sources may stand beside the scenario's folder: the file itself says which are meant.
    const disk = new DiskFiles([folder, process.cwd(), dirname(source)]);
    const content = await disk.read(source);
    if (content === null) throw new UsageError(`${file} names ${path}, which can't be read.`);
    const files = await findModule(source, content, disk);
    sources.set(name, files);
    if (!scenario.modules.has(name)) continue;
    const units = files.files.map((each) => new SourceUnit(parser, each.path, each.text));
    try {
      const module = readModule(units, { name, missing: files.missing });
      const [image] = patchImages(module);
      if (!image) throw new UsageError(`${file} names ${path} as a livepatch, but it has no klp_patch.`);
      images.set(name, { ...image, module: name });
    } finally {
      for (const unit of units) unit.dispose();
    }
  }
  return {
    file,
    scenario,
    lines,
    sources,
    imageOf: (step) => {
      const image = images.get(step.module);
      if (!image) throw new UsageError(`${file}: there is no module "${step.module}".`);
      return imageWithReturns(image, step.returns);
    },
  };
}

/** `file:line:column`, both from 1. */
export function placeIn(file: string, lines: LineIndex, offset: number): string {
  const { line, character } = lines.positionAt(offset);
  return `${file}:${line + 1}:${character + 1}`;
}

/** The files of a module as kbuild wants them, in a folder of its own. */
export function kbuildFiles(name: string, { files }: ModuleFiles): Record<string, string> {
  const [main] = files;
  const folder = main ? dirname(main.path) : '';
  const texts = new Map(files.map(({ path, text }) => [path, text]));
  const units = files.filter(({ path }) => path.endsWith('.c')).map(({ path }) => basename(path, '.c'));
  const included = new Set(
    files.flatMap(({ path, text }) =>
      [...text.matchAll(/^[ \t]*#[ \t]*include[ \t]+"([^"\n]+)"/gm)].map((match) =>
        join(dirname(path), match[1] ?? ''),
      ),
    ),
  );
  const result: Record<string, string> = {};
  for (const [path, text] of texts)
    result[path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : basename(path)] = text;
  const own = units.filter((unit) => !included.has(join(folder, `${unit}.c`)));
  // An object that is made of several files, or of one of another name, may not be called like one of them.
  if (own.length === 1 && own[0] === name) return result;
  if (own.includes(name)) {
    result[`${name}-main.c`] = result[`${name}.c`] ?? '';
    delete result[`${name}.c`];
  }
  const objects = own.map((unit) => (unit === name ? `${name}-main.o` : `${unit}.o`));
  result.Kbuild = `obj-m := ${name}.o\n${name}-y := ${objects.join(' ')}\n`;
  return result;
}
