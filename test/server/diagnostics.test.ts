import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  type ClientCapabilities,
  type Diagnostic,
  DiagnosticSeverity,
  type DocumentDiagnosticReport,
} from 'vscode-languageserver/node';
import { type Bundle, buildBundle } from './support/bundle.ts';
import { Editor, type EditorOptions, fileUri } from './support/editor.ts';
import { BAD_MODULE, GOOD_MODULE, PLAIN_C } from './support/modules.ts';

let bundle: Bundle;
let folder: string;
let editor: Editor;

beforeAll(async () => {
  bundle = await buildBundle();
});
afterAll(() => bundle.remove());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepatch-server-'));
});
afterEach(async () => {
  await editor.stop();
  rmSync(folder, { recursive: true, force: true });
});

const start = async (options: EditorOptions = {}): Promise<void> => {
  editor = await Editor.start(bundle.server, options);
};
const uriOf = (name: string): string => fileUri(join(folder, name));
const write = (name: string, text: string): string => {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
  return uriOf(name);
};
const rules = (diagnostics: readonly Diagnostic[]): string[] => diagnostics.map(({ code }) => String(code)).sort();

/** Two documents in order: when the second has its findings, the first would have had them. */
async function afterAnother(): Promise<void> {
  const uri = uriOf('another.c');
  await editor.open(uri, BAD_MODULE);
  await editor.diagnostics(uri);
  await editor.close(uri);
}

const LICENSE = 'MODULE_LICENSE("GPL");\n';
const BAD_RULES = ['funcs-missing-terminator', 'missing-livepatch-modinfo'];

describe('pushed diagnostics', () => {
  it('say what is wrong, with rule, source, link and place', async () => {
    await start({
      capabilities: {
        textDocument: { publishDiagnostics: { codeDescriptionSupport: true, relatedInformation: true } },
      },
    });
    const uri = write('bad.c', BAD_MODULE);
    await editor.open(uri, BAD_MODULE);
    const diagnostics = await editor.diagnostics(uri);
    expect(rules(diagnostics)).toEqual(BAD_RULES);
    const terminator = diagnostics.find(({ code }) => code === 'funcs-missing-terminator');
    expect(terminator).toMatchObject({
      source: 'livepatch',
      severity: DiagnosticSeverity.Error,
      codeDescription: {
        href: 'https://github.com/kernel-livepatch/kernel-livepatch/blob/main/docs/rules/funcs-missing-terminator.md',
      },
    });
    expect(terminator?.message).toMatch(/\w/);
  });

  it('send nothing that the client did not say it understands', async () => {
    await start();
    const uri = uriOf('bad.c');
    await editor.open(uri, BAD_MODULE);
    for (const diagnostic of await editor.diagnostics(uri)) {
      expect(diagnostic).not.toHaveProperty('codeDescription');
      expect(diagnostic).not.toHaveProperty('relatedInformation');
    }
    expect(editor.requests).toEqual([]);
    expect(
      editor.notifications.map(({ method }) => method).filter((method) => method.startsWith('livepatch/')),
    ).toEqual([]);
  });

  it('find nothing in a correct module', async () => {
    await start();
    await editor.open(uriOf('good.c'), GOOD_MODULE);
    expect(await editor.diagnostics(uriOf('good.c'))).toEqual([]);
  });

  it('leave C alone that has nothing to do with livepatch', async () => {
    await start();
    const uri = uriOf('plain.c');
    await editor.open(uri, PLAIN_C);
    await editor.replace(uri, 'hello', 'goodbye');
    await afterAnother();
    expect(editor.published.filter((params) => params.uri === uri)).toEqual([]);
  });

  it('leave languages alone that are not C', async () => {
    await start();
    await editor.open(uriOf('notes.md'), BAD_MODULE, 'markdown');
    await afterAnother();
    expect(editor.published.filter((params) => params.uri === uriOf('notes.md'))).toEqual([]);
  });

  it('follow edits on lines with characters outside the basic plane', async () => {
    await start();
    const uri = uriOf('emoji.c');
    const text = GOOD_MODULE.replace(
      '.old_name = "cmdline_proc_show",',
      '/* 🩹 ü */ .old_name = "cmdline_proc_show", /* 🐧🐧 */',
    );
    await editor.open(uri, text);
    expect(await editor.diagnostics(uri)).toEqual([]);
    await editor.replace(uri, '/* name is not set: vmlinux */', '/* 🐧 */ .name = "vmlinux",');
    const [finding] = await editor.diagnostics(uri);
    expect(finding?.code).toBe('object-name-vmlinux-string');
    expect(finding && editor.at(uri, finding.range)).toContain('"vmlinux"');
    await editor.replace(uri, '🐧🐧', '🐧');
    await editor.replace(uri, '/* 🩹 ü */ ', '');
    const [again] = await editor.diagnostics(uri);
    expect(again && editor.at(uri, again.range)).toBe(finding && '"vmlinux"');
    await editor.replace(uri, '.name = "vmlinux",', '');
    expect(await editor.diagnostics(uri)).toEqual([]);
  });

  it('come when an edit makes a livepatch of a file, and go when it is none any more', async () => {
    await start();
    const uri = uriOf('becomes.c');
    await editor.open(uri, PLAIN_C);
    await editor.setText(uri, BAD_MODULE);
    expect(rules(await editor.diagnostics(uri))).toEqual(BAD_RULES);
    await editor.setText(uri, PLAIN_C);
    expect(await editor.diagnostics(uri)).toEqual([]);
  });

  it('come for a document although another one is opened and closed meanwhile', async () => {
    await start();
    const [one, two] = [write('one/a.c', BAD_MODULE), write('two/b.c', BAD_MODULE)];
    await editor.open(one, BAD_MODULE);
    await editor.open(two, BAD_MODULE);
    await editor.replace(one, LICENSE, '');
    await editor.close(two);
    expect(await editor.diagnostics(one)).toHaveLength(3);
  });

  it('are taken back when the document is closed', async () => {
    await start();
    const uri = uriOf('bad.c');
    await editor.open(uri, BAD_MODULE);
    await editor.diagnostics(uri);
    await editor.close(uri);
    await editor.until(() => editor.published.at(-1)?.diagnostics.length === 0);
    expect(editor.published.at(-1)).toEqual({ uri, diagnostics: [] });
  });

  it('go with the file to its new name', async () => {
    await start();
    await editor.open(uriOf('old.c'), BAD_MODULE);
    await editor.diagnostics(uriOf('old.c'));
    await editor.close(uriOf('old.c'));
    await editor.open(uriOf('new.c'), BAD_MODULE);
    await editor.diagnostics(uriOf('new.c'));
    const last = new Map(editor.published.map((params) => [params.uri, params.diagnostics.length]));
    expect(last).toEqual(
      new Map([
        [uriOf('old.c'), 0],
        [uriOf('new.c'), 2],
      ]),
    );
  });

  it('are taken back when the file is deleted under an open document, and come back with it', async () => {
    await start();
    const uri = write('bad.c', BAD_MODULE);
    await editor.open(uri, BAD_MODULE);
    await editor.diagnostics(uri);
    await editor.connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [{ uri, type: 3 }] });
    await editor.until(() => editor.published.at(-1)?.diagnostics.length === 0);
    await editor.connection.sendNotification('workspace/didChangeWatchedFiles', { changes: [{ uri, type: 1 }] });
    await editor.until(() => editor.published.at(-1)?.diagnostics.length === 2);
  });
});

describe('pulled diagnostics', () => {
  const capabilities: ClientCapabilities = {
    textDocument: { diagnostic: {}, publishDiagnostics: { codeDescriptionSupport: true } },
    workspace: { diagnostics: { refreshSupport: true } },
  };

  it('are the same, and nothing is pushed beside them', async () => {
    await start({ capabilities });
    expect(editor.result.capabilities.diagnosticProvider).toMatchObject({ interFileDependencies: true });
    const uri = uriOf('bad.c');
    await editor.open(uri, BAD_MODULE);
    const report = await editor.request<DocumentDiagnosticReport>('textDocument/diagnostic', uri);
    expect(report.kind === 'full' && rules(report.items)).toEqual(BAD_RULES);
    const again = await editor.request<DocumentDiagnosticReport>('textDocument/diagnostic', uri, {
      previousResultId: report.resultId,
    });
    expect(again).toEqual({ kind: 'unchanged', resultId: report.resultId });
    await editor.close(uri);
    const closed = await editor.request<DocumentDiagnosticReport>('textDocument/diagnostic', uri);
    expect(closed).toMatchObject({ kind: 'full', items: [] });
    expect(editor.published).toEqual([]);
  });

  it('are pushed to a client that could pull and does not, until it does', async () => {
    await start({ capabilities });
    const uri = uriOf('bad.c');
    await editor.open(uri, BAD_MODULE);
    expect(rules(await editor.diagnostics(uri))).toEqual(BAD_RULES);
    const report = await editor.request<DocumentDiagnosticReport>('textDocument/diagnostic', uri);
    expect(report.kind === 'full' && rules(report.items)).toEqual(BAD_RULES);
    await editor.until(() => editor.published.at(-1)?.diagnostics.length === 0);
    await editor.replace(uri, LICENSE, '');
    await editor.request<DocumentDiagnosticReport>('textDocument/diagnostic', uri);
    expect(editor.published).toHaveLength(2);
  });

  it('are not offered to a client that can not pull', async () => {
    await start();
    expect(editor.result.capabilities.diagnosticProvider).toBeUndefined();
  });

  it('are asked for again when another file of the module changes', async () => {
    await start({ capabilities });
    const { main, part } = twoUnits();
    await editor.open(main.uri, main.text);
    await editor.request('textDocument/diagnostic', main.uri);
    await editor.open(part.uri, part.text);
    await editor.replace(part.uri, LICENSE, '');
    await editor.until(() => editor.requests.includes('workspace/diagnostic/refresh'));
    const report = await editor.request<DocumentDiagnosticReport>('textDocument/diagnostic', main.uri);
    expect(report.kind === 'full' && rules(report.items)).toEqual(['missing-module-license']);
  });
});

/** A module of two units: the tables in one, the replacement and the licence in the other. */
function twoUnits(): { main: { uri: string; text: string }; part: { uri: string; text: string } } {
  const definition = /static int livepatch_cmdline[\s\S]*?\n}\n/.exec(GOOD_MODULE)?.[0] ?? '';
  const main = GOOD_MODULE.replace(
    definition,
    'int livepatch_cmdline_proc_show(struct seq_file *m, void *v);\n',
  ).replace(LICENSE, '');
  const part = `#include <linux/seq_file.h>\n\n${definition.replace('static ', '')}\n${LICENSE}`;
  write('Makefile', 'obj-m += fix.o\nfix-y := main.o part.o\n');
  return { main: { uri: write('main.c', main), text: main }, part: { uri: write('part.c', part), text: part } };
}

describe('modules of several files', () => {
  it('are read whole: what another unit has is not missing', async () => {
    await start();
    const { main } = twoUnits();
    await editor.open(main.uri, main.text);
    expect(await editor.diagnostics(main.uri)).toEqual([]);
  });

  it('take an open document for what it is, not for what is on the disk', async () => {
    await start();
    const { main, part } = twoUnits();
    await editor.open(main.uri, main.text);
    await editor.diagnostics(main.uri);
    await editor.open(part.uri, part.text);
    await editor.replace(part.uri, LICENSE, '');
    await editor.until(() => (editor.published.findLast(({ uri }) => uri === main.uri)?.diagnostics.length ?? 0) > 0);
    await editor.close(part.uri);
    await editor.until(() => editor.published.findLast(({ uri }) => uri === main.uri)?.diagnostics.length === 0);
  });

  it('are read again when a watched file changes', async () => {
    await start({
      capabilities: {
        workspace: { didChangeWatchedFiles: { dynamicRegistration: true, relativePatternSupport: true } },
      },
    });
    const { main, part } = twoUnits();
    await editor.open(main.uri, main.text);
    await editor.diagnostics(main.uri);
    await editor.until(() => editor.registrations.length > 0);
    expect(editor.registrations).toMatchObject([
      {
        method: 'workspace/didChangeWatchedFiles',
        registerOptions: {
          watchers: [{ globPattern: { baseUri: fileUri(folder), pattern: '{*.c,*.h,Kbuild,Makefile}' } }],
        },
      },
    ]);
    write('part.c', part.text.replace(LICENSE, ''));
    await editor.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: part.uri, type: 2 }],
    });
    await editor.until(() => (editor.published.findLast(({ uri }) => uri === main.uri)?.diagnostics.length ?? 0) > 0);
    unlinkSync(join(folder, 'part.c'));
    await editor.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: part.uri, type: 3 }],
    });
    // Now a unit is missing: nothing can be said of what it might hold.
    await editor.until(() => editor.published.findLast(({ uri }) => uri === main.uri)?.diagnostics.length === 0);
  });

  it('read no file outside the folder, neither by .. nor through a link', async () => {
    await start();
    const outside = mkdtempSync(join(tmpdir(), 'livepatch-outside-'));
    writeFileSync(join(outside, 'part.c'), 'int livepatch_outside(void) { return 0; }\n');
    writeFileSync(join(outside, 'other.c'), 'int livepatch_linked(void) { return 0; }\n');
    write('inside.c', 'int livepatch_inside(void) { return 0; }\n');
    symlinkSync(join(outside, 'other.c'), join(folder, 'linked.c'));
    const includes = [`../${outside.split('/').at(-1)}/part.c`, 'linked.c', 'inside.c'];
    const text = `${includes.map((name) => `#include "${name}"\n`).join('')}${GOOD_MODULE}`;
    const uri = write('main.c', text);
    await editor.open(uri, text);
    const definitions: unknown[] = [];
    for (const name of ['livepatch_outside', 'livepatch_linked', 'livepatch_inside']) {
      await editor.setText(uri, editor.text(uri).replace(/new_func = \w+/, `new_func = ${name}`));
      const position = editor.position(uri, `.new_func = live|${name.slice('live'.length)}`);
      definitions.push(await editor.request('textDocument/definition', uri, { position }));
    }
    rmSync(outside, { recursive: true });
    expect(definitions).toMatchObject([[], [], [{ uri: uriOf('inside.c') }]]);
  });
});
