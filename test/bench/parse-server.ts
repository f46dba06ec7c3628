/**
 * A server that only parses: keeps a syntax tree of each document up to date with tree-sitter's incremental parsing and
 * finds nothing. What it takes is the floor under every server that reads C. `parse-server.js DIST --stdio`.
 */
import { createConnection, ProposedFeatures } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { Edit, type Parser, type Tree } from 'web-tree-sitter';
import { loadBareParser } from './bare-parser.ts';

const documents = new Map<string, { document: TextDocument; tree: Tree | null }>();

function start(parser: Parser): void {
  const connection = createConnection(ProposedFeatures.all);
  connection.onInitialize(() => ({ capabilities: { textDocumentSync: 2 } }));
  connection.onDidOpenTextDocument(({ textDocument: { uri, languageId, version, text } }) => {
    documents.set(uri, { document: TextDocument.create(uri, languageId, version, text), tree: parser.parse(text) });
    void connection.sendDiagnostics({ uri, version, diagnostics: [] });
  });
  connection.onDidChangeTextDocument(({ textDocument: { uri, version }, contentChanges }) => {
    const known = documents.get(uri);
    if (!known) return;
    const { document } = known;
    for (const change of contentChanges) {
      if (!('range' in change)) throw new Error('the benchmarks send ranges');
      const point = (index: number) => {
        const { line, character } = document.positionAt(index);
        return { row: line, column: character };
      };
      const startIndex = document.offsetAt(change.range.start);
      const oldEndIndex = document.offsetAt(change.range.end);
      const [startPosition, oldEndPosition] = [point(startIndex), point(oldEndIndex)];
      TextDocument.update(document, [change], version);
      const newEndIndex = startIndex + change.text.length;
      const newEndPosition = point(newEndIndex);
      known.tree?.edit(
        new Edit({ startIndex, oldEndIndex, newEndIndex, startPosition, oldEndPosition, newEndPosition }),
      );
    }
    const tree = parser.parse(document.getText(), known.tree);
    known.tree?.delete();
    known.tree = tree;
    void connection.sendDiagnostics({ uri, version, diagnostics: [] });
  });
  connection.listen();
}

void loadBareParser(process.argv[2] as string).then(start);
