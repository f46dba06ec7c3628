import { mentionsLivepatch } from '../../../shared/src/livepatch-text.ts';
import type { LivepatchModule } from '../../../shared/src/model/index.ts';
import type { CParser } from '../analysis/parser.ts';
import { readModule } from '../analysis/read-module.ts';
import { SourceUnit, type TextChange } from '../analysis/source-unit.ts';
import { type DiskFiles, MAX_FILE_SIZE } from './file-source.ts';
import { findModule, type ModuleFiles } from './find-module.ts';

/** How files are named: the host's key for a file (the server uses URIs, the command line paths) and its path. */
export interface FileNames {
  /** Null for a document that is not on the disk. */
  pathOf(file: string): string | null;
  /** The key of the file at an absolute path. */
  fileAt(path: string): string;
}

interface OpenDocument {
  readonly file: string;
  readonly path: string | null;
  text: string;
  livepatch: boolean;
  /** Counts changes of this document and of every other file of its module. */
  generation: number;
  /** The last reading, valid while its generation is the document's. */
  reading: { readonly generation: number; readonly module: Promise<LivepatchModule | null> } | null;
  /** Paths that the last reading looked at. */
  lookedAt: Set<string>;
}

/**
 * The open documents and the livepatch modules that they belong to. Owns every syntax tree: of open documents from the
 * first reading to closing, of files on the disk as long as a module of an open document needs them.
 * Documents win over the disk. What has nothing to do with livepatch is neither parsed nor looked for.
 */
export class ModuleStore {
  private readonly parser: Promise<CParser>;
  private readonly disk: DiskFiles;
  private readonly names: FileNames;
  private readonly documents = new Map<string, OpenDocument>();
  private readonly units = new Map<string, SourceUnit>();

  constructor(parser: Promise<CParser>, disk: DiskFiles, names: FileNames) {
    this.parser = parser;
    this.disk = disk;
    this.names = names;
  }

  open(file: string, text: string): void {
    this.close(file);
    const path = this.names.pathOf(file);
    this.documents.set(file, {
      file,
      path,
      text,
      livepatch: isReadable(text),
      generation: 0,
      reading: null,
      lookedAt: new Set(),
    });
    if (path !== null) this.invalidate(path);
  }

  /** `text` is what the document is after the changes. */
  change(file: string, changes: readonly TextChange[], text: string): void {
    const document = this.documents.get(file);
    if (!document) return;
    this.units.get(file)?.update(changes);
    document.text = text;
    document.livepatch = isReadable(text);
    document.generation++;
    if (document.path !== null) this.invalidate(document.path);
  }

  close(file: string): void {
    const document = this.documents.get(file);
    if (!document) return;
    this.documents.delete(file);
    this.dispose(file);
    // Others of its module now read what is on the disk.
    if (document.path !== null) this.invalidate(document.path);
    this.disposeUnused();
  }

  /** A file on the disk changed, came or went. Returns the open documents that may now read differently. */
  diskChanged(path: string): string[] {
    this.disk.forget(path);
    return this.invalidate(path);
  }

  /** Nothing that was read from the disk counts any more: the folders changed. */
  forgetReadings(): void {
    for (const document of this.documents.values()) document.generation++;
  }

  /** Changes with every change of the document or of another file of its module; null when it is not open. */
  generationOf(file: string): number | null {
    return this.documents.get(file)?.generation ?? null;
  }

  /** Whether it is open and mentions livepatch. */
  isLivepatch(file: string): boolean {
    return this.documents.get(file)?.livepatch === true;
  }

  /** Open documents that mention livepatch. */
  livepatchDocuments(): string[] {
    return [...this.documents.values()].filter((document) => document.livepatch).map((document) => document.file);
  }

  /** Open documents other than this one whose module includes it. */
  dependents(file: string): string[] {
    const path = this.names.pathOf(file);
    if (path === null) return [];
    return [...this.documents.values()]
      .filter((document) => document.file !== file && document.livepatch && document.lookedAt.has(path))
      .map((document) => document.file);
  }

  /** Other open documents that the module of this one was read from. */
  openPartsOf(file: string): string[] {
    const lookedAt = this.documents.get(file)?.lookedAt;
    return [...this.documents.values()]
      .filter(({ file: other, path }) => other !== file && path !== null && lookedAt?.has(path))
      .map((document) => document.file);
  }

  /** The text of an open document or of a file that a module was read from. */
  textOf(file: string): string | null {
    return this.documents.get(file)?.text ?? this.units.get(file)?.text ?? null;
  }

  /**
   * The module of an open document; null when it has nothing to do with livepatch or is not open. Rejects when the parser
   * could not be loaded. The same object is returned until a file of the module changes.
   */
  moduleOf(file: string): Promise<LivepatchModule | null> {
    const document = this.documents.get(file);
    if (!document?.livepatch) return Promise.resolve(null);
    if (document.reading?.generation !== document.generation) {
      document.reading = { generation: document.generation, module: this.readModuleOf(document) };
    }
    return document.reading.module;
  }

  private async readModuleOf(document: OpenDocument): Promise<LivepatchModule | null> {
    const generation = document.generation;
    const parser = await this.parser;
    const found = await this.findModuleOf(document);
    // Edited while the disk was read: what was found may be another module by now.
    const current = this.documents.get(document.file);
    if (current !== document || generation !== document.generation) return this.moduleOf(document.file);
    document.lookedAt = new Set(found.lookedAt);
    const units = found.files.map(({ path, text }) => this.unitFor(parser, path, text, document));
    this.disposeUnused();
    return readModule(units, { name: found.name, missing: found.missing });
  }

  private async findModuleOf(document: OpenDocument): Promise<ModuleFiles> {
    if (document.path !== null) {
      const lookedAt = document.lookedAt;
      const read = (path: string): Promise<string | null> => {
        // Noted before it is read, so that a change in the meantime is not missed.
        lookedAt.add(path);
        return this.read(path);
      };
      return findModule(document.path, document.text, { read });
    }
    const name = document.file.replace(/^.*[/:]/, '').replace(/\.[^.]*$/, '');
    return { name, files: [{ path: '', text: document.text }], missing: [], lookedAt: [] };
  }

  private unitFor(parser: CParser, path: string, text: string, asked: OpenDocument): SourceUnit {
    const file = path === '' || path === asked.path ? asked.file : this.names.fileAt(path);
    const known = this.units.get(file);
    if (known && known.text === text) return known;
    known?.dispose();
    const unit = new SourceUnit(parser, file, text);
    this.units.set(file, unit);
    return unit;
  }

  private async read(path: string): Promise<string | null> {
    return this.documents.get(this.names.fileAt(path))?.text ?? this.disk.read(path);
  }

  /** Marks the readings that looked at a path as old; returns their documents. */
  private invalidate(path: string): string[] {
    const affected: string[] = [];
    for (const document of this.documents.values()) {
      if (!document.lookedAt.has(path)) continue;
      document.generation++;
      affected.push(document.file);
    }
    return affected;
  }

  private dispose(file: string): void {
    this.units.get(file)?.dispose();
    this.units.delete(file);
  }

  /** Deletes the trees of files that no open document's module was read from. */
  private disposeUnused(): void {
    const needed = new Set<string>();
    for (const document of this.documents.values()) for (const path of document.lookedAt) needed.add(path);
    this.disk.keepOnly(needed);
    for (const file of this.units.keys()) {
      const path = this.names.pathOf(file);
      if (!this.documents.has(file) && (path === null || !needed.has(path))) this.dispose(file);
    }
  }
}

/** Livepatch text of a size that people write; what is larger is generated, and checking it would keep everybody waiting. */
function isReadable(text: string): boolean {
  return text.length <= MAX_FILE_SIZE && mentionsLivepatch(text);
}
