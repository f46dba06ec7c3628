import * as vscode from 'vscode';

/** Opens the sample of the walkthrough as a new, unsaved document: whatever is done to it, the sample stays as it is. */
export async function openSample(extensionUri: vscode.Uri): Promise<vscode.TextDocument> {
  const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(extensionUri, 'samples', 'stalled.c'));
  const content = new TextDecoder().decode(bytes);
  const document = await vscode.workspace.openTextDocument({ language: 'c', content });
  await vscode.window.showTextDocument(document);
  return document;
}
