import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { SourceRange } from '../../../shared/src/model/index.ts';
import type { HostToPanel, PanelState, PanelToHost } from '../../../shared/src/panel-messages.ts';
import type { ImagesResult } from '../../../shared/src/protocol.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import type { LivepatchDocuments } from '../livepatch-documents.ts';
import type { ServerHost } from '../server-host.ts';
import { pageHtml } from './page.ts';

export const PANEL_TYPE = 'livepatch.simulation';

export type PanelPart = (HostToPanel & { type: 'show' })['part'];

type TraceMessage = HostToPanel & { readonly type: 'trace' };

const SNAPSHOT_NAMES = { svg: 'SVG picture', png: 'PNG picture', json: 'JSON trace' };

const MOST_MESSAGES = 200;
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
      server.onDidChangeImages((images) => this.of(images.uri)?.show(images)),
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

  /** A panel of its own for a run that was made elsewhere. `at` is where to look first, in microseconds. */
  openTrace(title: string, trace: Trace, at: number): void {
    const panel = vscode.window.createWebviewPanel(
      PANEL_TYPE,
      `Livepatch: ${title}`,
      { viewColumn: vscode.ViewColumn.Beside, preserveFocus: false },
      this.options(),
    );
    this.adopt(panel, null, null, 'timeline', { type: 'trace', title, trace, at });
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
  ): void {
    const file = (name: string): string =>
      webview.webview.asWebviewUri(vscode.Uri.joinPath(this.extensionUri, 'dist', 'webview', name)).toString();
    webview.iconPath = vscode.Uri.joinPath(this.extensionUri, 'client', 'media', 'icon.png');
    const panel = new SimulationPanel(webview, uri, patch, part, trace, this.server, this.documents, this.log);
    this.panels.add(panel);
    webview.onDidDispose(() => this.panels.delete(panel));
    webview.webview.html = pageHtml({
      script: file('panel.js'),
      style: file('style.css'),
      cspSource: webview.webview.cspSource,
      nonce: randomBytes(16).toString('base64url'),
    });
  }
}

class SimulationPanel {
  readonly uri: string | null;
  readonly messages: PanelToHost[] = [];
  private readonly panel: vscode.WebviewPanel;
  private readonly server: ServerHost;
  private readonly documents: LivepatchDocuments;
  private readonly log: vscode.LogOutputChannel;
  /** A run that was made elsewhere; null for the runs of a document. */
  private readonly trace: TraceMessage | null;
  private patch: string | null;
  private part: PanelPart;
  /** The page listens. It does not while it is hidden: VS Code throws it away and loads it anew when shown. */
  private ready = false;

  constructor(
    panel: vscode.WebviewPanel,
    uri: string | null,
    patch: string | null,
    part: PanelPart,
    trace: TraceMessage | null,
    server: ServerHost,
    documents: LivepatchDocuments,
    log: vscode.LogOutputChannel,
  ) {
    this.panel = panel;
    this.uri = uri;
    this.patch = patch;
    this.part = part;
    this.trace = trace;
    this.server = server;
    this.documents = documents;
    this.log = log;
    panel.webview.onDidReceiveMessage((message: PanelToHost) => this.receive(message));
  }

  get title(): string {
    return this.panel.title;
  }

  reveal(patch: string | null, part: PanelPart): void {
    if (patch !== null) this.patch = patch;
    this.part = part;
    this.panel.reveal(undefined, false);
    if (this.ready) void this.refresh();
  }

  show(images: ImagesResult): void {
    if (!this.ready || this.uri === null) return;
    if (images.images.length === 0) {
      this.post({
        type: 'nothing',
        why: 'No klp_patch was found in this module. Fill one in and the timeline appears.',
      });
      return;
    }
    this.post({
      type: 'images',
      uri: this.uri,
      title: images.images[0]?.module ?? '',
      images: images.images,
      patch: this.patch,
      simulation: images.simulation,
    });
    // Asked for once; from here on the page's own choice counts.
    this.patch = null;
    if (this.part !== 'timeline') this.post({ type: 'show', part: this.part });
    this.part = 'timeline';
  }

  askAgain(): void {
    if (this.ready) void this.refresh();
  }

  dispose(): void {
    this.panel.dispose();
  }

  private async refresh(): Promise<void> {
    const uri = this.uri;
    if (this.trace !== null) {
      this.post(this.trace);
      return;
    }
    if (uri === null) {
      this.post({ type: 'nothing', why: 'Run "Simulate Transition" in a livepatch module to see it here.' });
      return;
    }
    if (!this.documents.hasUri(uri)) {
      this.post({ type: 'nothing', why: 'Open the module in an editor to simulate it.' });
      return;
    }
    try {
      this.show(await this.server.images(uri));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.log.warn(`Images of ${uri}: ${why}`);
      this.post({ type: 'nothing', why: `The module could not be read. ${why}` });
    }
  }

  private receive(message: PanelToHost): void {
    this.messages.push(message);
    if (this.messages.length > MOST_MESSAGES) this.messages.shift();
    switch (message.type) {
      case 'ready':
        this.ready = true;
        void this.refresh();
        break;
      case 'reveal':
        void this.revealSource(message.range);
        break;
      case 'machine':
        void this.sendMachine(message.uri);
        break;
      case 'save':
        void this.save(message);
        break;
      case 'drawn':
        this.log.debug(`Panel ${this.title}: ${message.verdict} (${message.lanes} lanes)`);
        break;
      case 'failed':
        this.log.error(`Panel ${this.title}: ${message.message}`);
        break;
    }
  }

  /** Reads a recording, one that the user picks when none is named, and hands its machine to the page. */
  private async sendMachine(named: string | null): Promise<void> {
    const uri = named ?? (await pickRecording());
    if (uri === null) return;
    const file = uri.slice(uri.lastIndexOf('/') + 1);
    try {
      const result = await this.server.recordedWorkload(uri);
      if (!result.ok) void vscode.window.showErrorMessage(`${file} can’t be used as a machine. ${result.why}`);
      else
        this.post({ type: 'machine', uri, workload: result.workload, kernel: result.kernel, notes: result.warnings });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      void vscode.window.showErrorMessage(`${file} could not be read: ${why}`);
    }
  }

  /** Asks where to, and writes what the page made. */
  private async save({ kind, name, content }: PanelToHost & { type: 'save' }): Promise<void> {
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const file = `${name.replace(/[^\w-]+/g, '_')}.${kind}`;
    const target = await vscode.window.showSaveDialog({
      ...(folder && { defaultUri: vscode.Uri.joinPath(folder, file) }),
      filters: { [SNAPSHOT_NAMES[kind]]: [kind] },
    });
    if (target === undefined) return;
    try {
      await vscode.workspace.fs.writeFile(target, Buffer.from(content, kind === 'png' ? 'base64' : 'utf8'));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      void vscode.window.showErrorMessage(`${target.fsPath} could not be written: ${why}`);
    }
  }

  private async revealSource(range: SourceRange): Promise<void> {
    const place = await this.server.locate(range).catch((error) => {
      this.log.warn(`Locating a place in ${range.file}: ${error}`);
      return null;
    });
    if (place === null) {
      void vscode.window.showInformationMessage('This place is not known any more. Edit or reopen the module.');
      return;
    }
    const uri = vscode.Uri.parse(place.uri, true);
    const visible = vscode.window.visibleTextEditors.find(
      (editor) => editor.document.uri.toString() === uri.toString(),
    );
    const { start, end } = place.range;
    const editor = await vscode.window.showTextDocument(uri, {
      viewColumn: visible?.viewColumn ?? columnBeside(this.panel),
      selection: new vscode.Range(start.line, start.character, end.line, end.character),
    });
    editor.revealRange(editor.selection, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }

  private post(message: HostToPanel): void {
    void this.panel.webview.postMessage(message);
  }
}

async function pickRecording(): Promise<string | null> {
  const [picked] =
    (await vscode.window.showOpenDialog({
      title: 'A machine that "livepatch-ls capture" recorded',
      openLabel: 'Simulate on It',
      filters: { Recordings: ['json'] },
    })) ?? [];
  return picked === undefined ? null : picked.toString();
}

/** Not over the panel. */
function columnBeside(panel: vscode.WebviewPanel): vscode.ViewColumn {
  return panel.viewColumn === vscode.ViewColumn.One ? vscode.ViewColumn.Two : vscode.ViewColumn.One;
}

function title(uri: vscode.Uri): string {
  return `Livepatch: ${uri.path.slice(uri.path.lastIndexOf('/') + 1)}`;
}
