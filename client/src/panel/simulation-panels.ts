import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { PanelState } from '../../../shared/src/panel-messages.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import type { LivepatchDocuments } from '../livepatch-documents.ts';
import type { ServerHost } from '../server-host.ts';
import { pageHtml } from './page.ts';
import { type PanelPart, SimulationPanel, type TraceMessage } from './simulation-panel.ts';
import { Verifier } from './verifier.ts';

export const PANEL_TYPE = 'livepatch.simulation';

/** Key in the workspace's memory: the document whose panel was opened last. */
const LAST_DOCUMENT = 'livepatch.panelDocument';

/** The simulation panels: one for each document. The page simulates by itself; it gets images and says where to look. */
export class SimulationPanels implements vscode.Disposable, vscode.WebviewPanelSerializer<PanelState> {
  private readonly extensionUri: vscode.Uri;
  private readonly server: ServerHost;
  private readonly documents: LivepatchDocuments;
  private readonly log: vscode.LogOutputChannel;
  private readonly memory: vscode.Memento;
  private readonly subscriptions: vscode.Disposable[];
  private running = false;
  readonly panels = new Set<SimulationPanel>();

  constructor(
    extensionUri: vscode.Uri,
    server: ServerHost,
    documents: LivepatchDocuments,
    log: vscode.LogOutputChannel,
    memory: vscode.Memento,
  ) {
    this.extensionUri = extensionUri;
    this.server = server;
    this.documents = documents;
    this.log = log;
    this.memory = memory;
    this.subscriptions = [
      server.onDidChangeImages((images) => {
        this.of(images.uri)?.show(images);
        for (const panel of this.panels) if (panel.uri !== images.uri) void panel.sendOthers();
      }),
      // A new process was told the documents anew; ask it what could not be asked while it was down.
      server.onDidChange(() => {
        const started = server.state === 'running' && !this.running;
        this.running = server.state === 'running';
        if (started) for (const panel of this.panels) panel.askAgain();
      }),
      // When its document is closed the panel keeps the last timeline, and follows again when it is opened again.
      documents.onDidAdd((document) => this.of(document.uri.toString())?.askAgain()),
    ];
  }

  /** Opens or shows the panel of a document. `patch` is a klp_patch variable, null for the module's first. */
  open(uri: vscode.Uri, patch: string | null, part: PanelPart = 'timeline'): void {
    void this.memory.update(LAST_DOCUMENT, uri.toString());
    const known = this.of(uri.toString());
    if (known) {
      known.reveal(patch, part);
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      PANEL_TYPE,
      title(uri),
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: false },
      this.options(),
    );
    this.adopt(panel, uri.toString(), patch, part);
  }

  /** Opens or shows the panel of a document, and verifies what it shows on a real kernel. */
  verify(uri: vscode.Uri): void {
    this.open(uri, null);
    this.of(uri.toString())?.askToVerify();
  }

  /**
   * A panel of its own for the run of a scenario. `at` is where to look first, in microseconds; `file` is the scenario,
   * for a verification.
   */
  openTrace(title: string, trace: Trace, at: number, file: vscode.Uri): void {
    const panel = vscode.window.createWebviewPanel(
      PANEL_TYPE,
      `Livepatch: ${title}`,
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: false },
      this.options(),
    );
    this.adopt(panel, null, null, 'timeline', { type: 'trace', title, trace, at, verifiable: true }, file);
  }

  /** After a reload VS Code hands back the panel with the state that its page kept. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: PanelState | undefined): Promise<void> {
    panel.webview.options = this.options();
    // A window that was killed may have kept the panel before its page kept anything.
    const uri = state?.uri ?? this.memory.get<string>(LAST_DOCUMENT) ?? null;
    if (uri !== null) {
      try {
        // The document must be open for the server to know it.
        await vscode.workspace.openTextDocument(vscode.Uri.parse(uri, true));
      } catch (error) {
        this.log.warn(`The panel's document can't be opened: ${error}`);
      }
    }
    this.adopt(panel, uri, state?.patch ?? null, 'timeline');
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    for (const panel of this.panels) panel.dispose();
  }

  private of(uri: string): SimulationPanel | undefined {
    for (const panel of this.panels) if (panel.uri === uri) return panel;
    return undefined;
  }

  private options(): vscode.WebviewPanelOptions & vscode.WebviewOptions {
    return { enableScripts: true, localResourceRoots: [vscode.Uri.joinPath(this.extensionUri, 'dist', 'webview')] };
  }

  private adopt(
    webview: vscode.WebviewPanel,
    uri: string | null,
    patch: string | null,
    part: PanelPart,
    trace: TraceMessage | null = null,
    scenario: vscode.Uri | null = null,
  ): void {
    const file = (name: string): string =>
      webview.webview.asWebviewUri(vscode.Uri.joinPath(this.extensionUri, 'dist', 'webview', name)).toString();
    webview.iconPath = vscode.Uri.joinPath(this.extensionUri, 'client', 'media', 'icon.png');
    const panel = new SimulationPanel(webview, uri, patch, part, trace, this.server, this.documents, this.log);
    const commandLine = vscode.Uri.joinPath(this.extensionUri, 'dist', 'cli.js').fsPath;
    panel.verifyWith(
      new Verifier(commandLine, this.log, (state) => panel.post({ type: 'verification', state })),
      scenario,
    );
    this.panels.add(panel);
    webview.onDidDispose(() => {
      panel.closed();
      this.panels.delete(panel);
    });
    webview.webview.html = pageHtml({
      script: file('panel.js'),
      style: file('style.css'),
      cspSource: webview.webview.cspSource,
      nonce: randomBytes(16).toString('base64url'),
    });
  }
}

function title(uri: vscode.Uri): string {
  return `Livepatch: ${uri.path.slice(uri.path.lastIndexOf('/') + 1)}`;
}
