import { TextDocument } from 'vscode-languageserver-textdocument';
import type { LivepatchModule, SourceRange } from '../../../shared/src/model/index.ts';
import type { ClientLocation } from '../../../shared/src/protocol.ts';

/** Turns the ranges of modules into LSP locations, by the texts that the modules were read from: they need not be open. */
export class ModuleLocations {
  private readonly documents = new Map<string, TextDocument>();

  constructor(modules: readonly LivepatchModule[]) {
    for (const { file, text } of modules.flatMap(({ files }) => files)) {
      this.documents.set(file, TextDocument.create(file, 'c', 0, text));
    }
  }

  of({ file, start, end }: SourceRange): ClientLocation {
    const document = this.documents.get(file);
    if (!document) return { uri: file, range: NOWHERE };
    return { uri: file, range: { start: document.positionAt(start), end: document.positionAt(end) } };
  }
}

const NOWHERE = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };
