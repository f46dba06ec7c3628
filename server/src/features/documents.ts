import type {
  DidChangeTextDocumentParams,
  DidOpenTextDocumentParams,
  Location,
  Range,
  TextDocumentContentChangeEvent,
} from 'vscode-languageserver';
import { TextDocument } from 'vscode-languageserver-textdocument';
import { URI } from 'vscode-uri';
import type { SourceRange } from '../../../shared/src/model/index.ts';
import type { TextChange } from '../analysis/source-unit.ts';
import type { DiffChecks } from '../workspace/diff-checks.ts';
import type { FileNames, ModuleStore } from '../workspace/module-store.ts';

/** Clients may write one file's URI in several ways; the server keeps to what the client opened it under. */
export class UriNames implements FileNames {
  private readonly opened = new Map<string, string>();

  pathOf(uri: string): string | null {
    try {
      const parsed = URI.parse(uri, true);
      return parsed.scheme === 'file' ? parsed.fsPath : null;
    } catch {
      return null;
    }
  }

  fileAt(path: string): string {
    return this.opened.get(path) ?? URI.file(path).toString();
  }

  noteOpened(uri: string): void {
    const path = this.pathOf(uri);
    if (path !== null) this.opened.set(path, uri);
  }

  noteClosed(uri: string): void {
    const path = this.pathOf(uri);
    if (path !== null && this.opened.get(path) === uri) this.opened.delete(path);
  }
}

/**
 * The texts of open C documents and diffs, and the way between LSP's positions and offsets. Positions are UTF-16, which every client
 * must understand and which are the offsets that JavaScript and the reader count in.
 */
export class Documents {
  private readonly open = new Map<string, TextDocument>();
  private readonly others = new Map<string, TextDocument>();
  private readonly gone = new Set<string>();
  private readonly store: ModuleStore;
  private readonly diffs: DiffChecks;
  private readonly names: UriNames;

  constructor(store: ModuleStore, diffs: DiffChecks, names: UriNames) {
    this.store = store;
    this.diffs = diffs;
    this.names = names;
  }

  get(uri: string): TextDocument | undefined {
    return this.open.get(uri);
  }

  /** URIs of the open C documents and diffs. */
  all(): string[] {
    return [...this.open.keys()];
  }

  /** False for a document that is neither C nor a diff. */
  didOpen({ textDocument }: DidOpenTextDocumentParams): boolean {
    const { uri, languageId, version, text } = textDocument;
    const isDiff = /^(?:diff|patch)$/i.test(languageId) || /\.(?:diff|patch)$/i.test(uri);
    if (!isDiff && !/^(?:c|cpp|c\+\+)$/i.test(languageId) && !/\.[ch]$/i.test(uri)) return false;
    this.names.noteOpened(uri);
    this.open.set(uri, TextDocument.create(uri, languageId, version, text));
    if (isDiff) this.diffs.didOpen(uri, text);
    else this.store.open(uri, text);
    return true;
  }

  /** False when the document is not open here. */
  didChange({ textDocument, contentChanges }: DidChangeTextDocumentParams): boolean {
    const document = this.open.get(textDocument.uri);
    if (!document) return false;
    this.gone.delete(textDocument.uri);
    const changes: TextChange[] = [];
    for (const change of contentChanges) {
      const { start, end, newText } = textChange(document, change);
      changes.push({ start, end, newText });
      // Given back as positions that exist: TextDocument loses count of its lines over a range beyond the end.
      const range = { start: document.positionAt(start), end: document.positionAt(end) };
      TextDocument.update(document, [{ range, text: newText }], textDocument.version);
    }
    if (this.diffs.has(textDocument.uri)) this.diffs.didChange(textDocument.uri, document.getText());
    else this.store.change(textDocument.uri, changes, document.getText());
    return true;
  }

  /** False when the document was not open here. */
  didClose(uri: string): boolean {
    if (!this.open.delete(uri)) return false;
    this.gone.delete(uri);
    this.store.close(uri);
    this.diffs.didClose(uri);
    this.names.noteClosed(uri);
    return true;
  }

  /** Changes whenever the answer for a document may be another; null when it is not open. */
  generationOf(uri: string): number | null {
    return this.diffs.generationOf(uri) ?? this.store.generationOf(uri);
  }

  /** The file behind an open document was deleted or is there again. Until the next edit a deleted one has no findings. */
  setGone(uri: string, gone: boolean): void {
    if (gone && this.open.has(uri)) this.gone.add(uri);
    else this.gone.delete(uri);
  }

  isGone(uri: string): boolean {
    return this.gone.has(uri);
  }

  /** Where a range stands, in LSP positions; null when the file is not known any more. */
  range(range: SourceRange): Range | null {
    const document = this.open.get(range.file) ?? this.other(range.file);
    return document ? { start: document.positionAt(range.start), end: document.positionAt(range.end) } : null;
  }

  location(range: SourceRange): Location | null {
    const where = this.range(range);
    return where && { uri: range.file, range: where };
  }

  /** A file that is not open but was read as a part of a module. */
  private other(file: string): TextDocument | null {
    const text = this.store.textOf(file);
    const known = this.others.get(file);
    if (text === null) {
      this.others.delete(file);
      return null;
    }
    if (known && known.getText() === text) return known;
    const document = TextDocument.create(file, 'c', 0, text);
    this.others.set(file, document);
    return document;
  }
}

/** One LSP change as offsets in the document as it is before the change. */
function textChange(document: TextDocument, change: TextDocumentContentChangeEvent): TextChange {
  if (!('range' in change)) return { start: 0, end: document.getText().length, newText: change.text };
  const a = document.offsetAt(change.range.start);
  const b = document.offsetAt(change.range.end);
  return { start: Math.min(a, b), end: Math.max(a, b), newText: change.text };
}
