import * as vscode from 'vscode';
import { isKernelDiff } from '../../shared/src/kernel-diff.ts';
import { hasOurScheme } from './livepatch-documents.ts';

/**
 * The open diffs of the kernel's source: klp-build or kpatch-build may make a livepatch of them. The server is not told of
 * other diffs, and of none while `livepatch.diffs.enabled` is off. A diff that came in stays until it is closed.
 */
export class KernelDiffs implements vscode.Disposable {
  private readonly open = new Set<string>();
  private readonly added = new vscode.EventEmitter<vscode.TextDocument>();
  private readonly subscriptions: vscode.Disposable[] = [];

  readonly onDidAdd = this.added.event;

  /** Call once the listeners are there: it reports the diffs that are open already. */
  watch(): void {
    this.subscriptions.push(
      vscode.workspace.onDidOpenTextDocument((document) => this.look(document)),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.open.delete(uri.toString())),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.look(document)),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('livepatch.diffs.enabled')) this.lookAtAll();
      }),
    );
    this.lookAtAll();
  }

  hasUri(uri: string): boolean {
    return this.open.has(uri);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.added.dispose();
  }

  private lookAtAll(): void {
    for (const document of vscode.workspace.textDocuments) this.look(document);
  }

  private look(document: vscode.TextDocument): void {
    const uri = document.uri.toString();
    if (this.open.has(uri) || !isDiff(document) || !isEnabled() || !isKernelDiff(document.getText())) return;
    this.open.add(uri);
    this.added.fire(document);
  }
}

function isDiff(document: vscode.TextDocument): boolean {
  const isNamed = document.languageId === 'diff' || /\.(?:diff|patch)$/i.test(document.uri.path);
  return isNamed && document.languageId !== 'c' && hasOurScheme(document);
}

function isEnabled(): boolean {
  return vscode.workspace.getConfiguration('livepatch').get('diffs.enabled', true);
}
