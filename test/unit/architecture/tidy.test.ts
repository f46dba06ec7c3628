import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeOnly, projectFiles, ROOT, readProjectFile } from './source-files.ts';

const files = projectFiles();
const texts = files.filter((path) => /\.(?:ts|mts|mjs|js|json|md|css|html|c|h|sh|ya?ml)$|\/run$|^[^.]*$/.test(path));
/** Of ours, and not this file, which has to name what it looks for. */
const sources = texts.filter((path) => /\.(?:ts|mts|mjs)$/.test(path) && !path.includes('unit/architecture/'));

/** A file that has grown past this is looked at twice (docs/architecture.md, invariant 10). Tests are lists: they may be longer. */
const LONG = 400;
const LONG_TEST = 600;
/** Those that are longer, with how long they may get: the numbers only go down. */
const LONG_FILES: Readonly<Record<string, number>> = {};

/** `path:line: text` of every line that matches. */
function linesMatching(paths: readonly string[], pattern: RegExp, read = readProjectFile): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

describe('tidiness', () => {
  it('has no leftovers', () => {
    expect(linesMatching(sources, /\b(?:FIXME|XXX|HACK)\b|\bTODO\b(?!: \w.{20})|^(?:<<<<<<<|>>>>>>>) /)).toEqual([]);
  });

  it('runs every test, and no test alone', () => {
    const tests = sources.filter((path) => path.startsWith('test/'));
    expect(linesMatching(tests, /\b(?:it|test|describe)\s*\.\s*(?:only|skip|todo|fails)\b/)).toEqual([]);
  });

  it('leaves no debugging behind', () => {
    const code = (path: string) => codeOnly(readProjectFile(path));
    expect(linesMatching(sources, /^\s*debugger\b/, code)).toEqual([]);
    const silent = sources.filter(
      (path) => !/^(?:scripts|server\/src\/cli|test\/(?:bench|fuzz|vscode|kernel))\//.test(path),
    );
    expect(linesMatching(silent, /(?<![.\w])console\s*\.\s*(?:log|debug|trace)\b/, code)).toEqual([]);
  });

  it('names no place of one machine', () => {
    const own = texts.filter((path) => !path.endsWith('architecture/tidy.test.ts'));
    expect(linesMatching(own, /(?:^|[^\w.])\/(?:work|root|Users)\/|\/home\/(?!you\b|user\b|me\b)\w+\//)).toEqual([]);
  });

  it('records no download address in lock files', () => {
    const locks = files.filter((path) => path.endsWith('package-lock.json'));
    expect(locks.length).toBeGreaterThan(1);
    expect(linesMatching(locks, /"resolved":/)).toEqual([]);
  });

  it('has an entry for every platform in lock files: npm ci refuses them otherwise', () => {
    for (const lock of files.filter((path) => path.endsWith('package-lock.json'))) {
      const packages: Record<string, { optionalDependencies?: Record<string, string> }> = JSON.parse(
        readProjectFile(lock),
      ).packages;
      const names = new Set(Object.keys(packages).map((path) => path.replace(/^.*node_modules\//, '')));
      const wanted = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
      expect(wanted.filter((name) => !names.has(name))).toEqual([]);
    }
  });

  it('keeps files short', () => {
    const lengths = new Map(sources.map((path) => [path, readProjectFile(path).split('\n').length]));
    const usual = (path: string) => (path.startsWith('test/') ? LONG_TEST : LONG);
    const tooLong = [...lengths].filter(([path, lines]) => lines > (LONG_FILES[path] ?? usual(path)));
    expect(tooLong.map((entry) => entry.join(': '))).toEqual([]);
    expect(Object.keys(LONG_FILES).filter((path) => (lengths.get(path) ?? 0) <= usual(path))).toEqual([]);
  });

  it('links to files that are there', () => {
    const broken = texts
      .filter((path) => path.endsWith('.md'))
      .flatMap((path) =>
        [...readProjectFile(path).matchAll(/\]\(([^)\s]+)\)/g)]
          .map((match) => (match[1] as string).replace(/#.*$/, ''))
          .filter((target) => target !== '' && !/^[a-z]+:/.test(target))
          .filter((target) => !existsSync(join(ROOT, posix.dirname(path), target)))
          .map((target) => `${path} -> ${target}`),
      );
    expect(broken).toEqual([]);
  });
});
