import * as vscode from 'vscode';
import type { ExtensionApi } from '../api.ts';

/** Everything that a bug report needs and nothing else: versions, states, settings; no file names, no source. */
export async function showDebugInformation(api: ExtensionApi): Promise<void> {
  const settings = vscode.workspace.getConfiguration('livepatch');
  const lines = [
    '# Kernel Livepatch: debug information',
    '',
    `- Extension: ${api.version}`,
    `- Server: ${api.server.status?.version ?? 'not running'} (${api.server.state}${
      api.server.pid === undefined ? '' : `, process ${api.server.pid}`
    }, started again ${api.server.restarts} times)`,
    `- Last problem: ${api.server.problem ?? 'none'}`,
    `- Kernel: ${api.server.status?.kernel ?? settings.get('kernel.version')}`,
    `- Livepatch documents: ${api.documents.length}; simulation panels: ${api.panels.length}`,
    `- VS Code: ${vscode.version} (${vscode.env.appName}, ${vscode.env.remoteName ?? 'local'})`,
    `- Node: ${process.version}, ${process.platform} ${process.arch}`,
    '- Workspace: ' +
      `${vscode.workspace.isTrusted ? 'trusted' : 'restricted'}, ${vscode.workspace.workspaceFolders?.length ?? 0} folders`,
    '- Other C extensions: ' +
      (['llvm-vs-code-extensions.vscode-clangd', 'ms-vscode.cpptools']
        .filter((id) => vscode.extensions.getExtension(id) !== undefined)
        .join(', ') || 'none'),
    '',
    '## Settings',
    '',
    '```json',
    JSON.stringify(
      {
        'kernel.version': settings.get('kernel.version'),
        rules: settings.get('rules'),
        'simulation.workload': settings.get('simulation.workload'),
        'simulation.seeds': settings.get('simulation.seeds'),
        'codeLens.enabled': settings.get('codeLens.enabled'),
      },
      null,
      2,
    ),
    '```',
    '',
    '## The panels last said',
    '',
    ...api.panels.flatMap((panel) => panel.messages.slice(-5).map((message) => `- ${message.type}`)),
    '',
  ];
  const document = await vscode.workspace.openTextDocument({ language: 'markdown', content: lines.join('\n') });
  await vscode.window.showTextDocument(document, { preview: true });
}
