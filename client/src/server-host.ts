import * as vscode from 'vscode';
import type { SourceRange } from '../../shared/src/model/index.ts';
import type {
  ClientLocation,
  ImagesChangedParams,
  ImagesResult,
  RecordedWorkloadResult,
  StatusParams,
  WorkspaceImagesResult,
  WorkspaceResult,
} from '../../shared/src/protocol.ts';
import type { ServerState } from './api.ts';
import type { Connection, ServedDocuments } from './language-client.ts';

/** A server that dies more often than this within RESTART_WINDOW is left alone until somebody asks for it. */
const MOST_RESTARTS = 4;
const RESTART_WINDOW = 3 * 60_000;

/**
 * The server's life: started when the first document for it is opened, started again when it dies, left
 * alone when it dies too often. Documents are told anew to each new process, so nothing is lost with the old one.
 */
export class ServerHost implements vscode.Disposable {
  private readonly module: string;
  private readonly documents: ServedDocuments;
  private readonly log: vscode.LogOutputChannel;
  private connection: Connection | null = null;
  private starting: Promise<void> | null = null;
  private deaths: number[] = [];
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly imagesChanged = new vscode.EventEmitter<ImagesChangedParams>();

  readonly onDidChange = this.changed.event;
  readonly onDidChangeImages = this.imagesChanged.event;

  state: ServerState = 'off';
  status: StatusParams | null = null;
  restarts = 0;
  /** Of the client's side: the server could not be started, or died. The server's own problem is in its status. */
  private failure: string | null = null;

  constructor(module: string, documents: ServedDocuments, log: vscode.LogOutputChannel) {
    this.module = module;
    this.documents = documents;
    this.log = log;
  }

  get pid(): number | undefined {
    return this.state === 'running' ? this.connection?.pid : undefined;
  }

  get problem(): string | null {
    return this.failure ?? this.status?.problem ?? null;
  }

  /** Starts the server unless it runs or is kept down. Never rejects: what goes wrong is `problem`. */
  start(): Promise<void> {
    if (this.connection !== null) return this.starting ?? Promise.resolve();
    this.starting ??= this.connect().finally(() => {
      this.starting = null;
    });
    return this.starting;
  }

  /** A new process and a clean slate, whatever the state was. */
  async restart(): Promise<void> {
    await this.starting;
    await this.disconnect();
    this.deaths = [];
    this.failure = null;
    this.log.info('Starting the server again on request.');
    await this.start();
  }

  /** Tells the server of a document that became a livepatch or a diff of the kernel, and starts it for the first one. */
  add(document: vscode.TextDocument): void {
    if (this.state === 'running') this.connection?.open(document);
    else void this.start();
  }

  /** The images of a document's module. Rejects when there is no server to ask. */
  async images(uri: string): Promise<ImagesResult> {
    return (await this.running()).images(uri);
  }

  /** Every livepatch module of the workspace. Rejects when there is no server to ask. */
  async workspace(): Promise<WorkspaceResult> {
    return (await this.running()).workspace();
  }

  /** What every module of the workspace gives the kernel. Rejects when there is no server to ask. */
  async workspaceImages(): Promise<WorkspaceImagesResult> {
    return (await this.running()).workspaceImages();
  }

  /** The machine in a recording. Rejects when there is no server to ask. */
  async recordedWorkload(uri: string): Promise<RecordedWorkloadResult> {
    return (await this.running()).recordedWorkload({ uri });
  }

  async locate(range: SourceRange): Promise<ClientLocation | null> {
    return this.connection === null ? null : this.connection.locate({ range });
  }

  async dispose(): Promise<void> {
    await this.starting;
    await this.disconnect();
    this.changed.dispose();
    this.imagesChanged.dispose();
  }

  private async running(): Promise<Connection> {
    await this.start();
    if (this.connection === null || this.state === 'stopped') {
      throw new Error(this.problem ?? 'The livepatch server does not run.');
    }
    return this.connection;
  }

  private async connect(): Promise<void> {
    try {
      const { createConnection } = await import('./language-client.ts');
      this.connection = createConnection({
        module: this.module,
        log: this.log,
        documents: this.documents,
        onState: (state) => this.enter(state),
        onStatus: (status) => {
          if (status.problem !== null && status.problem !== this.status?.problem) this.log.warn(status.problem);
          if (this.status === null) this.log.info(`Server ${status.version} runs.`);
          this.status = status;
          this.changed.fire();
        },
        onImages: (images) => this.imagesChanged.fire(images),
        onDied: () => this.died(),
      });
      await this.connection.start();
      this.failure = null;
      this.changed.fire();
    } catch (error) {
      this.failure = `The server could not be started: ${error instanceof Error ? error.message : String(error)}`;
      this.log.error(this.failure);
      this.enter('stopped');
    }
  }

  private async disconnect(): Promise<void> {
    const connection = this.connection;
    this.connection = null;
    this.status = null;
    await connection?.stop();
    this.enter('off');
  }

  private enter(state: ServerState): void {
    if (this.state === state) return;
    this.state = state;
    this.changed.fire();
  }

  private died(): boolean {
    const now = Date.now();
    this.deaths = [...this.deaths.filter((at) => now - at < RESTART_WINDOW), now];
    this.status = null;
    if (this.deaths.length <= MOST_RESTARTS) {
      this.restarts++;
      this.log.warn(`The server ended by itself; starting it again (${this.deaths.length} of ${MOST_RESTARTS}).`);
      return true;
    }
    this.failure = `The server ended ${this.deaths.length} times within three minutes and was not started again.`;
    this.log.error(this.failure);
    this.changed.fire();
    const restart = 'Restart Server';
    const show = 'Show Log';
    void vscode.window.showErrorMessage(`Livepatch: ${this.failure}`, restart, show).then((answer) => {
      if (answer === restart) void vscode.commands.executeCommand('livepatch.restartServer');
      if (answer === show) this.log.show();
    });
    return false;
  }
}
