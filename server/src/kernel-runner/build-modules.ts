import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Kernel } from './find-kernel.ts';
import { blameForErrors } from './kbuild-output.ts';
import { runCommand } from './run-command.ts';

/** Source of one module. */
export interface ModuleSource {
  /** The module's name, which is the .ko's too. Unique among those that are built together. */
  readonly name: string;
  /** Text by file name. Without a `Kbuild` among them the module is made of `NAME.c`. */
  readonly files: Readonly<Record<string, string>>;
}

export type BuiltModule =
  /** Path of the .ko; `warnings` is what the compiler and modpost said nevertheless. */
  | { readonly ok: true; readonly ko: string; readonly warnings: string }
  | { readonly ok: false; readonly errors: string };

export interface BuildOptions {
  /** Where results are kept; a module that has not changed is not built again. */
  readonly cache: string;
  readonly progress?: (text: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Builds modules for a kernel with its own kbuild, all in one go. One that can't be built does not hinder the others.
 */
export async function buildModules(
  kernel: Kernel,
  sources: readonly ModuleSource[],
  options: BuildOptions,
): Promise<Map<string, BuiltModule>> {
  const shelf = join(options.cache, 'modules', await shelfName(kernel, options.cache));
  const built = new Map<string, BuiltModule>();
  const places = new Map(sources.map((source) => [source.name, join(shelf, fingerprint(source))]));
  const missing: ModuleSource[] = [];
  for (const source of sources) {
    const kept = await keptModule(places.get(source.name) ?? shelf, source.name);
    if (kept) built.set(source.name, kept);
    else missing.push(source);
  }
  if (missing.length === 0) return built;

  options.progress?.(`Building ${missing.length} modules for ${kernel.release}`);
  const work = await mkdtemp(join(tmpdir(), 'klp-build-'));
  try {
    for (const [name, result] of await buildAll(kernel, missing, work, options.signal)) {
      const place = places.get(name) ?? shelf;
      await rm(place, { recursive: true, force: true });
      await mkdir(place, { recursive: true });
      if (result.ok) await copyFile(result.ko, join(place, `${name}.ko`));
      await writeFile(join(place, 'output.txt'), result.ok ? result.warnings : result.errors);
      const kept = await keptModule(place, name);
      if (kept) built.set(name, kept);
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return built;
}

/** A release names one kernel when it was fetched; a tree of one's own is changed and built again under its name. */
async function shelfName(kernel: Kernel, cache: string): Promise<string> {
  if (kernel.image.startsWith(`${resolve(cache)}/`)) return kernel.release;
  const hash = createHash('sha256');
  for (const file of ['.config', 'Module.symvers']) {
    hash.update(await readFile(join(kernel.build, file)).catch(() => ''));
  }
  return `${kernel.release}-${hash.digest('hex').slice(0, 12)}`;
}

function fingerprint(source: ModuleSource): string {
  return createHash('sha256')
    .update(JSON.stringify([source.name, Object.entries(source.files).sort()]))
    .digest('hex')
    .slice(0, 20);
}

async function keptModule(place: string, name: string): Promise<BuiltModule | null> {
  const note = join(place, 'output.txt');
  if (!existsSync(note)) return null;
  const output = await readFile(note, 'utf8');
  const ko = join(place, `${name}.ko`);
  return existsSync(ko) ? { ok: true, ko, warnings: output } : { ok: false, errors: output };
}

/**
 * modpost looks at all modules at once and links none when one is wrong: those that an error names are put aside until
 * the rest builds. When no module is named each is built alone.
 */
async function buildAll(
  kernel: Kernel,
  sources: readonly ModuleSource[],
  work: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, BuiltModule>> {
  const results = new Map<string, BuiltModule>();
  for (const source of sources) {
    const directory = join(work, source.name);
    await mkdir(directory);
    for (const [file, text] of Object.entries({ Kbuild: `obj-m := ${source.name}.o\n`, ...source.files })) {
      await writeFile(join(directory, file), text);
    }
  }
  const placed = sources.map(({ name }) => ({ name, directory: join(work, name) }));
  let left = placed;
  let output = '';
  while (left.length > 0) {
    const round = await make(kernel, work, left, signal);
    output += round.output;
    if (round.code === 0) break;
    const blame = blameForErrors(round.output, left);
    if (blame.size === 0 && left.length > 1) {
      for (const one of left) {
        const alone = await make(kernel, work, [one], signal);
        if (alone.code !== 0) results.set(one.name, { ok: false, errors: alone.output });
      }
      break;
    }
    if (blame.size === 0) {
      for (const one of left) results.set(one.name, { ok: false, errors: round.output });
      break;
    }
    for (const [name, lines] of blame) results.set(name, { ok: false, errors: lines.join('\n') });
    left = left.filter(({ name }) => !blame.has(name));
  }
  for (const { name, directory } of placed) {
    if (results.has(name)) continue;
    const ko = join(directory, `${name}.ko`);
    const mine = output.split('\n').filter((line) => line.includes(`${directory}/`) && /warning/i.test(line));
    results.set(
      name,
      existsSync(ko) ? { ok: true, ko, warnings: mine.join('\n') } : { ok: false, errors: output.slice(-4000) },
    );
  }
  return results;
}

async function make(
  kernel: Kernel,
  work: string,
  modules: readonly { readonly name: string }[],
  signal: AbortSignal | undefined,
) {
  await writeFile(join(work, 'Kbuild'), `obj-m := ${modules.map(({ name }) => `${name}/`).join(' ')}\n`);
  const args = ['-k', `-j${availableParallelism()}`, '-C', kernel.build, `M=${work}`, 'modules'];
  const result = await runCommand('make', args, signal ? { signal } : {});
  // That says nothing about the modules, and must not be kept.
  if (result.code === null) throw new Error('make was ended by a signal.');
  return result;
}
