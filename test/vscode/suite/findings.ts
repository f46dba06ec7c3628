import * as vscode from 'vscode';
import type { Journey } from './journey.ts';
import { livepatch, ORDINARY_DRIVER, WITHOUT_MARK, WITHOUT_TERMINATOR } from './modules.ts';
import {
  api,
  assert,
  assertEqual,
  codeActions,
  expectRules,
  finding,
  open,
  pause,
  until,
  withSetting,
} from './support.ts';

const MARK = 'missing-livepatch-modinfo';
const TERMINATOR = 'funcs-missing-terminator';

export const findingJourneys: readonly Journey[] = [
  {
    name: 'a C file without livepatch starts no server',
    async run() {
      await open('hello.c', ORDINARY_DRIVER);
      const extension = await api();
      // Long enough for a server to have started.
      await pause(1500);
      assertEqual(extension.server.state, 'off', 'state');
      assertEqual(extension.server.pid, undefined, 'process');
      assertEqual(extension.documents, [], 'documents');
    },
  },
  {
    name: 'a correct livepatch starts the server and gets no finding',
    async run() {
      const { document } = await open('correct.c', livepatch());
      const extension = await api();
      await until('the server', () => extension.server.state === 'running');
      // Once the server answers, the findings are on their way.
      await until('an answer', async () => {
        const outline = 'vscode.executeDocumentSymbolProvider';
        return (await vscode.commands.executeCommand<unknown[] | undefined>(outline, document.uri))?.length;
      });
      await pause(500);
      await expectRules(document, []);
    },
  },
  {
    name: 'a mistake is underlined, with the rule and its page',
    async run() {
      const { document } = await open('mistake.c', WITHOUT_TERMINATOR);
      const found = await finding(document, TERMINATOR);
      assertEqual(found.severity, vscode.DiagnosticSeverity.Error, 'severity');
      assert(typeof found.code === 'object', 'The code is a link to the page of the rule.');
      assert(found.code.target.toString().includes(TERMINATOR), 'The link names the rule.');
      assert(document.getText(found.range).length > 0, 'Something is underlined.');
      await expectRules(document, [TERMINATOR]);
    },
  },
  {
    name: 'a quick fix makes its finding go away',
    async run() {
      const { document } = await open('quick_fix.c', WITHOUT_MARK);
      const found = await finding(document, MARK);
      const actions = await codeActions(document, found.range, vscode.CodeActionKind.QuickFix);
      const fix = actions.find(({ title, edit }) => edit && title.includes('MODULE_INFO'));
      assert(fix?.edit, `There is a quick fix among: ${actions.map(({ title }) => title).join(', ')}`);
      assert(await vscode.workspace.applyEdit(fix.edit), 'The edit is applied.');
      await expectRules(document, []);
      assert(document.getText().includes('MODULE_INFO(livepatch, "Y");'), 'The mark is there.');
    },
  },
  {
    name: 'a finding is silenced by a comment that a quick fix writes',
    async run() {
      const { document } = await open('ignored.c', WITHOUT_TERMINATOR);
      const found = await finding(document, TERMINATOR);
      const actions = await codeActions(document, found.range, vscode.CodeActionKind.QuickFix);
      const ignore = actions.find(({ title }) => title.includes('Ignore'));
      assert(ignore?.edit, 'There is an action that ignores the finding.');
      await vscode.workspace.applyEdit(ignore.edit);
      await expectRules(document, []);
      assert(document.getText().includes(`livepatch-ignore ${TERMINATOR}`), 'The comment is there.');
    },
  },
  {
    name: 'fix all on save repairs the file',
    async run() {
      await withSetting('editor.codeActionsOnSave', { 'source.fixAll.livepatch': 'explicit' }, async () => {
        const text = WITHOUT_TERMINATOR.replace('MODULE_INFO(livepatch, "Y");\n', '');
        const { document } = await open('fix_all.c', text);
        await expectRules(document, [MARK, TERMINATOR]);
        await vscode.commands.executeCommand('editor.action.insertLineAfter');
        assert(document.isDirty, 'There is something to save.');
        await vscode.commands.executeCommand('workbench.action.files.save');
        await expectRules(document, []);
        const saved = new TextDecoder().decode(await vscode.workspace.fs.readFile(document.uri));
        assert(saved.includes('MODULE_INFO(livepatch, "Y");'), 'The saved file has the mark.');
        assert(/\t\{ \},?\n\};\n\nstatic struct klp_object/.test(saved), 'The saved file has the terminating entry.');
      });
    },
  },
  {
    name: 'findings follow the typing, and go with the document',
    async run() {
      const editor = await open('typing.c', livepatch());
      const { document } = editor;
      const start = document.getText().indexOf('.new_func');
      const line = document.lineAt(document.positionAt(start).line).rangeIncludingLineBreak;
      const text = document.getText(line);
      await editor.edit((edit) => edit.delete(line));
      await finding(document, 'func-new-func-missing');
      await editor.edit((edit) => edit.insert(line.start, text));
      await expectRules(document, []);
      await editor.edit((edit) => edit.delete(line));
      await finding(document, 'func-new-func-missing');
      await vscode.commands.executeCommand('workbench.action.revertAndCloseActiveEditor');
      await expectRules(document, []);
    },
  },
  {
    name: 'a setting turns a rule off and back on',
    async run() {
      const { document } = await open('settings.c', WITHOUT_TERMINATOR);
      await expectRules(document, [TERMINATOR]);
      await withSetting('livepatch.rules', { [TERMINATOR]: 'off' }, () => expectRules(document, []));
      await expectRules(document, [TERMINATOR]);
      await withSetting('livepatch.rules', { [TERMINATOR]: 'hint' }, async () => {
        for (let tries = 0; ; tries++) {
          const found = await finding(document, TERMINATOR);
          if (found.severity === vscode.DiagnosticSeverity.Hint) break;
          assert(tries < 200, `The finding is a hint, not of severity ${found.severity}`);
          await pause(50);
        }
      });
    },
  },
  {
    name: 'the setting for the kernel decides what it knows',
    async run() {
      const text = livepatch({ instead: '.objs = objs,', write: '.objs = objs,\n\t.replace = true,' });
      const { document } = await open('old_kernel.c', text);
      const extension = await api();
      await until('the document to be told', () => extension.documents.includes(document.uri.toString()));
      await expectRules(document, []);
      await withSetting('livepatch.kernel.version', '4.19', () => expectRules(document, ['version-field-unsupported']));
      await expectRules(document, []);
    },
  },
];
