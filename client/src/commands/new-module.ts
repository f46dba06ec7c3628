import * as vscode from 'vscode';
import { isFunctionName, moduleName, moduleTemplate } from './module-template.ts';

interface Kind extends vscode.QuickPickItem {
  readonly ofModule: boolean;
  readonly replace: boolean;
}

const KINDS: readonly Kind[] = [
  { label: 'Replace a function of the kernel', detail: 'One function in vmlinux', ofModule: false, replace: false },
  {
    label: 'Replace a function of a module',
    detail: 'Takes effect whenever that module is loaded',
    ofModule: true,
    replace: false,
  },
  {
    label: 'Cumulative livepatch',
    detail: 'With .replace: takes the place of every livepatch loaded before',
    ofModule: false,
    replace: true,
  },
];

/** Asks a few questions and opens a new, unsaved module. Escape at any question leaves without one. */
export async function newModule(): Promise<vscode.TextDocument | undefined> {
  const kind = await vscode.window.showQuickPick(KINDS, {
    title: 'New Livepatch Module (1/3)',
    placeHolder: 'What should it do?',
  });
  if (kind === undefined) return undefined;
  const typed = await vscode.window.showInputBox({
    title: 'New Livepatch Module (2/3)',
    prompt: 'Name of the new module',
    value: 'livepatch_fix',
    validateInput: (text) =>
      moduleName(text) === null ? 'Letters, digits, - and _ only, at most 55, and no digit first.' : undefined,
  });
  const name = typed === undefined ? null : moduleName(typed);
  if (name === null) return undefined;
  const target = await vscode.window.showInputBox({
    title: 'New Livepatch Module (3/3)',
    prompt: kind.ofModule ? 'The function to replace, as MODULE:FUNCTION' : 'The function to replace',
    value: kind.ofModule ? 'nf_tables:nft_chain_filter' : 'cmdline_proc_show',
    validateInput: (text) => (readTarget(text, kind.ofModule) === null ? 'That is no function name.' : undefined),
  });
  const answer = target === undefined ? null : readTarget(target, kind.ofModule);
  if (answer === null) return undefined;
  const text = moduleTemplate({ name, ...answer, replace: kind.replace });
  const document = await untitled(name, text);
  await vscode.window.showTextDocument(document);
  return document;
}

function readTarget(text: string, ofModule: boolean): { object: string | null; function: string } | null {
  const [first = '', second] = text.trim().split(':');
  if (!ofModule) return second === undefined && isFunctionName(first) ? { object: null, function: first } : null;
  const object = moduleName(first);
  return object !== null && second !== undefined && isFunctionName(second) ? { object, function: second } : null;
}

/** In a folder the document already has the name under which it will be saved. */
async function untitled(name: string, text: string): Promise<vscode.TextDocument> {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (folder?.uri.scheme === 'file') {
    const uri = vscode.Uri.joinPath(folder.uri, `${name}.c`);
    const taken =
      (await exists(uri)) || vscode.workspace.textDocuments.some((document) => document.uri.path === uri.path);
    if (!taken) {
      const document = await vscode.workspace.openTextDocument(uri.with({ scheme: 'untitled' }));
      const edit = new vscode.WorkspaceEdit();
      edit.insert(document.uri, new vscode.Position(0, 0), text);
      await vscode.workspace.applyEdit(edit);
      return document;
    }
  }
  return vscode.workspace.openTextDocument({ language: 'c', content: text });
}

async function exists(uri: vscode.Uri): Promise<boolean> {
  try {
    await vscode.workspace.fs.stat(uri);
    return true;
  } catch {
    return false;
  }
}
