import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import {
  createProtocolConnection,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  type TextDocumentContentChangeEvent,
} from 'vscode-languageserver/node';
import type { InitializationOptions } from '../../shared/src/protocol.ts';
import type { BenchServer } from './servers.ts';

/** No answer of a server takes this long, in milliseconds. */
const LIMIT = 60_000;

/** A language client over stdio that measures. Times are milliseconds. */
export class BenchClient {
  readonly child: ChildProcess;
  readonly connection: ProtocolConnection;
  /** Who waits for the findings of which version. */
  private waiting: { uri: string; version: number; done: (params: PublishDiagnosticsParams) => void } | null = null;

  /** Starts the server. What clangd has to say about the code goes nowhere. */
  constructor({ name, command, args }: BenchServer) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', name === 'clangd' ? 'ignore' : 'inherit'] });
    if (!child.stdin || !child.stdout) throw new Error(`${command} has no pipes`);
    this.child = child;
    this.connection = createProtocolConnection(child.stdout, child.stdin);
    this.connection.onNotification('textDocument/publishDiagnostics', (params: PublishDiagnosticsParams) => {
      const waiting = this.waiting;
      if (waiting && params.uri === waiting.uri && (params.version ?? waiting.version) === waiting.version) {
        this.waiting = null;
        waiting.done(params);
      }
    });
    // Settings: every server may ask, there are none.
    this.connection.onRequest('workspace/configuration', (params: { items: unknown[] }) =>
      params.items.map(() => null),
    );
    this.connection.onRequest('client/registerCapability', () => null);
    this.connection.onRequest('window/workDoneProgress/create', () => null);
    this.connection.onUnhandledNotification(() => {});
    this.connection.listen();
  }

  async initialize(initializationOptions: InitializationOptions = {}): Promise<void> {
    await this.connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: null,
      initializationOptions,
      capabilities: {
        textDocument: {
          publishDiagnostics: { versionSupport: true },
          hover: { contentFormat: ['markdown'] },
          documentSymbol: { hierarchicalDocumentSymbolSupport: true },
        },
        workspace: { configuration: true },
      },
    });
    await this.connection.sendNotification('initialized', {});
  }

  /** Opens a document and waits for its findings. Returns how many there are. */
  async open(uri: string, text: string): Promise<number> {
    const findings = this.findings(uri, 1);
    await this.connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'c', version: 1, text },
    });
    return (await findings).diagnostics.length;
  }

  change(uri: string, version: number, changes: TextDocumentContentChangeEvent[]): Promise<void> {
    return this.connection.sendNotification('textDocument/didChange', {
      textDocument: { uri, version },
      contentChanges: changes,
    });
  }

  /** The findings of one version of a document: ask before it is sent. */
  findings(uri: string, version: number): Promise<PublishDiagnosticsParams> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No findings of ${uri} version ${version}`)), LIMIT);
      this.waiting = {
        uri,
        version,
        done: (params) => {
          clearTimeout(timer);
          resolve(params);
        },
      };
    });
  }

  /** Resident memory of the server in MB. */
  memory(): number {
    const status = readFileSync(`/proc/${this.child.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  }

  /** Processor time that the server took so far, in milliseconds (in steps of 10). */
  processorTime(): number {
    const fields = readFileSync(`/proc/${this.child.pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    await this.connection.sendRequest('shutdown');
    await this.connection.sendNotification('exit');
    const timer = setTimeout(() => this.child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(timer);
    this.connection.dispose();
  }
}
