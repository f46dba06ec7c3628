import * as vscode from 'vscode';
import { mentionsLivepatch } from '../../shared/src/livepatch-text.ts';

/** Documents of other schemes (git, output, comments) are copies or no files. */
const SCHEMES = ['file', 'untitled', 'vscode-vfs', 'vscode-test-web'];

/** For VS Code and for the language client: the same documents. Some of the C files and diffs in it are for the server. */
export const DOCUMENT_SELECTOR = SCHEMES.flatMap((scheme) => [
  { language: 'c', scheme },
  { language: 'diff', scheme },
  { pattern: '**/*.{diff,patch}', scheme },
]);

/**
 * The open C documents that use livepatch. A document comes in when its text first mentions livepatch and stays until
 * it is closed, so that nothing flickers while somebody rewrites the one line that says so.
 */
export class LivepatchDocuments implements vscode.Disposable {
  private readonly open = new Map<string, vscode.TextDocument>();
  private readonly added = new vscode.EventEmitter<vscode.TextDocument>();
  private readonly removed = new vscode.EventEmitter<vscode.TextDocument>();
  private readonly subscriptions: vscode.Disposable[] = [];

  readonly onDidAdd = this.added.event;
  readonly onDidRemove = this.removed.event;

  /** Call once the listeners are there: it reports the documents that are open already. */
  watch(): void {
    this.subscriptions.push(
      vscode.workspace.onDidOpenTextDocument((document) => this.look(document)),
      vscode.workspace.onDidCloseTextDocument((document) => this.drop(document)),
      vscode.workspace.onDidChangeTextDocument((event) => {
        if (!this.has(event.document) && isCandidate(event.document) && changedLinesMention(event)) {
          this.add(event.document);
        }
      }),
      vscode.window.onDidChangeActiveTextEditor(() => this.setContext()),
    );
    for (const document of vscode.workspace.textDocuments) this.look(document);
    this.setContext();
  }

  has(document: vscode.TextDocument): boolean {
    return this.open.has(document.uri.toString());
  }

  hasUri(uri: string): boolean {
    return this.open.has(uri);
  }

  get uris(): string[] {
    return [...this.open.keys()];
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.added.dispose();
    this.removed.dispose();
  }

  private look(document: vscode.TextDocument): void {
    if (!this.has(document) && isCandidate(document) && mentionsLivepatch(document.getText())) this.add(document);
  }

  private add(document: vscode.TextDocument): void {
    this.open.set(document.uri.toString(), document);
    this.setContext();
    this.added.fire(document);
  }

  private drop(document: vscode.TextDocument): void {
    if (!this.open.delete(document.uri.toString())) return;
    this.setContext();
    this.removed.fire(document);
  }

  /** Menus ask for paths: on a remote machine the window and the extension see different schemes. */
  private setContext(): void {
    const paths = [...this.open.values()].flatMap((document) => [document.uri.fsPath, document.uri.path]);
    const active = vscode.window.activeTextEditor?.document;
    void vscode.commands.executeCommand('setContext', 'livepatch.documents', [...new Set(paths)]);
    if (paths.length > 0) void vscode.commands.executeCommand('setContext', 'livepatch.used', true);
    void vscode.commands.executeCommand('setContext', 'livepatch.active', active !== undefined && this.has(active));
  }
}

function isCandidate(document: vscode.TextDocument): boolean {
  return document.languageId === 'c' && hasOurScheme(document);
}

/** Whether it is a document that somebody edits. */
export function hasOurScheme({ uri }: vscode.TextDocument): boolean {
  return SCHEMES.includes(uri.scheme);
}

/** Looks at the changed lines only: other people's large C files must not be searched at every key. */
function changedLinesMention(event: vscode.TextDocumentChangeEvent): boolean {
  return event.contentChanges.some((change) => {
    const first = change.range.start.line;
    const last = Math.min(first + change.text.split('\n').length, event.document.lineCount) - 1;
    const end = event.document.lineAt(Math.max(first, last)).range.end;
    return mentionsLivepatch(event.document.getText(new vscode.Range(new vscode.Position(first, 0), end)));
  });
}
