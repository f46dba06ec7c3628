import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PATHS } from '../unit/simulator/kernel-paths/paths.ts';

/** The table of error paths is held against the kernel's own files, which are read here and kept nowhere else. */

const CACHE = fileURLToPath(new URL('../../.cache/upstream/', import.meta.url));

const FILES = ['core.c', 'patch.c', 'shadow.c', 'state.c', 'transition.c'];

/** kernel/livepatch of Debian's linux-source package, unpacked once. */
function livepatchSource(series: string): string {
  const tarball = `/usr/src/linux-source-${series}.tar.xz`;
  const folder = join(CACHE, `livepatch-${series}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    const wanted = FILES.map((name) => `linux-source-${series}/kernel/livepatch/${name}`);
    const { status, stderr } = spawnSync(
      'tar',
      ['-xJf', tarball, '-C', unfinished, '--strip-components=3', '--occurrence=1', ...wanted],
      { encoding: 'utf8' },
    );
    if (status !== 0) throw new Error(`${tarball}: ${stderr}`);
    renameSync(unfinished, folder);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

/** The function was renamed in between. */
const NEW_NAMES: ReadonlyMap<string, string> = new Map([['klp_apply_section_relocs', 'klp_write_section_relocs']]);

/** What a file prints, warns of and returns, by function, in the table's notation; the second alike is ` (2)`. */
function placesIn(file: string, source: string): string[] {
  const counts = new Map<string, number>();
  const places: string[] = [];
  let inFunction = '';
  const add = (what: string) => {
    const place = `${file} ${NEW_NAMES.get(inFunction) ?? inFunction}: ${what}`;
    const count = (counts.get(place) ?? 0) + 1;
    counts.set(place, count);
    places.push(count === 1 ? place : `${place} (${count})`);
  };
  const lines = source.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' ')).split('\n');
  lines.forEach((line, index) => {
    const head = /^[A-Za-z_][\w\s*]*?\b(\w+)\(/.exec(line);
    if (head !== null && !line.trimEnd().endsWith(';')) inFunction = head[1] as string;
    const print = /\bpr_(debug|info|notice|warn|err)\(/.exec(line);
    if (print !== null) {
      const format = /"((?:[^"\\]|\\.)*)"/.exec(lines.slice(index, index + 4).join(' '))?.[1] ?? '';
      add(`${print[1]} ${format.replace(/\\n$/, '')}`);
    }
    for (const _ of line.matchAll(/\bWARN(?:_ON|_ON_ONCE)?\(/g)) add('WARN');
    for (const [, errno] of line.matchAll(/(?:return|=)\s*(-E[A-Z]+);/g)) add(errno as string);
  });
  return places;
}

describe.each(['6.1', '6.12'])('kernel/livepatch of Linux %s', (series) => {
  const folder = livepatchSource(series);
  const places = FILES.flatMap((name) => placesIn(name, readFileSync(join(folder, name), 'utf8')));

  it('has no error path and no line that the table does not know', () => {
    expect(places.length).toBeGreaterThan(90);
    expect(places.filter((place) => !(place in PATHS))).toEqual([]);
  });

  it('has all that the table says', () => {
    expect(Object.keys(PATHS).filter((place) => !places.includes(place))).toEqual([]);
  });
});
