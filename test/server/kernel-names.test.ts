import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type {
  CallHierarchyIncomingCall,
  CallHierarchyItem,
  CallHierarchyOutgoingCall,
  CompletionList,
  Hover,
  InlayHint,
  Location,
  WorkspaceSymbol,
} from 'vscode-languageserver/node';
import {
  WORKSPACE_IMAGES_REQUEST,
  WORKSPACE_REQUEST,
  type WorkspaceImagesResult,
  type WorkspaceResult,
} from '../../shared/src/protocol.ts';
import { type Bundle, buildBundle } from './support/bundle.ts';
import { Editor, fileUri, RICH } from './support/editor.ts';
import { GOOD_MODULE } from './support/modules.ts';

/** What the server offers where it knows the target kernel, and over all modules of the workspace. */

let bundle: Bundle;
let editor: Editor;
let folder: string;

beforeAll(async () => {
  bundle = await buildBundle();
});
afterAll(() => bundle.remove());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepatch-names-'));
  return () => rmSync(folder, { recursive: true, force: true });
});
afterEach(() => editor.stop());

const KALLSYMS = `ffffffff81000000 T _stext
ffffffff81000010 t cmdline_proc_show
ffffffff81000070 t cmdline_parse
ffffffff81000090 t twice
ffffffff810000a0 t twice
ffffffff810000b0 D cmdline_data
ffffffff810000c0 T _etext
ffffffffc0000000 t ext4_cmdline\t[ext4]
ffffffffc0000010 t ext4_twice\t[ext4]
`;
const FILTER = 'cmdline_proc_show\ntwice\ntwice\next4_cmdline [ext4]\n';

/** Opens a text, in a server that knows this kernel. */
async function open(text: string): Promise<string> {
  const [kallsyms, filterFunctions] = [join(folder, 'kallsyms'), join(folder, 'filter')];
  writeFileSync(kallsyms, KALLSYMS);
  writeFileSync(filterFunctions, FILTER);
  editor = await Editor.start(bundle.server, {
    ...RICH,
    initializationOptions: {
      ...(RICH.initializationOptions as object),
      settings: { kernel: { kallsyms, filterFunctions } },
    },
    workspaceFolders: [folder],
  });
  const uri = fileUri(join(folder, 'module.c'));
  await editor.open(uri, text);
  await learnt(uri);
  return uri;
}

/** The kernel is learnt about while the first answers are given already. */
async function learnt(uri: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if ((await hints(uri)).length > 0) return;
    await wait(50);
  }
  throw new Error('the server learnt nothing of the kernel');
}

const hints = (uri: string): Promise<InlayHint[]> =>
  editor.request('textDocument/inlayHint', uri, {
    range: { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } },
  });

const complete = (uri: string, context: string): Promise<CompletionList> =>
  editor.request('textDocument/completion', uri, { position: editor.position(uri, context) });

describe('completion of .old_name', () => {
  it('offers functions of vmlinux whose name fits, those that can’t be traced last', async () => {
    const uri = await open(GOOD_MODULE);
    await editor.replace(uri, '"cmdline_proc_show"', '"cmd"');
    const { items, isIncomplete } = await complete(uri, '.old_name = "cmd|"');
    expect(isIncomplete).toBe(true);
    const sorted = items.toSorted((a, b) => (a.sortText ?? '').localeCompare(b.sortText ?? ''));
    expect(sorted.map(({ label, detail }) => [label, detail])).toEqual([
      ['cmdline_proc_show', 'vmlinux, 96 bytes'],
      ['cmdline_parse', 'vmlinux, 32 bytes, can’t be traced'],
    ]);
    expect(items[0]?.textEdit).toMatchObject({ newText: sorted[0]?.label });
    const edit = items[0]?.textEdit;
    expect(edit && 'range' in edit && editor.at(uri, edit.range)).toBe('cmd');
  });

  it('offers the functions of the module that the table belongs to', async () => {
    const uri = await open(GOOD_MODULE);
    await editor.replace(uri, '/* name is not set: vmlinux */', '.name = "ext4",');
    await editor.replace(uri, '"cmdline_proc_show"', '"cmd"');
    const { items } = await complete(uri, '.old_name = "cmd|"');
    expect(items.map(({ label }) => label)).toEqual(['ext4_cmdline']);
  });

  it('writes the quotes where there are none', async () => {
    const uri = await open(GOOD_MODULE);
    await editor.replace(uri, '"cmdline_proc_show"', 'twi');
    const { items } = await complete(uri, '.old_name = twi|');
    expect(items.map(({ textEdit }) => textEdit?.newText)).toContain('"twice"');
  });
});

it('completes .name from the kernel’s modules', async () => {
  const uri = await open(GOOD_MODULE);
  await editor.replace(uri, '/* name is not set: vmlinux */', '.name = "e",');
  const { items } = await complete(uri, '.name = "e|"');
  expect(items.map(({ label }) => label)).toEqual(['ext4']);
});

describe('inlay hints', () => {
  it('say what the kernel has under a name', async () => {
    const uri = await open(GOOD_MODULE);
    const [hint] = await hints(uri);
    expect(hint?.label).toBe('vmlinux, 96 bytes');
    expect(hint?.position).toEqual(editor.position(uri, '"cmdline_proc_show"|,'));
  });

  it('say which of several is meant, or that there are not so many', async () => {
    const uri = await open(GOOD_MODULE.replace('"cmdline_proc_show",', '"twice",\n\t\t.old_sympos = 2,'));
    expect((await hints(uri)).map(({ label }) => label)).toEqual(['vmlinux, 16 bytes, 2nd of 2']);
    await editor.replace(uri, 'sympos = 2', 'sympos = 3');
    expect((await hints(uri)).map(({ label }) => label)).toEqual(['vmlinux has 2 of this name, no 3rd']);
    await editor.replace(uri, '"twice"', '"thrice"');
    expect((await hints(uri)).map(({ label }) => label)).toEqual(['not in vmlinux']);
  });

  it('go away by a setting', async () => {
    const uri = await open(GOOD_MODULE);
    await editor.connection.sendNotification('workspace/didChangeConfiguration', {
      settings: { livepatch: { inlayHints: { enabled: false } } },
    });
    await expect.poll(() => hints(uri)).toEqual([]);
  });
});

it('hovers name the kernel, and what it has', async () => {
  const uri = await open(GOOD_MODULE);
  const hover = await editor.request<Hover>('textDocument/hover', uri, {
    position: editor.position(uri, '"cmdline|_proc_show"'),
  });
  expect(JSON.stringify(hover.contents)).toContain('vmlinux, 96 bytes.');
  expect(JSON.stringify(hover.contents)).toContain('kallsyms');
});

describe('with a kernel source tree', () => {
  const source = (name: string, text: string): void => {
    mkdirSync(join(folder, 'linux', name, '..'), { recursive: true });
    writeFileSync(join(folder, 'linux', name), text);
  };

  /** A tree as far as the server looks; its settings name it. */
  async function openWithSource(text: string): Promise<string> {
    for (const name of ['Kbuild', 'Kconfig', 'kernel/livepatch/core.c']) source(name, '');
    source('kernel/other.c', 'int x = cmdline_proc_show(1);\nextern int cmdline_proc_show(int);\n');
    source(
      'fs/proc/cmdline.c',
      `/* cmdline_proc_show() shows it */
static int __init proc_cmdline_init(void)
{
	kthread_run(cmdline_thread, NULL, "cmdline");
	return cmdline_proc_show(NULL, NULL);
}

static notrace int
cmdline_proc_show(struct seq_file *m,
		  void *v)
{
	return 0;
}

static int cmdline_thread(void *unused)
{
	for (;;)
		;
}

SYSCALL_DEFINE1(cmdline, int, how)
{
	return how;
}
`,
    );
    editor = await Editor.start(bundle.server, {
      ...RICH,
      initializationOptions: {
        ...(RICH.initializationOptions as object),
        settings: { kernel: { source: join(folder, 'linux'), running: false } },
      },
    });
    const uri = fileUri(join(folder, 'module.c'));
    await editor.open(uri, text);
    return uri;
  }

  const definitionOf = async (uri: string, context: string) =>
    (await editor.request<Location[]>('textDocument/definition', uri, { position: editor.position(uri, context) })).map(
      ({ uri: target, range }) => [target, range.start],
    );

  it('leads from .old_name to the function that it replaces', async () => {
    const uri = await openWithSource(GOOD_MODULE);
    const file = fileUri(join(folder, 'linux/fs/proc/cmdline.c'));
    expect(await definitionOf(uri, '"cmdline|_proc_show"')).toEqual([[file, { line: 8, character: 0 }]]);
    await editor.replace(uri, '"cmdline_proc_show"', '"__x64_sys_cmdline"');
    expect(await definitionOf(uri, '"__x64|_sys_cmdline"')).toEqual([[file, { line: 20, character: 16 }]]);
    await editor.replace(uri, '"__x64_sys_cmdline"', '"nowhere_at_all"');
    expect(await definitionOf(uri, '"nowhere|_at_all"')).toEqual([]);
  });

  it('says in the hover what the source says of the function', async () => {
    const uri = await openWithSource(GOOD_MODULE);
    const hover = async (context: string) =>
      JSON.stringify(
        (await editor.request<Hover>('textDocument/hover', uri, { position: editor.position(uri, context) })).contents,
      );
    const text = await hover('"cmdline|_proc_show"');
    expect(text).toContain('fs/proc/cmdline.c:9:');
    expect(text).toContain('static notrace int cmdline_proc_show(struct seq_file *m, void *v)');
    expect(text).toContain('`notrace`: ftrace can’t hook it.');
    await editor.replace(uri, '"cmdline_proc_show"', '"cmdline_thread"');
    expect(await hover('"cmdline|_thread"')).toContain('the main function of a kernel thread');
  });
});

describe('call hierarchy', () => {
  const CALLS = GOOD_MODULE.replace(
    'static struct klp_func funcs',
    `static int helper(struct seq_file *m)
{
	return livepatch_cmdline_proc_show(m, NULL) + livepatch_cmdline_proc_show(m, m);
}

static struct klp_func funcs`,
  );

  it('leads from a replacement to its callers in the module, and from them to it', async () => {
    const uri = await open(CALLS);
    const [item] = await editor.request<CallHierarchyItem[]>('textDocument/prepareCallHierarchy', uri, {
      position: editor.position(uri, '.new_func = livepatch_|cmdline'),
    });
    expect(item).toMatchObject({ name: 'livepatch_cmdline_proc_show', detail: 'replaces cmdline_proc_show()' });
    const calls = await editor.connection.sendRequest<CallHierarchyIncomingCall[]>('callHierarchy/incomingCalls', {
      item,
    });
    expect(calls.map(({ from, fromRanges }) => [from.name, fromRanges.map((range) => editor.at(uri, range))])).toEqual([
      ['helper', ['livepatch_cmdline_proc_show', 'livepatch_cmdline_proc_show']],
    ]);
    const back = await editor.connection.sendRequest<CallHierarchyOutgoingCall[]>('callHierarchy/outgoingCalls', {
      item: calls[0]?.from,
    });
    expect(back.map(({ to }) => to.name)).toEqual(['livepatch_cmdline_proc_show']);
  });
});

describe('the workspace', () => {
  const write = (name: string, text: string): string => {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
    return fileUri(join(folder, name));
  };

  it('hands out what each module would give the kernel, open or not', async () => {
    write('deep/other.c', GOOD_MODULE);
    write('plain.c', 'int main(void) { return 0; }');
    await open(GOOD_MODULE.replaceAll('cmdline_proc_show', 'version_proc_show'));
    const { images, note } = await editor.connection.sendRequest<WorkspaceImagesResult>(WORKSPACE_IMAGES_REQUEST, {});
    expect(note).toBeNull();
    expect(images.map(({ module, objects }) => [module, objects[0]?.funcs[0]?.oldName])).toEqual([
      ['module', 'version_proc_show'],
      ['other', 'cmdline_proc_show'],
    ]);
  });

  it('lists modules of open documents and of files, and what does not go together', async () => {
    const other = write('deep/other.c', GOOD_MODULE);
    write('plain.c', 'int main(void) { return 0; }');
    const uri = await open(GOOD_MODULE);
    const { modules, conflicts, note } = await editor.connection.sendRequest<WorkspaceResult>(WORKSPACE_REQUEST, {});
    expect(note).toBeNull();
    expect(modules.map(({ name }) => name)).toEqual(['module', 'other']);
    expect(modules[0]?.patches).toMatchObject([
      {
        name: 'patch',
        replace: false,
        location: { uri },
        objects: [
          {
            name: 'vmlinux',
            functions: [{ name: 'cmdline_proc_show', replacement: 'livepatch_cmdline_proc_show' }],
          },
        ],
      },
    ]);
    expect(conflicts.map(({ rule, places }) => [rule, places.map(({ location }) => location.uri)])).toEqual([
      ['same-function', [uri, other]],
    ]);
  });

  it('follows unsaved text, and files that change', async () => {
    const other = join(folder, 'other.c');
    write('other.c', GOOD_MODULE);
    const uri = await open(GOOD_MODULE);
    const rules = async (): Promise<string[]> =>
      (await editor.connection.sendRequest<WorkspaceResult>(WORKSPACE_REQUEST, {})).conflicts.map(({ rule }) => rule);
    expect(await rules()).toEqual(['same-function']);
    await editor.replace(uri, '"cmdline_proc_show"', '"twice"');
    expect(await rules()).toEqual([]);
    writeFileSync(other, GOOD_MODULE.replace('"cmdline_proc_show"', '"twice"'));
    expect(await rules()).toEqual(['same-function']);
    rmSync(other);
    expect(await rules()).toEqual([]);
  });

  it('has its functions as workspace symbols', async () => {
    write('other.c', GOOD_MODULE.replace('"cmdline_proc_show"', '"twice"'));
    await open(GOOD_MODULE);
    const symbols = (query: string) => editor.connection.sendRequest<WorkspaceSymbol[]>('workspace/symbol', { query });
    expect((await symbols('cmpshow')).map(({ name }) => name)).toEqual(['cmdline_proc_show']);
    expect((await symbols('twice')).map(({ name, containerName }) => [name, containerName])).toEqual([
      ['twice', 'other, in vmlinux'],
    ]);
    expect(await symbols('nothing_like_it')).toEqual([]);
  });
});
