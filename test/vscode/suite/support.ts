import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ExtensionApi } from '../../../client/src/api.ts';

/** Nothing in these tests takes longer, in milliseconds. */
const LIMIT = 20_000;

/** Asks again and again until `probe` gives something else than null, undefined or false, and returns that. */
export async function until<T>(what: string, probe: () => T | PromiseLike<T>): Promise<NonNullable<T>> {
  const start = Date.now();
  for (;;) {
    const found = await probe();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() - start > LIMIT) throw new Error(`Waited for ${what} in vain.`);
    await pause(50);
  }
}

export function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

export function assertEqual<T>(actual: T, expected: T, what: string): void {
  const [a, e] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (a !== e) throw new Error(`${what}: expected ${e}, got ${a}`);
}

function workspaceFolder(): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  assert(folder, 'The window has no folder.');
  return folder.uri;
}

/** Writes a file into the window's folder and shows it. Each journey takes a name of its own. */
export async function open(name: string, text: string): Promise<vscode.TextEditor> {
  const path = join(workspaceFolder().fsPath, name);
  writeFileSync(path, text);
  const document = await vscode.workspace.openTextDocument(vscode.Uri.file(path));
  return vscode.window.showTextDocument(document);
}

/** What the extension gives to others. Waits until it is active. */
export async function api(): Promise<ExtensionApi> {
  const extension = vscode.extensions.getExtension<ExtensionApi>('kernel-livepatch.kernel-livepatch');
  assert(extension, 'The extension is not installed.');
  await until('activation', () => extension.isActive);
  return extension.exports;
}

/** Ids of the rules that found something in a document, sorted. */
export function rulesIn(document: vscode.TextDocument): string[] {
  return findingsIn(document).map(ruleOf).sort();
}

export function findingsIn(document: vscode.TextDocument): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(document.uri).filter((diagnostic) => diagnostic.source === 'livepatch');
}

export function ruleOf({ code }: vscode.Diagnostic): string {
  return typeof code === 'object' ? String(code.value) : String(code);
}

export function finding(document: vscode.TextDocument, rule: string): Promise<vscode.Diagnostic> {
  return until(`a finding of ${rule}`, () => findingsIn(document).find((diagnostic) => ruleOf(diagnostic) === rule));
}

/** Waits until the findings are exactly of these rules, and stay so for a moment. */
export async function expectRules(document: vscode.TextDocument, rules: readonly string[]): Promise<void> {
  const expected = JSON.stringify([...rules].sort());
  try {
    await until('findings', () => JSON.stringify(rulesIn(document)) === expected);
  } catch {
    throw new Error(`Expected findings of ${expected}, got ${JSON.stringify(rulesIn(document))}`);
  }
}

/** The place of a word in a document: within its first letter. */
export function placeOf(document: vscode.TextDocument, word: string, after = 0): vscode.Position {
  const offset = document.getText().indexOf(word, after);
  assert(offset >= 0, `The document has no ${word}`);
  return document.positionAt(offset + 1);
}

export async function codeActions(
  document: vscode.TextDocument,
  range: vscode.Range,
  kind: vscode.CodeActionKind,
): Promise<vscode.CodeAction[]> {
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
    'vscode.executeCodeActionProvider',
    document.uri,
    range,
    kind.value,
    20,
  );
  return actions;
}

/** Sets one of our settings for the folder, runs `work`, and takes the setting back. */
export async function withSetting(name: string, value: unknown, work: () => Promise<void>): Promise<void> {
  const set = (to: unknown) =>
    vscode.workspace.getConfiguration().update(name, to, vscode.ConfigurationTarget.Workspace);
  await set(value);
  try {
    await work();
  } finally {
    await set(undefined);
  }
}
