/**
 * The least that a language server can be: answers every request with nothing and every document with no findings.
 * What it takes is what Node, JSON-RPC and vscode-languageserver take by themselves.
 */
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';

const connection = createConnection(ProposedFeatures.all);
connection.onInitialize(() => ({
  capabilities: { textDocumentSync: 2, hoverProvider: true, documentSymbolProvider: true, completionProvider: {} },
}));
const answer = (uri: string, version: number) => connection.sendDiagnostics({ uri, version, diagnostics: [] });
connection.onDidOpenTextDocument(({ textDocument }) => answer(textDocument.uri, textDocument.version));
connection.onDidChangeTextDocument(({ textDocument }) => answer(textDocument.uri, textDocument.version));
connection.onHover(() => null);
connection.onCompletion(() => []);
connection.onDocumentSymbol(() => []);
connection.listen();
