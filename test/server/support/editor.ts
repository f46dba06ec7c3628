import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  type ClientCapabilities,
  type CodeAction,
  createMessageConnection,
  type Diagnostic,
  type InitializeResult,
  type MessageConnection,
  type Position,
  type PublishDiagnosticsParams,
  type Range,
  type Registration,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';

export interface EditorOptions {
  /** What the client says it can do; a modest editor that knows nothing beyond LSP 3.0 when not given. */
  readonly capabilities?: ClientCapabilities;
  readonly initializationOptions?: unknown;
  readonly workspaceFolders?: readonly string[];
  /** Answer to workspace/configuration. */
  readonly settings?: unknown;
}

/** All that VS Code with our extension can do, as far as it matters here. */
export const RICH: EditorOptions = {
  capabilities: {
    textDocument: {
      hover: { contentFormat: ['markdown', 'plaintext'] },
      documentSymbol: { hierarchicalDocumentSymbolSupport: true },
      completion: { completionItem: { snippetSupport: true } },
      codeAction: { isPreferredSupport: true },
    },
    workspace: { workspaceEdit: { documentChanges: true } },
  },
  initializationOptions: { livepatchClient: true, simulateCommand: true, richHover: true },
};

/** An editor without a screen: starts the real server, keeps texts, remembers what it was sent. */
export class Editor {
  readonly process: ChildProcess;
  readonly connection: MessageConnection;
  readonly published: PublishDiagnosticsParams[] = [];
  readonly messages: string[] = [];
  readonly registrations: Registration[] = [];
  readonly requests: string[] = [];
  readonly notifications: { method: string; params: unknown }[] = [];
  settings: unknown;
  result: InitializeResult = { capabilities: {} };
  private readonly texts = new Map<string, TextDocument>();
  private readonly listeners = new Set<() => void>();

  private constructor(script: string, options: EditorOptions, args: readonly string[]) {
    this.settings = options.settings ?? null;
    this.process = spawn(process.execPath, [script, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const { stdin, stdout } = this.process;
    if (!stdin || !stdout) throw new Error('no pipes to the server');
    this.connection = createMessageConnection(new StreamMessageReader(stdout), new StreamMessageWriter(stdin));
    this.connection.onNotification((method, params) => {
      this.notifications.push({ method, params });
      if (method === 'textDocument/publishDiagnostics') this.published.push(params as PublishDiagnosticsParams);
      if (method === 'window/showMessage') this.messages.push((params as { message: string }).message);
      for (const listener of this.listeners) listener();
    });
    this.connection.onRequest((method, params) => {
      this.requests.push(method);
      if (method === 'client/registerCapability') {
        this.registrations.push(...(params as { registrations: Registration[] }).registrations);
      }
      for (const listener of this.listeners) listener();
      if (method === 'workspace/configuration') {
        return (params as { items: unknown[] }).items.map(() => this.settings);
      }
      return null;
    });
    this.connection.listen();
  }

  static async start(script: string, options: EditorOptions = {}, args = ['--stdio']): Promise<Editor> {
    const editor = new Editor(script, options, args);
    editor.result = await editor.connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: null,
      capabilities: options.capabilities ?? {},
      initializationOptions: options.initializationOptions,
      workspaceFolders: options.workspaceFolders?.map((path) => ({ uri: fileUri(path), name: path })) ?? null,
    });
    await editor.connection.sendNotification('initialized', {});
    return editor;
  }

  async stop(): Promise<number | null> {
    if (this.process.exitCode !== null) return this.process.exitCode;
    const ended = once(this.process, 'exit');
    await this.connection.sendRequest('shutdown');
    await this.connection.sendNotification('exit');
    await ended;
    this.connection.dispose();
    return this.process.exitCode;
  }

  async open(uri: string, text: string, languageId = 'c'): Promise<void> {
    this.texts.set(uri, TextDocument.create(uri, languageId, 1, text));
    await this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId, version: 1, text },
    });
  }

  text(uri: string): string {
    return this.document(uri).getText();
  }

  document(uri: string): TextDocument {
    const document = this.texts.get(uri);
    if (!document) throw new Error(`${uri} is not open`);
    return document;
  }

  /** Incremental edits, applied one after the other. */
  async change(uri: string, ...edits: { range: Range; text: string }[]): Promise<void> {
    const document = this.document(uri);
    TextDocument.update(document, edits, document.version + 1);
    await this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version: document.version },
      contentChanges: edits,
    });
  }

  /** Replaces the first `old` by `replacement`, as typing would. */
  async replace(uri: string, old: string, replacement: string): Promise<void> {
    const start = this.text(uri).indexOf(old);
    if (start < 0) throw new Error(`"${old}" is not in ${uri}`);
    const document = this.document(uri);
    const range = { start: document.positionAt(start), end: document.positionAt(start + old.length) };
    await this.change(uri, { range, text: replacement });
  }

  async close(uri: string): Promise<void> {
    this.texts.delete(uri);
    await this.connection.sendNotification('textDocument/didClose', { textDocument: { uri } });
  }

  /** The place of the `|` in `context`, a text that is in the document once. */
  position(uri: string, context: string): Position {
    const caret = context.indexOf('|');
    const start = this.text(uri).indexOf(context.replace('|', ''));
    if (caret < 0 || start < 0) throw new Error(`"${context}" is not in ${uri}`);
    return this.document(uri).positionAt(start + caret);
  }

  /** What stands at a range. */
  at(uri: string, range: Range): string {
    return this.document(uri).getText(range);
  }

  request<R>(method: string, uri: string, params: object = {}): Promise<R> {
    return this.connection.sendRequest(method, { textDocument: { uri }, ...params });
  }

  /**
   * The server stands still until `send` is done, and so finds all of its messages waiting together: what overtakes what does
   * not depend on how fast this process sends.
   */
  async together(send: () => Promise<void>): Promise<void> {
    this.process.kill('SIGSTOP');
    await send();
    this.process.kill('SIGCONT');
  }

  /** The diagnostics that the server pushes for the document as it is now. */
  async diagnostics(uri: string): Promise<Diagnostic[]> {
    const { version } = this.document(uri);
    const find = (): PublishDiagnosticsParams | undefined =>
      this.published.findLast((params) => params.uri === uri && params.version === version);
    await this.until(() => find() !== undefined);
    return find()?.diagnostics ?? [];
  }

  /** Waits until something that messages of the server bring about is so. */
  async until(condition: () => boolean): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve) => {
      const listener = (): void => {
        if (!condition()) return;
        this.listeners.delete(listener);
        resolve();
      };
      this.listeners.add(listener);
    });
  }

  async apply(action: CodeAction): Promise<void> {
    for (const change of action.edit?.documentChanges ?? []) {
      if (!('edits' in change)) throw new Error('only text edits are expected');
      const edits = change.edits.map((edit) => {
        if (!('newText' in edit)) throw new Error('only plain edits are expected');
        return edit;
      });
      await this.setText(
        change.textDocument.uri,
        TextDocument.applyEdits(this.document(change.textDocument.uri), edits),
      );
    }
    for (const [uri, edits] of Object.entries(action.edit?.changes ?? {})) {
      await this.setText(uri, TextDocument.applyEdits(this.document(uri), edits));
    }
  }

  async setText(uri: string, text: string): Promise<void> {
    const document = this.document(uri);
    const range = { start: { line: 0, character: 0 }, end: document.positionAt(document.getText().length) };
    await this.change(uri, { range, text });
  }
}

export function fileUri(path: string): string {
  return `file://${path}`;
}
