import {
  CodeLensRefreshRequest,
  type Connection,
  type DidChangeTextDocumentParams,
  type DidChangeWatchedFilesParams,
  type DidOpenTextDocumentParams,
  FileChangeType,
  type InitializeParams,
  type InitializeResult,
  InlayHintRefreshRequest,
  MessageType,
} from 'vscode-languageserver';
import { type Settings, STATUS_NOTIFICATION, type StatusParams } from '../../../shared/src/protocol.ts';
import type { CParser } from '../analysis/parser.ts';
import { DiffChecks } from '../workspace/diff-checks.ts';
import { DiskFiles } from '../workspace/file-source.ts';
import { Forecasts } from '../workspace/forecasts.ts';
import { ModuleChecks } from '../workspace/module-checks.ts';
import { ModuleStore } from '../workspace/module-store.ts';
import { SourceKnowledge } from '../workspace/source-knowledge.ts';
import { isKernelTree, SourceTree } from '../workspace/source-tree.ts';
import { patchedFunctions, patchedModules } from '../workspace/target-kernel.ts';
import { TargetWatch } from '../workspace/target-watch.ts';
import { WorkspaceModules } from '../workspace/workspace-modules.ts';
import { clientAbilities, initializationOptions } from './client-abilities.ts';
import type { FeatureContext } from './context.ts';
import { Documents, UriNames } from './documents.ts';
import { FolderWatchers, ReadableFolders } from './folders.ts';
import { showMessage } from './messages.ts';
import { Publisher } from './publisher.ts';
import { registerRequests } from './register-requests.ts';
import type { RequestHost } from './run-request.ts';
import { serverCapabilities } from './server-capabilities.ts';
import { type ReadSettings, readSettings } from './settings.ts';
import { SettingsSync } from './settings-sync.ts';

export interface SessionOptions {
  /** Rejects when the parser can't be loaded: the server then goes on without checks and says so. */
  readonly parser: Promise<CParser>;
  /** Of the package, for the log and the client's status. */
  readonly version: string;
  /** The folder of the bundle: the reference kernel lies in it. */
  readonly folder: string;
}

/** Serves one client over a connection, from `initialize` to the end. */
export function startSession(connection: Connection, options: SessionOptions): void {
  new Session(connection, options).listen();
}

/** A client that never answers must not keep everybody waiting for findings. Milliseconds. */
const PATIENCE = 2000;

/** One question for the edits of this time, not one for each key. Milliseconds. */
const REFRESH_DELAY = 100;

/** The names of patched modules are looked at when somebody stops typing. Milliseconds. */
const WANT_DELAY = 400;

/** What there is once the client said who it is. */
interface Running {
  readonly context: FeatureContext;
  readonly publisher: Publisher;
  readonly settingsSync: SettingsSync;
  readonly watchers: FolderWatchers;
}

class Session {
  private readonly connection: Connection;
  private readonly version: string;
  private readonly parser: Promise<CParser>;
  private readonly names = new UriNames();
  private readonly disk = new DiskFiles([]);
  private readonly store: ModuleStore;
  private readonly checks: ModuleChecks;
  private readonly diffs = new DiffChecks();
  private readonly documents: Documents;
  private readonly roots: ReadableFolders;
  private readonly workspace: WorkspaceModules;
  private source: SourceTree | null = null;
  private readonly sourceKnowledge = new SourceKnowledge();
  private running: Running | null = null;
  private settings: Settings;
  private read: ReadSettings;
  private readonly target: TargetWatch;
  private toldOfTarget = '';
  /** Findings wait for the first settings, so that they do not come twice. */
  private readonly ready: Promise<void>;
  private makeReady: () => void = () => {};
  private isReady = false;
  private parserFailed = false;
  private refresh: NodeJS.Timeout | undefined;
  private wanting: NodeJS.Timeout | undefined;
  private problem: string | null = null;
  private sentStatus = '';

  constructor(connection: Connection, { parser, version, folder }: SessionOptions) {
    this.connection = connection;
    this.version = version;
    this.parser = parser;
    this.store = new ModuleStore(parser, this.disk, this.names);
    this.documents = new Documents(this.store, this.diffs, this.names);
    this.roots = new ReadableFolders(this.disk, this.store, this.names);
    this.workspace = new WorkspaceModules(parser, this.store, this.names);
    this.read = readSettings(undefined);
    this.settings = this.read.settings;
    this.target = new TargetWatch(folder, () => this.targetLearned());
    this.checks = new ModuleChecks(this.store, {
      kernel: { version: this.read.kernel, knowledge: null },
      severities: {},
    });
    this.ready = new Promise((resolve) => {
      this.makeReady = resolve;
    });
    parser.catch(async (error: unknown) => {
      this.parserFailed = true;
      // Nothing may be said to a client that has not said who it is.
      await this.ready;
      this.reportParser(error);
    });
  }

  listen(): void {
    const { connection } = this;
    connection.onInitialize((params) => this.initialize(params));
    connection.onInitialized(() => this.initialized());
    connection.onShutdown(() => {
      clearTimeout(this.refresh);
      clearTimeout(this.wanting);
      this.target.stop();
      this.running?.publisher.stop();
    });
    connection.onDidOpenTextDocument((params) => this.didOpen(params));
    connection.onDidChangeTextDocument((params) => this.didChange(params));
    connection.onDidCloseTextDocument((params) => this.didClose(params.textDocument.uri));
    connection.onDidChangeConfiguration(({ settings }) =>
      this.running?.settingsSync.didChange(settings).catch((error: unknown) => this.failed('settings', error)),
    );
    connection.onDidChangeWatchedFiles((params) => this.watchedFilesChanged(params));
    const host: RequestHost = {
      generationOf: (uri) => this.documents.generationOf(uri),
      log: (message) => connection.console.log(message),
      failed: (request, error) => this.failed(request, error),
    };
    registerRequests(
      connection,
      host,
      () => this.context(),
      () => this.running?.publisher.didPull(),
    );
    connection.listen();
  }

  private initialize(params: InitializeParams): InitializeResult {
    const client = clientAbilities(params);
    const context: FeatureContext = {
      client,
      documents: this.documents,
      store: this.store,
      checks: this.checks,
      diffs: this.diffs,
      forecasts: new Forecasts(),
      settings: () => this.settings,
      knowledge: () => this.target.knowledge,
      sourceTree: () => this.sourceTree(),
      workspaceModules: (isWanted) => this.workspace.read(this.roots.workspaceFolders(), isWanted),
    };
    this.running = {
      context,
      publisher: new Publisher(this.connection, context, (what, error) => this.failed(what, error)),
      settingsSync: new SettingsSync(this.connection, client, (settings) => this.useSettings(settings)),
      watchers: new FolderWatchers(this.connection, client, this.disk, (error) => this.failed('watching', error)),
    };
    this.roots.setWorkspace(params);
    this.running.settingsSync.use(initializationOptions(params).settings);
    return {
      serverInfo: { name: 'Kernel Livepatch', version: this.version },
      capabilities: serverCapabilities(client),
    };
  }

  private async initialized(): Promise<void> {
    const { connection } = this;
    connection.console.log(
      `Kernel Livepatch ${this.version}, Node ${process.version}, checks for Linux ${this.settings.kernelVersion}`,
    );
    if (this.running?.context.client.workspaceFolders) {
      connection.workspace.onDidChangeWorkspaceFolders((change) => {
        this.roots.changeWorkspace(change);
        this.publishAll();
      });
    }
    const impatience = setTimeout(() => this.nowReady(), PATIENCE);
    try {
      await this.running?.settingsSync.start();
    } catch (error) {
      this.failed('settings', error);
    }
    clearTimeout(impatience);
    this.nowReady();
  }

  private nowReady(): void {
    if (this.isReady) return;
    this.isReady = true;
    this.makeReady();
    this.publishAll();
  }

  /** The source that is named, or the first folder of the workspace that is a kernel's. */
  private sourceTree(): SourceTree | null {
    const root = this.read.kernelSource ?? this.roots.workspaceFolders().find(isKernelTree);
    if (root !== this.source?.root) this.source = root === undefined ? null : new SourceTree(root, this.parser);
    return this.source;
  }

  private async context(): Promise<FeatureContext> {
    await this.ready;
    if (!this.running) throw new Error('the client has not sent initialize');
    return this.running.context;
  }

  private didOpen(params: DidOpenTextDocumentParams): void {
    const { uri } = params.textDocument;
    if (!this.documents.didOpen(params)) return;
    this.documentsChanged();
    this.publish(uri, 'now');
    this.publishAlsoFor(this.store.dependents(uri));
  }

  private didChange(params: DidChangeTextDocumentParams): void {
    const { uri } = params.textDocument;
    if (!this.documents.didChange(params)) return;
    this.documentsChanged();
    this.publish(uri, 'soon');
    this.publishAlsoFor(this.relatedTo(uri));
  }

  private didClose(uri: string): void {
    const related = this.relatedTo(uri);
    if (!this.documents.didClose(uri)) return;
    this.running?.publisher.clear(uri);
    this.documentsChanged();
    this.publishAlsoFor(related);
  }

  /** Open documents whose findings an edit in this one may change: both ways, a part shows what its module finds in it. */
  private relatedTo(uri: string): string[] {
    const dependents = this.store.dependents(uri);
    const parts = this.store.isLivepatch(uri) ? this.store.openPartsOf(uri) : [];
    return [...new Set([...dependents, ...parts])];
  }

  private watchedFilesChanged({ changes }: DidChangeWatchedFilesParams): void {
    const affected = new Set<string>();
    for (const { uri, type } of changes) {
      const path = this.names.pathOf(uri);
      if (path === null) continue;
      for (const document of this.store.diskChanged(path)) affected.add(document);
      const open = this.names.fileAt(path);
      if (!this.documents.get(open)) continue;
      this.documents.setGone(open, type === FileChangeType.Deleted);
      affected.add(open);
    }
    this.publishAlsoFor([...affected]);
  }

  private useSettings(read: ReadSettings): void {
    this.read = read;
    this.settings = read.settings;
    this.target.use({
      version: read.kernel,
      named: read.kernelNamed,
      files: read.kernelFiles,
      lookAround: read.lookAround,
    });
    this.checkAgain();
    if (this.store.livepatchDocuments().length > 0) this.wantModules();
    if (this.isReady && this.running?.context.client.refreshCodeLenses) {
      void this.connection.sendRequest(CodeLensRefreshRequest.type);
    }
    this.sendStatus();
  }

  /** What checks go by is another. */
  private checkAgain(): void {
    this.checks.setOptions({
      kernel: { version: this.read.kernel, knowledge: this.target.knowledge, source: this.sourceKnowledge.facts },
      severities: this.settings.rules,
      onError: (rule, error) => this.failed(`rule ${rule}`, error),
    });
    this.diffs.setOptions({ enabled: this.settings.diffs, severities: this.settings.rules });
    this.publishAll();
  }

  /** What files tell of the modules that open livepatches patch is read, too, and what the source says of the functions. */
  private wantModules(): void {
    clearTimeout(this.wanting);
    this.wanting = setTimeout(async () => {
      const wanted = new Set<string>();
      const functions = new Set<string>();
      for (const uri of this.store.livepatchDocuments()) {
        const module = await this.store.moduleOf(uri).catch(() => null);
        for (const name of module ? patchedModules(module) : []) wanted.add(name);
        for (const name of module ? patchedFunctions(module) : []) functions.add(name);
      }
      this.target.want(wanted);
      if (await this.sourceKnowledge.want(functions, () => this.sourceTree())) this.checkAgain();
    }, WANT_DELAY);
  }

  private targetLearned(): void {
    const { knowledge, problems } = this.target;
    this.connection.console.log(`Target kernel: ${knowledge?.label ?? 'nothing is known'}`);
    const message = problems.join(' ');
    if (message !== '' && message !== this.toldOfTarget) {
      showMessage(this.connection, MessageType.Warning, `Kernel Livepatch: ${message}`);
    }
    this.toldOfTarget = message;
    this.checkAgain();
    if (this.running?.context.client.refreshInlayHints) void this.connection.sendRequest(InlayHintRefreshRequest.type);
  }

  /** The set of open livepatch documents may be another. */
  private documentsChanged(): void {
    const { running } = this;
    if (this.store.livepatchDocuments().length > 0) {
      this.target.start();
      this.wantModules();
    }
    if (this.roots.update()) this.publishAll();
    running?.watchers.watch(this.roots.livepatchFolders());
    this.sendStatus();
  }

  private publish(uri: string, when: 'now' | 'soon'): void {
    if (!this.isReady) return;
    if (when === 'now') this.running?.publisher.publishNow(uri);
    else this.running?.publisher.publishSoon(uri);
  }

  /** For documents that were not edited themselves: clients that pull are asked to do it again. */
  private publishAlsoFor(documents: readonly string[]): void {
    if (documents.length === 0 || !this.isReady) return;
    for (const uri of documents) this.publish(uri, 'soon');
    const { client } = this.running?.context ?? {};
    if (!client?.pullDiagnostics || !client.refreshDiagnostics) return;
    this.refresh ??= setTimeout(() => {
      this.refresh = undefined;
      void this.connection.languages.diagnostics.refresh();
    }, REFRESH_DELAY);
  }

  private publishAll(): void {
    this.publishAlsoFor(this.documents.all());
  }

  private reportParser(error: unknown): void {
    this.problem = `Kernel Livepatch checks nothing. ${error instanceof Error ? error.message : error}`;
    this.connection.console.error(this.problem);
    showMessage(this.connection, MessageType.Error, this.problem);
    this.sendStatus();
  }

  private failed(what: string, error: unknown): void {
    // Without the parser everything fails, and that was said.
    if (this.parserFailed) return;
    const message = error instanceof Error ? error.message : String(error);
    this.connection.console.error(`${what} failed: ${error instanceof Error ? (error.stack ?? message) : message}`);
    this.problem = `${what} failed: ${message}`;
    this.sendStatus();
  }

  private sendStatus(): void {
    if (!this.running?.context.client.livepatchClient) return;
    const status: StatusParams = {
      version: this.version,
      kernel: this.settings.kernelVersion,
      documents: this.store.livepatchDocuments().length,
      problem: this.problem,
    };
    const text = JSON.stringify(status);
    if (text === this.sentStatus) return;
    this.sentStatus = text;
    void this.connection.sendNotification(STATUS_NOTIFICATION, status);
  }
}
