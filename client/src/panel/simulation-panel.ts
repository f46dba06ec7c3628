import * as vscode from 'vscode';
import type { SourceRange } from '../../../shared/src/model/index.ts';
import type { HostToPanel, PanelToHost } from '../../../shared/src/panel-messages.ts';
import type { ImagesResult } from '../../../shared/src/protocol.ts';
import type { LivepatchDocuments } from '../livepatch-documents.ts';
import type { ServerHost } from '../server-host.ts';
import type { Verifier } from './verifier.ts';

export type PanelPart = (HostToPanel & { type: 'show' })['part'];

export type TraceMessage = HostToPanel & { readonly type: 'trace' };

const SNAPSHOT_NAMES = { svg: 'SVG picture', png: 'PNG picture', json: 'JSON trace' };

const MOST_MESSAGES = 200;

/** One panel and what its page says: the page simulates by itself; it gets images and says where to look. */
export class SimulationPanel {
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
  /** The page has asked for the workspace's other livepatches. */
  private wantsOthers = false;
  /** Of the document that was shown last. */
  private version: number | null = null;
  private verifier: Verifier | null = null;
  /** The scenario whose run is shown; null for runs of a document. */
  private scenario: vscode.Uri | null = null;
  /** A verification was asked for before the page listened. */
  private verifyWhenReady = false;

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
    if (images.version !== this.version) this.verifier?.forget();
    this.version = images.version;
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

  verifyWith(verifier: Verifier, scenario: vscode.Uri | null): void {
    this.verifier = verifier;
    this.scenario = scenario;
  }

  /** As a click on the page's button does. */
  askToVerify(): void {
    if (this.ready) this.post({ type: 'verify' });
    else this.verifyWhenReady = true;
  }

  dispose(): void {
    this.panel.dispose();
  }

  /** Somebody closed it: nobody waits for the kernel any more. */
  closed(): void {
    this.verifier?.dispose();
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
        void this.begin();
        break;
      case 'verify':
        this.verify(message);
        break;
      case 'cancel-verification':
        this.verifier?.cancel();
        break;
      case 'laid-over':
        this.log.info(`Panel ${this.title}: ${message.headline}`);
        break;
      case 'reveal':
        void this.revealSource(message.range);
        break;
      case 'machine':
        void this.sendMachine(message.uri);
        break;
      case 'others':
        this.wantsOthers = true;
        void this.sendOthers();
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

  /** The page was loaded, for the first time or anew. */
  private async begin(): Promise<void> {
    await this.refresh();
    const state = this.verifier?.state ?? null;
    if (state !== null) this.post({ type: 'verification', state });
    if (this.verifyWhenReady) this.post({ type: 'verify' });
    this.verifyWhenReady = false;
  }

  private verify({ kernel, plan }: PanelToHost & { type: 'verify' }): void {
    if (this.scenario !== null) void this.verifier?.verify({ scenarioFile: this.scenario }, kernel);
    else if (this.uri !== null && plan !== null) {
      void this.verifier?.verify({ module: vscode.Uri.parse(this.uri, true), plan }, kernel);
    }
  }

  /** Hands the workspace's livepatches to the page, which may simulate its own on top of them. */
  async sendOthers(): Promise<void> {
    if (!this.ready || !this.wantsOthers) return;
    try {
      const { images, note } = await this.server.workspaceImages();
      this.post({ type: 'others', images, note });
    } catch (error) {
      this.log.warn(`Livepatches of the workspace: ${error}`);
      this.post({ type: 'others', images: [], note: 'The other livepatches of the workspace could not be read.' });
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

  post(message: HostToPanel): void {
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
