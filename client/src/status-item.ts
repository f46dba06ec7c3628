import * as vscode from 'vscode';
import type { ServerState } from './api.ts';
import type { LivepatchDocuments } from './livepatch-documents.ts';
import type { ServerHost } from './server-host.ts';

const WORDS: { readonly [state in ServerState]: string } = {
  off: 'not started',
  starting: 'starting',
  running: 'running',
  stopped: 'stopped',
};

/** The status bar item: kernel version, server's state, last problem. Shown beside livepatch documents only. */
export function createStatusItem(server: ServerHost, documents: LivepatchDocuments): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('livepatch.status', vscode.StatusBarAlignment.Right, 90);
  item.name = 'Kernel Livepatch';
  item.command = 'livepatch.showActions';
  const update = (): void => {
    const document = vscode.window.activeTextEditor?.document;
    if (document === undefined || !documents.has(document)) {
      item.hide();
      return;
    }
    const problem = server.problem;
    const kernel = server.status?.kernel ?? null;
    const icon = server.state === 'starting' ? '$(loading~spin)' : problem === null ? '$(shield)' : '$(warning)';
    item.text = kernel === null ? `${icon} Livepatch` : `${icon} Livepatch ${kernel}`;
    item.backgroundColor =
      server.state === 'stopped' ? new vscode.ThemeColor('statusBarItem.errorBackground') : undefined;
    const lines = [
      `**Kernel Livepatch**: server ${WORDS[server.state]}`,
      kernel === null ? null : `Modules are checked for Linux ${kernel} (setting \`livepatch.kernel.version\`).`,
      problem === null ? null : `$(warning) ${problem}`,
    ];
    const tooltip = new vscode.MarkdownString(lines.filter((line) => line !== null).join('\n\n'), true);
    item.tooltip = tooltip;
    item.accessibilityInformation = {
      label: `Kernel Livepatch, server ${WORDS[server.state]}${kernel === null ? '' : `, Linux ${kernel}`}${
        problem === null ? '' : `, ${problem}`
      }`,
      role: 'button',
    };
    item.show();
  };
  update();
  return vscode.Disposable.from(
    item,
    server.onDidChange(update),
    documents.onDidAdd(update),
    documents.onDidRemove(update),
    vscode.window.onDidChangeActiveTextEditor(update),
  );
}
