import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  CancellationTokenSource,
  createMessageConnection,
  type DocumentDiagnosticReport,
  type Hover,
  IPCMessageReader,
  IPCMessageWriter,
  LSPErrorCodes,
  SocketMessageReader,
  SocketMessageWriter,
} from 'vscode-languageserver/node';
import { type Bundle, buildBundle } from './support/bundle.ts';
import { Editor, type EditorOptions } from './support/editor.ts';
import { BAD_MODULE, GOOD_MODULE } from './support/modules.ts';

let bundle: Bundle;
let editor: Editor;
const URI = 'file:///nowhere/module.c';
const ORIGIN = { line: 0, character: 0 };

beforeAll(async () => {
  bundle = await buildBundle();
});
afterAll(() => bundle.remove());
afterEach(() => editor?.stop());

const start = async (options: EditorOptions = {}): Promise<void> => {
  editor = await Editor.start(bundle.server, options);
};

describe('requests', () => {
  it('that are cancelled at once are answered so, once', async () => {
    await start();
    await editor.open(URI, GOOD_MODULE);
    const source = new CancellationTokenSource();
    const answer = editor.connection.sendRequest(
      'textDocument/hover',
      { textDocument: { uri: URI }, position: editor.position(URI, 'klp_patch pat|ch') },
      source.token,
    );
    source.cancel();
    await expect(answer).rejects.toMatchObject({ code: LSPErrorCodes.RequestCancelled });
  });

  it('that an edit overtakes are not answered with what was', async () => {
    await start({ capabilities: { textDocument: { diagnostic: {} } } });
    await editor.open(URI, GOOD_MODULE);
    const position = editor.position(URI, 'klp_patch pat|ch');
    const requests: Promise<unknown>[] = [];
    await editor.together(() => {
      requests.push(editor.request('textDocument/hover', URI, { position }));
      requests.push(editor.request('textDocument/diagnostic', URI));
      return editor.replace(URI, 'MODULE_INFO(livepatch, "Y");\n', '');
    });
    expect(await Promise.allSettled(requests)).toMatchObject([
      { status: 'rejected', reason: { code: LSPErrorCodes.ContentModified } },
      { status: 'rejected', reason: { code: LSPErrorCodes.ServerCancelled, data: { retriggerRequest: true } } },
    ]);
    const report = await editor.request<DocumentDiagnosticReport>('textDocument/diagnostic', URI);
    expect(report.kind === 'full' && report.items.map(({ code }) => code)).toEqual(['missing-livepatch-modinfo']);
  });

  it.each([
    ['textDocument/hover', { position: ORIGIN }, null],
    ['textDocument/completion', { position: ORIGIN }, []],
    ['textDocument/definition', { position: ORIGIN }, []],
    ['textDocument/documentSymbol', {}, []],
    ['textDocument/foldingRange', {}, []],
    ['textDocument/codeLens', {}, []],
    ['textDocument/codeAction', { range: { start: ORIGIN, end: ORIGIN }, context: { diagnostics: [] } }, []],
    ['textDocument/diagnostic', {}, expect.objectContaining({ kind: 'full', items: [] })],
    [
      'livepatch/images',
      {},
      { version: null, images: [], simulation: { kernel: '6.12', workload: 'web-server', seeds: 50 } },
    ],
  ])('%s about a document that is not open has an answer', async (method, params, answer) => {
    await start();
    expect(await editor.request(method, 'file:///nobody/opened/this.c', params)).toEqual(answer);
  });

  it('with wrong parameters do not end the server', async () => {
    await start();
    await editor.open(URI, GOOD_MODULE);
    await editor.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri: 'file:///unknown.c', version: 7 },
      contentChanges: [],
    });
    await editor.connection.sendNotification('textDocument/didClose', { textDocument: { uri: 'file:///unknown.c' } });
    await editor.connection.sendNotification('textDocument/didOpen', {});
    await editor.connection.sendNotification('workspace/didChangeConfiguration', { settings: 17 });
    await editor.connection.sendNotification('workspace/didChangeWatchedFiles', {
      changes: [{ uri: 'nonsense', type: 3 }],
    });
    await expect(editor.connection.sendRequest('textDocument/hover', {})).resolves.toBeNull();
    await expect(
      editor.connection.sendRequest('codeLens/resolve', { range: { start: ORIGIN, end: ORIGIN }, data: 3 }),
    ).resolves.toBeDefined();
    await expect(editor.connection.sendRequest('textDocument/noSuchThing', {})).rejects.toMatchObject({ code: -32601 });
    expect(await editor.diagnostics(URI)).toEqual([]);
  });
});

describe('documents', () => {
  it('under URIs that are no files are served, too', async () => {
    await start();
    await editor.open('untitled:Untitled-1', BAD_MODULE);
    expect(await editor.diagnostics('untitled:Untitled-1')).toHaveLength(2);
  });

  it('survive any edits: what the server finds is what it finds in the text from scratch', async () => {
    await start();
    const pieces = fc.constantFrom(
      ...[
        '',
        '{',
        '}',
        ';',
        ',',
        '\n',
        '"',
        '/*',
        '*/',
        '#if 1\n',
        '#endif\n',
        '🐧',
        'ü',
        '\r\n',
        '.name = "vmlinux",',
        '{ }',
        'struct klp_patch p = {',
      ],
      ...GOOD_MODULE.split('\n').map((line) => `${line}\n`),
    );
    const edits = fc.array(fc.tuple(fc.nat(), fc.nat(60), pieces), { minLength: 1, maxLength: 25 });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(edits, async (list) => {
        const uri = `file:///nowhere/edited-${round++}.c`;
        await editor.open(uri, BAD_MODULE);
        for (const [at, length, text] of list) {
          const document = editor.document(uri);
          const startOffset = at % (document.getText().length + 1);
          const range = {
            start: document.positionAt(startOffset),
            end: document.positionAt(startOffset + length),
          };
          await editor.change(uri, { range, text });
        }
        // Whatever was deleted, it is a livepatch in the end: nothing is sent for other documents.
        await editor.change(uri, { range: { start: ORIGIN, end: ORIGIN }, text: '#include <linux/livepatch.h>\n' });
        const edited = await editor.diagnostics(uri);
        const fresh = `${uri}?fresh`;
        await editor.open(fresh, editor.text(uri));
        expect(edited).toEqual(await editor.diagnostics(fresh));
        await editor.close(uri);
        await editor.close(fresh);
      }),
      { numRuns: 20 },
    );
  });

  it('may be edited beyond their end', async () => {
    await start();
    await editor.open(URI, GOOD_MODULE);
    const range = { start: { line: 5000, character: 7 }, end: { line: 9000, character: 1 } };
    await editor.change(URI, { range, text: '\nMODULE_INFO(test, "x");\n' });
    await editor.replace(URI, 'MODULE_INFO(livepatch, "Y");\n', '');
    expect((await editor.diagnostics(URI)).map(({ code }) => code)).toEqual(['missing-livepatch-modinfo']);
  });
});

describe('settings', () => {
  const codes = async (): Promise<unknown[]> =>
    (await editor.diagnostics(URI)).map(({ code, severity }) => [code, severity]);

  it('come from workspace/configuration, and act before the first findings', async () => {
    await start({
      capabilities: { workspace: { configuration: true } },
      settings: { rules: { 'funcs-missing-terminator': 'off', 'missing-livepatch-modinfo': 'hint' } },
    });
    await editor.open(URI, BAD_MODULE);
    expect(await codes()).toEqual([['missing-livepatch-modinfo', 4]]);
    expect(editor.published).toHaveLength(1);
  });

  it('act at once when they change', async () => {
    await start({
      capabilities: { workspace: { configuration: true, didChangeConfiguration: { dynamicRegistration: true } } },
    });
    expect(editor.result.capabilities).toBeDefined();
    await editor.open(URI, BAD_MODULE);
    expect(await codes()).toHaveLength(2);
    expect(editor.registrations.map(({ method }) => method)).toEqual(['workspace/didChangeConfiguration']);
    editor.settings = { rules: { 'funcs-missing-terminator': 'off' } };
    await editor.connection.sendNotification('workspace/didChangeConfiguration', { settings: null });
    await editor.until(() => editor.published.at(-1)?.diagnostics.length === 1);
  });

  it('come with the notification for clients that can not be asked', async () => {
    await start();
    await editor.open(URI, BAD_MODULE);
    await editor.diagnostics(URI);
    await editor.connection.sendNotification('workspace/didChangeConfiguration', {
      settings: { livepatch: { rules: { 'missing-livepatch-modinfo': 'off' } } },
    });
    await editor.until(() => editor.published.at(-1)?.diagnostics.length === 1);
  });

  it('that make no sense are named once, and the defaults hold', async () => {
    await start({
      initializationOptions: {
        settings: {
          kernel: { version: 'newest' },
          simulation: { workload: 'toaster', seeds: -1 },
          rules: [],
          codeLens: 3,
        },
      },
    });
    await editor.open(URI, BAD_MODULE);
    expect(await codes()).toHaveLength(2);
    expect(editor.messages).toHaveLength(1);
    for (const part of ['livepatch.kernel.version is "newest"', '"toaster"', 'seeds is -1', 'livepatch.rules']) {
      expect(editor.messages[0]).toContain(part);
    }
    const hover = await editor.request<Hover>('textDocument/hover', URI, {
      position: editor.position(URI, 'klp_patch pat|ch'),
    });
    expect(JSON.stringify(hover.contents)).toContain('on Linux 6.12');
  });
});

describe('life of the server', () => {
  it('ends with 0 after shutdown and exit', async () => {
    await start();
    expect(await editor.stop()).toBe(0);
  });

  it('ends with 1 after exit alone', async () => {
    await start();
    const ended = once(editor.process, 'exit');
    await editor.connection.sendNotification('exit');
    expect((await ended)[0]).toBe(1);
  });

  it('ends when the client is gone', async () => {
    await start();
    const ended = once(editor.process, 'exit');
    editor.connection.dispose();
    editor.process.stdin?.destroy();
    editor.process.stdout?.destroy();
    expect((await ended)[0]).toBe(1);
  });

  it('serves over a socket as well', async () => {
    await start();
    const listener = createServer();
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    const address = listener.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const connected = once(listener, 'connection');
    const server = spawn(process.execPath, [bundle.server, `--socket=${port}`], { stdio: 'ignore' });
    const [socket] = await connected;
    const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
    connection.listen();
    const result = await connection.sendRequest('initialize', { processId: null, rootUri: null, capabilities: {} });
    expect(result).toMatchObject({ serverInfo: { name: 'Kernel Livepatch' } });
    const ended = once(server, 'exit');
    await connection.sendRequest('shutdown');
    await connection.sendNotification('exit');
    expect((await ended)[0]).toBe(0);
    listener.close();
  });

  it('serves over the channel between Node processes as well', async () => {
    await start();
    const server = fork(bundle.server, ['--node-ipc'], { stdio: 'ignore' });
    const connection = createMessageConnection(new IPCMessageReader(server), new IPCMessageWriter(server));
    connection.listen();
    const result = await connection.sendRequest('initialize', { processId: null, rootUri: null, capabilities: {} });
    expect(result).toMatchObject({ capabilities: { positionEncoding: 'utf-16' } });
    const ended = once(server, 'exit');
    await connection.sendRequest('shutdown');
    await connection.sendNotification('exit');
    expect((await ended)[0]).toBe(0);
  });

  it('goes on without checks, and says so, when the parser can not be loaded', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'livepatch-broken-'));
    copyFileSync(bundle.server, join(folder, 'server.js'));
    writeFileSync(join(folder, 'web-tree-sitter.wasm'), 'no wasm');
    editor = await Editor.start(join(folder, 'server.js'));
    await editor.open(URI, BAD_MODULE);
    await editor.until(() => editor.messages.length > 0);
    expect(editor.messages[0]).toMatch(
      /^Kernel Livepatch checks nothing\. The C parser could not be loaded from .* install it again\.$/,
    );
    expect(await editor.request('textDocument/codeLens', URI)).toEqual([]);
    const position = editor.position(URI, 'struct klp|_patch');
    expect(await editor.request('textDocument/hover', URI, { position })).toBeNull();
    expect(editor.messages).toHaveLength(1);
    rmSync(folder, { recursive: true });
  });
});
