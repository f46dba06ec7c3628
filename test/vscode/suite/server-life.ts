import * as vscode from 'vscode';
import type { Journey } from './journey.ts';
import { livepatch, WITHOUT_MARK } from './modules.ts';
import { api, assert, expectRules, finding, open, placeOf, until } from './support.ts';

export const serverLifeJourneys: readonly Journey[] = [
  {
    name: 'a killed server comes back and knows the unsaved text',
    async run() {
      const extension = await api();
      const editor = await open('killed.c', WITHOUT_MARK);
      const { document } = editor;
      await finding(document, 'missing-livepatch-modinfo');
      // What is on the disk and what is in the editor differ from here on.
      await editor.edit((edit) =>
        edit.insert(document.positionAt(document.getText().length), 'MODULE_INFO(livepatch, "Y");\n'),
      );
      const line = placeOf(document, '.new_func').line;
      const entry = document.lineAt(line).rangeIncludingLineBreak;
      const text = document.getText(entry);
      await editor.edit((edit) => edit.delete(entry));
      await expectRules(document, ['func-new-func-missing']);
      await vscode.commands.executeCommand('livepatch.simulateTransition', document.uri.toString(), 'patch');
      await until('the panel', () => extension.panels.find(({ uri }) => uri === document.uri.toString()));

      const first = extension.server.pid;
      assert(first, 'The server runs.');
      process.kill(first, 'SIGKILL');
      await until('another process', () => extension.server.pid !== undefined && extension.server.pid !== first);
      assert(extension.server.restarts > 0, 'The restart is counted.');

      await expectRules(document, ['func-new-func-missing']);
      const repair = new vscode.WorkspaceEdit();
      repair.insert(document.uri, entry.start, text);
      await vscode.workspace.applyEdit(repair);
      await expectRules(document, []);
      assert(
        extension.panels.some(({ uri }) => uri === document.uri.toString()),
        'The panel is still there.',
      );
      const symbols = await vscode.commands.executeCommand<unknown[]>(
        'vscode.executeDocumentSymbolProvider',
        document.uri,
      );
      assert(symbols.length > 0, 'The new server answers.');
      await vscode.window.showTextDocument(document, vscode.ViewColumn.One);
      await vscode.commands.executeCommand('workbench.action.files.revert');
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    },
  },
  {
    name: 'the command restarts the server',
    async run() {
      const extension = await api();
      const { document } = await open('restart.c', WITHOUT_MARK);
      await finding(document, 'missing-livepatch-modinfo');
      const first = extension.server.pid;
      await vscode.commands.executeCommand('livepatch.restartServer');
      await until('another process', () => extension.server.pid !== undefined && extension.server.pid !== first);
      await expectRules(document, ['missing-livepatch-modinfo']);
    },
  },
  {
    name: 'a C file that becomes a livepatch is checked from then on',
    async run() {
      const extension = await api();
      const editor = await open('becomes.c', '#include <linux/module.h>\n');
      const uri = editor.document.uri.toString();
      assert(!extension.documents.includes(uri), 'It is none yet.');
      await editor.edit((edit) =>
        edit.insert(new vscode.Position(1, 0), livepatch().replace('MODULE_INFO(livepatch, "Y");\n', '')),
      );
      await until('the document to be told', () => extension.documents.includes(uri));
      await finding(editor.document, 'missing-livepatch-modinfo');
    },
  },
];
