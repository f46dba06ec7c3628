import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { CParser } from '../../server/src/analysis/parser.ts';
import { DiskFiles, isInside, MAX_FILE_SIZE } from '../../server/src/workspace/file-source.ts';
import { findModule, MAX_MODULE_FILES } from '../../server/src/workspace/find-module.ts';
import { loadParser } from '../../server/src/workspace/load-parser.ts';
import { ModuleStore } from '../../server/src/workspace/module-store.ts';
import { scanFolder } from '../../server/src/workspace/scan.ts';
import { buildBundle } from './support/bundle.ts';
import { GOOD_MODULE, PLAIN_C } from './support/modules.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepatch-workspace-'));
  return () => rmSync(folder, { recursive: true, force: true });
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

describe('isInside', () => {
  it.each([
    ['/a/b', '/a/b', true],
    ['/a/b', '/a/b/c/d', true],
    ['/a/b', '/a/b/..c', true],
    ['/a/b', '/a/bc', false],
    ['/a/b', '/a', false],
    ['/a/b', '/x', false],
  ])('%s, %s: %s', (outer, inner, inside) => expect(isInside(outer, inner)).toBe(inside));
});

describe('DiskFiles', () => {
  it('reads ordinary files of a readable size inside its folders only', async () => {
    const disk = new DiskFiles([join(folder, 'in')]);
    const inside = write('in/a.c', 'a');
    const outside = write('out/b.c', 'b');
    symlinkSync(outside, join(folder, 'in', 'way-out.c'));
    symlinkSync(inside, join(folder, 'in', 'way-in.c'));
    const large = write('in/large.c', 'x'.repeat(MAX_FILE_SIZE + 1));
    expect(await disk.read(inside)).toBe('a');
    expect(await disk.read(join(folder, 'in', 'way-in.c'))).toBe('a');
    for (const path of [
      outside,
      join(folder, 'in', 'way-out.c'),
      large,
      join(folder, 'in'),
      join(folder, 'in', 'no.c'),
    ]) {
      expect(await disk.read(path)).toBeNull();
    }
  });

  it('sees a change by itself, or in a watched folder when it is told', async () => {
    const disk = new DiskFiles([folder]);
    const path = write('a.c', 'old');
    expect(await disk.read(path)).toBe('old');
    writeFileSync(path, 'new');
    utimesSync(path, 1, 1);
    expect(await disk.read(path)).toBe('new');
    disk.setWatched(new Set([folder]));
    expect(await disk.read(path)).toBe('new');
    writeFileSync(path, 'newer');
    expect(await disk.read(path)).toBe('new');
    disk.forget(path);
    expect(await disk.read(path)).toBe('newer');
  });
});

describe('findModule', () => {
  const find = async (name: string) => {
    const path = join(folder, name);
    const disk = new DiskFiles([folder]);
    const found = await findModule(path, (await disk.read(path)) ?? '', disk);
    return {
      name: found.name,
      files: found.files.map((file) => file.path.slice(folder.length + 1)),
      missing: found.missing,
    };
  };

  it('takes a file that no Kbuild names for a module of its own', async () => {
    write('fix-it.c', '');
    expect(await find('fix-it.c')).toEqual({ name: 'fix-it', files: ['fix-it.c'], missing: [] });
  });

  it('finds the units of the Kbuild beside it, the asked one first', async () => {
    write('Kbuild', 'obj-m += other.o fix.o\nfix-y := a.o b.o\nfix-objs += c.o\n');
    write('Makefile', 'obj-m += wrong.o\nwrong-y := b.o\n');
    for (const name of ['a.c', 'b.c', 'other.c']) write(name, '');
    expect(await find('b.c')).toEqual({ name: 'fix', files: ['b.c', 'a.c'], missing: ['c.c could not be read'] });
    expect(await find('other.c')).toEqual({ name: 'other', files: ['other.c'], missing: [] });
  });

  it('follows quoted includes, round in a circle as well', async () => {
    write('a.c', '#include <linux/x.h>\n#include "b.c"\n  #  include "sub/c.h"\n');
    write('b.c', '#include "a.c"\n');
    write('sub/c.h', '#include "../b.c"\n#include "gone.h"\n');
    expect(await find('a.c')).toEqual({
      name: 'a',
      files: ['a.c', 'b.c', 'sub/c.h'],
      missing: [],
    });
  });

  it('knows the module of a file that a unit includes', async () => {
    write('Makefile', 'obj-m := fix.o\nfix-y := main.o\n');
    write('main.c', '#include "common.c"\n');
    write('common.c', '');
    expect(await find('common.c')).toEqual({ name: 'fix', files: ['common.c', 'main.c'], missing: [] });
  });

  it('stops at its bound and says so', async () => {
    const names = Array.from({ length: MAX_MODULE_FILES + 50 }, (_, index) => `u${index}`);
    write('Makefile', `obj-m := fix.o\nfix-y := ${names.map((name) => `${name}.o`).join(' ')}\n`);
    for (const name of names) write(`${name}.c`, '');
    const { files, missing } = await find('u0.c');
    expect(files).toHaveLength(MAX_MODULE_FILES);
    expect(missing).toHaveLength(1);
  });
});

describe('scanFolder', () => {
  it('finds livepatches, and looks at no more entries than it may', async () => {
    for (let index = 0; index < 30; index++) write(`d${index % 3}/f${index}.c`, index % 2 ? GOOD_MODULE : PLAIN_C);
    const all = await scanFolder(folder);
    expect(all.cut).toBe(false);
    expect(all.files).toHaveLength(15);
    const few = await scanFolder(folder, 10);
    expect(few.cut).toBe(true);
    expect(few.files.length).toBeLessThan(10);
  });

  it('fails for a folder that is not there', async () => {
    await expect(scanFolder(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('ModuleStore', () => {
  let parser: CParser;
  beforeAll(async () => {
    const bundle = await buildBundle();
    parser = await loadParser(bundle.folder);
    bundle.remove();
  });
  const names = { pathOf: (file: string) => file, fileAt: (path: string) => path };
  const newStore = () => new ModuleStore(Promise.resolve(parser), new DiskFiles([folder]), names);

  it('reads a module once, and again only after a change', async () => {
    const store = newStore();
    const path = write('a.c', GOOD_MODULE);
    store.open(path, GOOD_MODULE);
    const [first, same] = await Promise.all([store.moduleOf(path), store.moduleOf(path)]);
    expect(first?.patches.map(({ name }) => name)).toEqual(['patch']);
    expect(same).toBe(first);
    expect(await store.moduleOf(path)).toBe(first);
    const at = GOOD_MODULE.indexOf('klp_patch patch') + 'klp_patch '.length;
    const text = `${GOOD_MODULE.slice(0, at)}my_${GOOD_MODULE.slice(at)}`;
    store.change(path, [{ start: at, end: at, newText: 'my_' }], text);
    expect((await store.moduleOf(path))?.patches.map(({ name }) => name)).toEqual(['my_patch']);
  });

  it('gives the newest reading to who asked before an edit', async () => {
    const store = newStore();
    const path = write('a.c', GOOD_MODULE);
    store.open(path, GOOD_MODULE);
    const asked = store.moduleOf(path);
    store.change(path, [{ start: 0, end: GOOD_MODULE.length, newText: PLAIN_C }], PLAIN_C);
    expect(await asked).toBeNull();
  });

  it('lets go of files when no open document needs them', async () => {
    const store = newStore();
    write('Makefile', 'obj-m := fix.o\nfix-y := a.o b.o\n');
    const a = write('a.c', GOOD_MODULE);
    const b = write('b.c', '#include <linux/livepatch.h>\n');
    store.open(a, GOOD_MODULE);
    await store.moduleOf(a);
    expect(store.textOf(b)).not.toBeNull();
    store.close(a);
    expect(store.textOf(a)).toBeNull();
    expect(store.textOf(b)).toBeNull();
    expect(await store.moduleOf(a)).toBeNull();
  });

  it('knows who depends on whom', async () => {
    const store = newStore();
    write('Makefile', 'obj-m := fix.o\nfix-y := a.o b.o\n');
    const a = write('a.c', GOOD_MODULE);
    const b = write('b.c', PLAIN_C);
    store.open(a, GOOD_MODULE);
    store.open(b, PLAIN_C);
    await store.moduleOf(a);
    expect(store.dependents(b)).toEqual([a]);
    expect(store.openPartsOf(a)).toEqual([b]);
    const before = store.generationOf(a);
    store.change(b, [{ start: 0, end: 0, newText: ' ' }], ` ${PLAIN_C}`);
    expect(store.generationOf(a)).not.toBe(before);
    expect(store.diskChanged(join(folder, 'Makefile'))).toEqual([a]);
  });
});
