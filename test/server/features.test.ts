import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  DocumentSymbol,
  FoldingRange,
  Location,
} from 'vscode-languageserver/node';
import { IMAGES_REQUEST, type ImagesResult, LOCATE_REQUEST } from '../../shared/src/protocol.ts';
import { type Bundle, buildBundle } from './support/bundle.ts';
import { Editor, type EditorOptions, RICH } from './support/editor.ts';
import { BAD_MODULE, CALLBACKS, GOOD_MODULE } from './support/modules.ts';

let bundle: Bundle;
let editor: Editor;
const URI = 'file:///nowhere/module.c';

beforeAll(async () => {
  bundle = await buildBundle();
});
afterAll(() => bundle.remove());
afterEach(() => editor.stop());

async function open(text: string, options: EditorOptions = RICH): Promise<void> {
  editor = await Editor.start(bundle.server, options);
  await editor.open(URI, text);
}

describe('code lens', () => {
  it('stands over the patch, and says the forecast when it is resolved', async () => {
    await open(GOOD_MODULE);
    const [lens, ...rest] = await editor.request<CodeLens[]>('textDocument/codeLens', URI);
    expect(rest).toEqual([]);
    expect(lens && editor.at(URI, lens.range)).toBe('patch');
    const resolved = await editor.connection.sendRequest<CodeLens>('codeLens/resolve', lens);
    expect(resolved.command?.title).toMatch(/Finishes in \d/);
    expect(resolved.command).toMatchObject({ command: 'livepatch.simulateTransition', arguments: [URI, 'patch'] });
  });

  it('names no command that the client does not have', async () => {
    await open(GOOD_MODULE, {});
    const [lens] = await editor.request<CodeLens[]>('textDocument/codeLens', URI);
    const resolved = await editor.connection.sendRequest<CodeLens>('codeLens/resolve', lens);
    expect(resolved.command?.command).toBe('');
    expect(resolved.command?.title).toMatch(/^Finishes in \d/);
  });

  it('offers a verification where the client has one, and the module one patch', async () => {
    const verifying = { initializationOptions: { livepatchClient: true, simulateCommand: true, verifyCommand: true } };
    await open(GOOD_MODULE, verifying);
    const [, lens, ...rest] = await editor.request<CodeLens[]>('textDocument/codeLens', URI);
    expect(rest).toEqual([]);
    expect(lens?.command).toMatchObject({ command: 'livepatch.verifyOnKernel', arguments: [URI] });
    await editor.stop();
    const second = '\nstatic struct klp_patch other = { .mod = THIS_MODULE };\n';
    await open(`${GOOD_MODULE}${second}`, verifying);
    const lenses = await editor.request<CodeLens[]>('textDocument/codeLens', URI);
    expect(lenses.map(({ command }) => command)).toEqual([undefined, undefined]);
  });

  it('goes away by a setting', async () => {
    await open(GOOD_MODULE, { initializationOptions: { settings: { codeLens: { enabled: false } } } });
    expect(await editor.request('textDocument/codeLens', URI)).toEqual([]);
  });
});

describe('document symbols', () => {
  it('are patch, object, function, each inside its parent', async () => {
    await open(CALLBACKS);
    const symbols = await editor.request<DocumentSymbol[]>('textDocument/documentSymbol', URI);
    const names = (list: readonly DocumentSymbol[] | undefined): unknown[] =>
      (list ?? []).map(({ name, children }) => [name, ...names(children)]);
    expect(names(symbols)).toEqual([['patch', ['vmlinux', ['cmdline_proc_show'], ['set_up'], ['take_down']]]]);
    const check = ({ range, selectionRange, children }: DocumentSymbol): void => {
      const document = editor.document(URI);
      const inside = (inner: typeof range): void => {
        expect(document.offsetAt(inner.start)).toBeGreaterThanOrEqual(document.offsetAt(range.start));
        expect(document.offsetAt(inner.end)).toBeLessThanOrEqual(document.offsetAt(range.end));
      };
      inside(selectionRange);
      for (const child of children ?? []) {
        inside(child.range);
        check(child);
      }
    };
    symbols.forEach(check);
  });

  it('are a list for clients that know no tree', async () => {
    await open(GOOD_MODULE, {});
    const symbols = await editor.request<{ name: string; containerName: string }[]>('textDocument/documentSymbol', URI);
    expect(symbols.map(({ name, containerName }) => [name, containerName])).toEqual([
      ['patch', ''],
      ['vmlinux', 'patch'],
      ['cmdline_proc_show', 'vmlinux'],
    ]);
  });
});

describe('completion', () => {
  /** Types `text` in place of `old` and asks at its end. */
  const complete = async (old: string, text: string): Promise<CompletionItem[]> => {
    await editor.replace(URI, old, text);
    const end = editor.text(URI).indexOf(text) + text.length;
    const position = editor.document(URI).positionAt(end);
    return editor.request('textDocument/completion', URI, { position });
  };
  const labels = (items: readonly CompletionItem[]): string[] => items.map(({ label }) => label);

  it('offers the fields that are not set yet', async () => {
    await open(GOOD_MODULE);
    expect(labels(await complete('\t.objs = objs,\n', '\t.objs = objs,\n\t.'))).toEqual(['.states', '.replace']);
    expect(labels(await complete('/* name is not set: vmlinux */', '.na'))).toEqual(['.name', '.callbacks']);
  });

  it('offers fields by the kernel that the module is for', async () => {
    await open(GOOD_MODULE, { ...RICH, initializationOptions: { settings: { kernel: { version: '4.12' } } } });
    expect(labels(await complete('\t.objs = objs,\n', '\t.objs = objs,\n\t.'))).toEqual(['.immediate']);
  });

  it('puts in the dot once', async () => {
    await open(GOOD_MODULE);
    const [item] = await complete('\t.objs = objs,\n', '\t.objs = objs,\n\t.sta');
    const edit = item?.textEdit;
    expect(edit && 'range' in edit && editor.at(URI, edit.range)).toBe('.sta');
    // biome-ignore lint/suspicious/noTemplateCurlyInString: LSP's placeholder
    expect(edit?.newText).toBe('.states = ${1:states},');
  });

  it('writes no placeholders for a client that knows none', async () => {
    await open(GOOD_MODULE, {});
    const items = await complete('\t.objs = objs,\n', '\t.objs = objs,\n\t.');
    expect(items.map(({ textEdit }) => textEdit?.newText)).toEqual(['.states = states,', '.replace = true,']);
  });

  it('offers functions that can replace one, the likeliest first', async () => {
    await open(CALLBACKS.replace('static int set_up', 'static int aaa(void)\n{\n\treturn 0;\n}\n\nstatic int set_up'));
    const items = await complete('.new_func = livepatch_cmdline_proc_show,', '.new_func = ');
    expect(labels(items)).toEqual(['livepatch_cmdline_proc_show', 'aaa']);
  });

  it('offers functions with the signature of a callback', async () => {
    await open(CALLBACKS);
    expect(labels(await complete('.pre_patch = set_up,', '.pre_patch = '))).toEqual(['set_up']);
  });

  it('offers tables, entries, struct names and whole modules', async () => {
    await open(GOOD_MODULE);
    expect(labels(await complete('\t.objs = objs,', '\t.objs = '))).toEqual(['objs']);
    expect(labels(await complete('\t.mod = THIS_MODULE,', '\t.mod = '))).toEqual(['THIS_MODULE']);
    expect(labels(await complete('\t},\n\t{ }\n};\n\nstatic struct klp_object', '\t},\n\t'))).toEqual([
      '{ .old_name … }',
    ]);
    expect(labels(await complete('MODULE_LICENSE("GPL");', 'struct klp'))).toContain('klp_patch');
    await editor.setText(URI, 'klp');
    const whole = await editor.request<CompletionItem[]>('textDocument/completion', URI, {
      position: { line: 0, character: 3 },
    });
    expect(labels(whole)).toContain('klp module');
  });

  it('offers nothing in functions, strings and comments', async () => {
    await open(GOOD_MODULE);
    expect(await complete('.old_name = "cmdline', '.old_name = "cm')).toEqual([]);
    expect(await complete('/* name', '/* .na')).toEqual([]);
    expect(await complete('\treturn 0;', '\treturn m->')).toEqual([]);
  });
});

describe('definition', () => {
  const target = async (place: string): Promise<string[]> => {
    const position = editor.position(URI, place);
    const found = await editor.request<Location[]>('textDocument/definition', URI, { position });
    return found.map(({ range }) => `${range.start.line}: ${editor.at(URI, range)}`);
  };
  const line = (text: string): number => editor.document(URI).positionAt(editor.text(URI).indexOf(text)).line;

  it('leads from references to functions and tables', async () => {
    await open(CALLBACKS);
    expect(await target('.new_func = live|patch')).toEqual([
      `${line('static int livepatch_cmdline')}: livepatch_cmdline_proc_show`,
    ]);
    expect(await target('.pre_patch = set|_up')).toEqual([`${line('static int set_up')}: set_up`]);
    expect(await target('.funcs = fun|cs')).toEqual([`${line('static struct klp_func')}: funcs`]);
    expect(await target('.objs = ob|js')).toEqual([`${line('static struct klp_object')}: objs`]);
    expect(await target('klp_enable_patch(&pat|ch)')).toEqual([`${line('static struct klp_patch')}: patch`]);
    expect(await target('module_exit(livepatch|_exit)')).toEqual([
      `${line('static void livepatch_exit')}: livepatch_exit`,
    ]);
  });

  it('leads nowhere from other C', async () => {
    await open(CALLBACKS);
    expect(await target('seq_|printf(')).toEqual([]);
  });
});

describe('folding', () => {
  it('folds tables, entries and patches, and leaves the closing brace', async () => {
    await open(GOOD_MODULE);
    const ranges = await editor.request<FoldingRange[]>('textDocument/foldingRange', URI);
    const lines = GOOD_MODULE.split('\n');
    expect(ranges.map(({ startLine }) => lines[startLine])).toEqual(
      expect.arrayContaining([
        'static struct klp_func funcs[] = {',
        'static struct klp_object objs[] = {',
        'static struct klp_patch patch = {',
        '\t{',
      ]),
    );
    for (const { endLine } of ranges) expect(lines[endLine + 1]).toMatch(/^\t?\}[,;]/);
  });
});

describe('code actions', () => {
  const actions = async (params: object): Promise<CodeAction[]> => {
    const end = editor.document(URI).positionAt(editor.text(URI).length);
    return editor.request('textDocument/codeAction', URI, {
      range: { start: { line: 0, character: 0 }, end },
      context: { diagnostics: [] },
      ...params,
    });
  };

  it('fix a finding, and it goes away', async () => {
    await open(BAD_MODULE);
    const diagnostics = await editor.diagnostics(URI);
    const terminator = diagnostics.find(({ code }) => code === 'funcs-missing-terminator');
    const found = await actions({ range: terminator?.range, context: { diagnostics, only: ['quickfix'] } });
    const fix = found.find(({ isPreferred }) => isPreferred);
    expect(fix?.diagnostics).toEqual([terminator]);
    if (fix) await editor.apply(fix);
    expect((await editor.diagnostics(URI)).map(({ code }) => code)).toEqual(['missing-livepatch-modinfo']);
  });

  it('fix all, and once is enough', async () => {
    await open(BAD_MODULE);
    const [fixAll, ...rest] = await actions({ context: { diagnostics: [], only: ['source.fixAll'] } });
    expect(rest).toEqual([]);
    expect(fixAll?.kind).toBe('source.fixAll.livepatch');
    if (fixAll) await editor.apply(fixAll);
    expect(await editor.diagnostics(URI)).toEqual([]);
    expect(await actions({ context: { diagnostics: [], only: ['source.fixAll'] } })).toEqual([]);
  });

  it('ignore a finding on its line, with a comment that works', async () => {
    await open(BAD_MODULE);
    const found = await actions({ context: { diagnostics: [], only: ['quickfix'] } });
    const ignore = found.filter(({ title }) => title.startsWith('Ignore '));
    expect(ignore.map(({ title }) => title).sort()).toEqual([
      'Ignore funcs-missing-terminator on this line',
      'Ignore missing-livepatch-modinfo on this line',
    ]);
    const one = ignore.find(({ title }) => title.includes('terminator'));
    if (one) await editor.apply(one);
    expect(editor.text(URI)).toContain('// livepatch-ignore funcs-missing-terminator: reason\n');
    expect((await editor.diagnostics(URI)).map(({ code }) => code)).toEqual(['missing-livepatch-modinfo']);
  });

  it('come as plain changes to a client that knows no versioned edits', async () => {
    await open(BAD_MODULE, {});
    const [fixAll] = await actions({ context: { diagnostics: [], only: ['source'] } });
    expect(Object.keys(fixAll?.edit?.changes ?? {})).toEqual([URI]);
  });

  it('are only those that were asked for', async () => {
    await open(BAD_MODULE);
    expect(await actions({ context: { diagnostics: [], only: ['refactor'] } })).toEqual([]);
    const kinds = new Set((await actions({})).map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['quickfix', 'source.fixAll.livepatch']));
  });
});

describe('our own client', () => {
  it('gets the images of a module, where they stand, and news of both', async () => {
    await open(GOOD_MODULE);
    const result = await editor.request<ImagesResult>(IMAGES_REQUEST, URI);
    expect(result).toMatchObject({
      version: 1,
      simulation: { kernel: '6.12', workload: 'web-server', seeds: 50 },
      images: [
        { module: 'module', variable: 'patch', objects: [{ name: null, funcs: [{ oldName: 'cmdline_proc_show' }] }] },
      ],
    });
    const location = await editor.connection.sendRequest<Location>(LOCATE_REQUEST, { range: result.images[0]?.source });
    expect(location.uri).toBe(URI);
    expect(editor.at(URI, location.range)).toBe('patch');

    const changes = (): ImagesResult[] =>
      editor.notifications
        .filter(({ method }) => method === 'livepatch/imagesChanged')
        .map(({ params }) => params as ImagesResult);
    await editor.until(() => changes().length === 1);
    await editor.replace(URI, '.old_name = "cmdline_proc_show"', '.old_name = "uptime_proc_show"');
    await editor.until(() => changes().at(-1)?.images[0]?.objects[0]?.funcs[0]?.oldName === 'uptime_proc_show');

    const status = editor.notifications.findLast(({ method }) => method === 'livepatch/status')?.params;
    expect(status).toMatchObject({ kernel: '6.12', documents: 1, problem: null });
  });

  it('gets no images for other documents', async () => {
    await open('int main(void) { return 0; }');
    expect(await editor.request(IMAGES_REQUEST, URI)).toMatchObject({ version: null, images: [] });
  });
});
