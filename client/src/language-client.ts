import * as vscode from 'vscode';
import {
  CloseAction,
  type CloseHandlerResult,
  DidOpenTextDocumentNotification,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  State,
  TransportKind,
} from 'vscode-languageclient/node';
import {
  IMAGES_CHANGED_NOTIFICATION,
  IMAGES_REQUEST,
  type ImagesChangedParams,
  type ImagesParams,
  type ImagesResult,
  type InitializationOptions,
  LOCATE_REQUEST,
  type LocateParams,
  type LocateResult,
  RECORDED_WORKLOAD_REQUEST,
  type RecordedWorkloadParams,
  type RecordedWorkloadResult,
  SIMULATE_COMMAND,
  STATUS_NOTIFICATION,
  type StatusParams,
  WORKSPACE_IMAGES_REQUEST,
  WORKSPACE_REQUEST,
  type WorkspaceImagesResult,
  type WorkspaceResult,
} from '../../shared/src/protocol.ts';
import { SERVER_FLAGS } from '../../shared/src/server-flags.ts';
import { DOCUMENT_SELECTOR } from './livepatch-documents.ts';

/** A bundle of its own, loaded when the server is first needed: activation must stay cheap for every other C file. */

/** What the server is told of the window's colours, for the picture in the hover. */
const PICTURE_THEMES: Readonly<Record<vscode.ColorThemeKind, NonNullable<InitializationOptions['theme']>>> = {
  [vscode.ColorThemeKind.Light]: 'light',
  [vscode.ColorThemeKind.Dark]: 'dark',
  [vscode.ColorThemeKind.HighContrast]: 'high-contrast',
  [vscode.ColorThemeKind.HighContrastLight]: 'high-contrast-light',
};

export interface ConnectionOptions {
  /** Path of the bundled server. */
  readonly module: string;
  readonly log: vscode.LogOutputChannel;
  readonly documents: ServedDocuments;
  onState(state: 'starting' | 'running' | 'stopped'): void;
  onStatus(status: StatusParams): void;
  onImages(images: ImagesChangedParams): void;
  /** The server died by itself. True starts it again. */
  onDied(): boolean;
}

/** The documents that the server is told of. */
export interface ServedDocuments {
  hasUri(uri: string): boolean;
}

/** One server process and what may be asked of it. */
export interface Connection {
  readonly pid: number | undefined;
  start(): Promise<void>;
  /** Asks the server to leave, and ends it when it does not. Never rejects. */
  stop(): Promise<void>;
  images(uri: string): Promise<ImagesResult>;
  locate(params: LocateParams): Promise<LocateResult>;
  workspace(): Promise<WorkspaceResult>;
  workspaceImages(): Promise<WorkspaceImagesResult>;
  recordedWorkload(params: RecordedWorkloadParams): Promise<RecordedWorkloadResult>;
  /** Tells the server about a document that was open before it used livepatch. */
  open(document: vscode.TextDocument): void;
}

interface DocumentParams {
  readonly textDocument?: { readonly uri?: string; readonly version?: number };
}

export function createConnection(options: ConnectionOptions): Connection {
  /** The documents that the server has open, with the version that it was told first. */
  const told = new Map<string, number>();
  const mayTell = (method: string, uri: string, version: number): boolean => {
    const first = told.get(uri);
    switch (method) {
      case 'textDocument/didOpen':
        if (first !== undefined || !options.documents.hasUri(uri)) return false;
        told.set(uri, version);
        return true;
      case 'textDocument/didChange':
        // A document that was told when a change made it a livepatch carried that change already.
        return first !== undefined && version > first;
      case 'textDocument/didClose':
        return told.delete(uri);
      default:
        return first !== undefined;
    }
  };
  const isOurs = (params: unknown): boolean => {
    const uri = (params as DocumentParams | undefined)?.textDocument?.uri;
    return uri === undefined || options.documents.hasUri(uri);
  };
  const run = { module: options.module, transport: TransportKind.ipc, options: { execArgv: [...SERVER_FLAGS] } };
  const client = new LanguageClient(
    'livepatch',
    'Kernel Livepatch',
    { run, debug: { ...run, options: { execArgv: [...SERVER_FLAGS, '--nolazy', '--inspect=6017'] } } },
    {
      documentSelector: DOCUMENT_SELECTOR,
      outputChannel: options.log,
      traceOutputChannel: options.log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      diagnosticCollectionName: 'livepatch',
      initializationOptions: {
        livepatchClient: true,
        simulateCommand: true,
        verifyCommand: true,
        richHover: true,
        theme: PICTURE_THEMES[vscode.window.activeColorTheme.kind],
      } satisfies InitializationOptions,
      markdown: { isTrusted: { enabledCommands: [SIMULATE_COMMAND] }, supportHtml: false },
      initializationFailedHandler: () => false,
      errorHandler: {
        error: (error) => {
          options.log.error(`Connection to the server: ${error.message}`);
          return { action: ErrorAction.Continue, handled: true };
        },
        closed: (): CloseHandlerResult => ({
          action: options.onDied() ? CloseAction.Restart : CloseAction.DoNotRestart,
          handled: true,
          message: 'The server ended.',
        }),
      },
      // A document selector can't look at the text, so other C documents and diffs are held back here.
      middleware: {
        sendNotification: (type, next, params) => {
          const method = typeof type === 'string' ? type : type.method;
          const document = (params as DocumentParams | undefined)?.textDocument;
          const forServer = document?.uri === undefined || mayTell(method, document.uri, document.version ?? 0);
          return forServer ? next(type, params) : Promise.resolve();
        },
        sendRequest: async <P, R>(
          type: string | { readonly method: string },
          param: P | undefined,
          token: vscode.CancellationToken | undefined,
          next: (type: never, param?: P, token?: vscode.CancellationToken) => Promise<R>,
        ): Promise<R> => {
          const method = typeof type === 'string' ? type : type.method;
          if (method.startsWith('textDocument/') && !isOurs(param)) {
            return (method === 'textDocument/diagnostic' ? { kind: 'full', items: [] } : null) as R;
          }
          return next(type as never, param, token);
        },
      },
    },
  );
  client.onDidChangeState(({ newState }) => {
    if (newState === State.Starting) told.clear();
    options.onState(newState === State.Running ? 'running' : newState === State.Starting ? 'starting' : 'stopped');
  });
  client.onNotification(STATUS_NOTIFICATION, (status: StatusParams) => options.onStatus(status));
  client.onNotification(IMAGES_CHANGED_NOTIFICATION, (images: ImagesChangedParams) => options.onImages(images));
  return {
    get pid() {
      return client.serverProcess?.pid;
    },
    start: () => client.start(),
    stop: async () => {
      const process = client.serverProcess;
      try {
        if (client.needsStop()) await client.stop(2000);
      } catch (error) {
        options.log.warn(`The server did not stop in time: ${error}`);
        process?.kill('SIGKILL');
      }
      await client.dispose().catch(() => {});
    },
    images: (uri) => client.sendRequest<ImagesResult>(IMAGES_REQUEST, { textDocument: { uri } } satisfies ImagesParams),
    locate: (params) => client.sendRequest<LocateResult>(LOCATE_REQUEST, params),
    recordedWorkload: (params) => client.sendRequest<RecordedWorkloadResult>(RECORDED_WORKLOAD_REQUEST, params),
    workspace: () => client.sendRequest<WorkspaceResult>(WORKSPACE_REQUEST, {}),
    workspaceImages: () => client.sendRequest<WorkspaceImagesResult>(WORKSPACE_IMAGES_REQUEST, {}),
    open: (document) => {
      client
        .sendNotification(
          DidOpenTextDocumentNotification.type,
          client.code2ProtocolConverter.asOpenTextDocumentParams(document),
        )
        .catch((error) => options.log.error(`Opening ${document.uri.toString()}: ${error}`));
    },
  };
}
