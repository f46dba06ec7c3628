import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { btfBlob } from '../support/btf-blob.ts';
import { elfBlob } from '../support/elf-blob.ts';
import { type Bundle, buildBundle } from './support/bundle.ts';
import { Editor } from './support/editor.ts';
import { GOOD_MODULE } from './support/modules.ts';

let bundle: Bundle;
let folder: string;

beforeAll(async () => {
  bundle = await buildBundle();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepatch-kernel-'));
  return () => rmSync(folder, { recursive: true, force: true });
});
afterAll(() => bundle.remove());

const KALLSYMS = 'ffffffff81000000 T _text\nffffffff81000010 t cmdline_proc_show\nffffffff81000040 T vfs_read\n';
const WITHOUT = KALLSYMS.replace('cmdline_proc_show', 'cmdline_proc_shown');

function write(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  return path;
}

function emptyFolder(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

/** Messages about symbols, of a module that patches cmdline_proc_show unless told. */
function check(args: readonly string[], text = GOOD_MODULE) {
  const file = write('module.c', text);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [bundle.cli, 'check', '--format=json', ...args, file],
    {
      cwd: folder,
      encoding: 'utf8',
    },
  );
  const findings: { rule: string; severity: string; message: string }[] = stdout === '' ? [] : JSON.parse(stdout);
  return {
    status,
    err: stderr,
    found: findings.map(({ rule, severity, message }) => `${severity} ${rule} ${message}`),
  };
}

describe('the command line', () => {
  it('knows the kernel whose kallsyms is named', () => {
    expect(check(['--kallsyms', write('kallsyms', KALLSYMS)])).toEqual({ status: 0, err: '', found: [] });
    const { status, found } = check(['--kallsyms', write('kallsyms', WITHOUT)]);
    expect(status).toBe(1);
    expect(found).toEqual([expect.stringMatching(/^error old-name-not-found .*cmdline_proc_shown/)]);
  });

  it('finds no error with the built-in kernel alone, and says what it rests on', () => {
    const text = GOOD_MODULE.replace('"cmdline_proc_show"', '"cmdline_proc_shw"');
    const { status, found } = check(['--no-running-kernel'], text);
    expect(status).toBe(0);
    expect(found).toEqual([expect.stringMatching(/^warning old-name-not-found .*built-in reference kernel/)]);
    expect(check(['--no-running-kernel'])).toEqual({ status: 0, err: '', found: [] });
    expect(check(['--no-running-kernel', '--kernel-version', '5.15'], text).found).toEqual([]);
  });

  it('reads System.map, vmlinux and build trees', () => {
    expect(check(['--system-map', write('System.map', WITHOUT)]).found).toHaveLength(1);
    const symbol = (name: string) =>
      elfBlob(
        [{ name: '.text', flags: 6, content: new Uint8Array(64) }],
        [
          { name: '_text', section: '.text' },
          { name, section: '.text', type: 'func' },
        ],
      );
    expect(check(['--vmlinux', write('a/vmlinux', symbol('cmdline_proc_show'))]).found).toEqual([]);
    expect(check(['--vmlinux', write('b/vmlinux', symbol('cmdline_show'))]).found).toHaveLength(1);
    expect(check(['--kernel-source', join(folder, 'b')]).found).toHaveLength(1);
  });

  it("reads the files of those modules that are patched, also compressed, and no others'", () => {
    const ko = elfBlob(
      [
        { name: '.modinfo', content: 'name=dm_mod\0' },
        { name: '.text', flags: 6, content: new Uint8Array(64) },
      ],
      [{ name: 'dm_show', section: '.text', size: 16, type: 'func' }],
    );
    const patchOf = (name: string) =>
      GOOD_MODULE.replace('.funcs = funcs', '.name = "dm_mod", .funcs = funcs').replace(
        '"cmdline_proc_show"',
        `"${name}"`,
      );
    write('lib/kernel/drivers/md/dm-mod.ko.gz', gzipSync(ko));
    write('lib/kernel/fs/broken.ko', 'no module');
    const modules = ['--modules', join(folder, 'lib')];
    expect(check(modules, patchOf('dm_show'))).toEqual({ status: 0, err: '', found: [] });
    expect(check(modules, patchOf('dm_shwo')).found).toEqual([expect.stringContaining('dm_show')]);
    for (const program of ['xz', 'zstd']) {
      const { stdout, status } = spawnSync(program, ['-c'], { input: ko });
      if (status !== 0) continue;
      rmSync(join(folder, 'lib'), { recursive: true });
      write(`lib/dm-mod.ko.${program === 'xz' ? 'xz' : 'zst'}`, stdout);
      expect(check(modules, patchOf('dm_shwo')).found).toEqual([expect.stringContaining('dm_show')]);
    }
  });

  it('says of each file what is wrong with it, and exits 2', () => {
    const huge = write('huge', '');
    truncateSync(huge, 200 * 1024 * 1024);
    const pipe = join(folder, 'pipe');
    spawnSync('mkfifo', [pipe]);
    const broken: [string, string, RegExp][] = [
      ['--kallsyms', write('empty', ''), /empty: It is empty\./],
      ['--kallsyms', write('text', 'hello\n'), /text: It holds no symbols/],
      [
        '--kallsyms',
        write('kallsyms.gz', gzipSync(KALLSYMS)),
        /kallsyms\.gz: It is compressed with gzip: unpack it first\./,
      ],
      ['--kallsyms', join(folder, 'missing'), /missing: There is no such file\./],
      ['--kallsyms', huge, /huge: It is larger than 128 MB\./],
      ['--kallsyms', pipe, /pipe: It is not an ordinary file\./],
      ['--vmlinux', pipe, /pipe: It is not an ordinary file\./],
      ['--kallsyms', folder, /It is a directory\./],
      ['--kallsyms', write('cut', KALLSYMS.slice(0, -4)), /cut: It ends in the middle of a line/],
      ['--filter-functions', write('binary', new Uint8Array([0, 1, 2, 3, 10])), /binary: It lists no functions\./],
      ['--vmlinux', write('vmlinux', 'MZ'), /vmlinux: It is not an ELF file\./],
      ['--vmlinux', write('vmlinuz', `MZ${'\0'.repeat(0x200)}HdrS`), /vmlinuz: It is a compressed kernel image: /],
      ['--btf', write('btf', btfBlob([]).slice(0, 20)), /btf: It is too short to be BTF\./],
      ['--btf', emptyFolder('no-btf'), /no-btf: There is no file in it\./],
      ['--symvers', write('Module.symvers', 'hello\n'), /Module\.symvers: Line 1 /],
      ['--modules', join(folder, 'no-modules'), /no-modules: There is no such folder\./],
      ['--modules', write('no-folder', ''), /no-folder: It is no folder\./],
      ['--kernel-source', join(folder, 'no-tree'), /no-tree: There is no such folder\./],
      ['--kernel-source', emptyFolder('other'), /other: It holds neither a kernel's source nor what was built of it\./],
    ];
    for (const [option, path, message] of broken) {
      const { status, err } = check([option, path]);
      expect(err).toMatch(message);
      expect(err.split('\n').length, err).toBe(2);
      expect(status).toBe(2);
    }
  });
});

describe('the server', () => {
  let editor: Editor;
  const uri = 'file:///module.c';
  const rules = () => editor.published.findLast((each) => each.uri === uri)?.diagnostics.map(({ code }) => code) ?? [];

  async function start(kernel: object): Promise<void> {
    editor = await Editor.start(bundle.server, { initializationOptions: { settings: { kernel } } });
    await editor.open(uri, GOOD_MODULE);
  }
  beforeEach(() => async () => {
    await editor?.stop();
  });

  it('knows the kernel that the settings name, and reads a file again that changes', async () => {
    const kallsyms = write('kallsyms', WITHOUT);
    await start({ kallsyms });
    await editor.until(() => rules().includes('old-name-not-found'));
    // As tools write: a new file takes the place of the old one.
    renameSync(write('kallsyms.new', KALLSYMS), kallsyms);
    await editor.until(() => rules().length === 0);
    expect(editor.messages).toEqual([]);
  });

  it('says once what is wrong with a file, and goes on with what is known otherwise', async () => {
    const kallsyms = join(folder, 'kallsyms');
    await start({ kallsyms, systemMap: write('System.map', WITHOUT) });
    await editor.until(() => rules().includes('old-name-not-found'));
    expect(editor.messages).toEqual([`Kernel Livepatch: ${kallsyms}: There is no such file.`]);
    expect(existsSync(kallsyms)).toBe(false);
    writeFileSync(kallsyms, KALLSYMS);
    await editor.until(() => rules().length === 0);
    expect(editor.messages).toHaveLength(1);
  });

  it('follows the settings, and takes no path that is not absolute', async () => {
    await start({ kallsyms: 'kallsyms', running: false });
    await editor.until(() => editor.messages.length > 0);
    expect(editor.messages[0]).toContain('livepatch.kernel.kallsyms is "kallsyms"; it needs an absolute path.');
    const kernel = { kallsyms: write('kallsyms', WITHOUT), running: false };
    await editor.connection.sendNotification('workspace/didChangeConfiguration', {
      settings: { livepatch: { kernel } },
    });
    await editor.until(() => rules().includes('old-name-not-found'));
  });

  it('reads the files of modules when a livepatch names them', async () => {
    const ko = elfBlob(
      [
        { name: '.modinfo', content: 'name=dm_mod\0' },
        { name: '.text', flags: 6, content: new Uint8Array(64) },
      ],
      [{ name: 'dm_show', section: '.text', size: 16, type: 'func' }],
    );
    write('lib/dm-mod.ko', ko);
    await start({ modules: join(folder, 'lib'), running: false });
    await editor.diagnostics(uri);
    await editor.replace(uri, '.funcs = funcs', '.name = "dm_mod", .funcs = funcs');
    await editor.until(() => rules().includes('old-name-not-found'));
  });
});
