import { dirname, join } from 'node:path';
import {
  type Connection,
  DidChangeWatchedFilesNotification,
  type Disposable,
  type InitializeParams,
  type WorkspaceFoldersChangeEvent,
} from 'vscode-languageserver';
import { URI } from 'vscode-uri';
import type { DiskFiles } from '../workspace/file-source.ts';
import type { ModuleStore } from '../workspace/module-store.ts';
import type { ClientAbilities } from './client-abilities.ts';
import type { UriNames } from './documents.ts';

/** The folders inside which files may be read: the workspace's and those of open livepatch documents. */
export class ReadableFolders {
  private readonly disk: DiskFiles;
  private readonly store: ModuleStore;
  private readonly names: UriNames;
  private workspace: readonly string[] = [];
  private used = '';

  constructor(disk: DiskFiles, store: ModuleStore, names: UriNames) {
    this.disk = disk;
    this.store = store;
    this.names = names;
  }

  setWorkspace({ workspaceFolders, rootUri }: InitializeParams): void {
    const uris = workspaceFolders?.map(({ uri }) => uri) ?? (rootUri ? [rootUri] : []);
    this.workspace = uris.flatMap((uri) => this.names.pathOf(uri) ?? []);
    this.update();
  }

  changeWorkspace({ added, removed }: WorkspaceFoldersChangeEvent): void {
    const gone = new Set(removed.flatMap(({ uri }) => this.names.pathOf(uri) ?? []));
    this.workspace = [
      ...this.workspace.filter((folder) => !gone.has(folder)),
      ...added.flatMap(({ uri }) => this.names.pathOf(uri) ?? []),
    ];
    this.update();
  }

  /** The set of open documents may be another. True when that changes what may be read, and so every reading. */
  update(): boolean {
    const roots = [...new Set([...this.workspace, ...this.livepatchFolders()])].sort();
    const key = roots.join('\0');
    if (key === this.used) return false;
    this.used = key;
    this.disk.setRoots(roots);
    this.store.forgetReadings();
    return true;
  }

  /** Paths of the workspace's folders. */
  workspaceFolders(): readonly string[] {
    return this.workspace;
  }

  livepatchFolders(): Set<string> {
    return new Set(
      this.store.livepatchDocuments().flatMap((uri) => {
        const path = this.names.pathOf(uri);
        return path === null ? [] : [dirname(path)];
      }),
    );
  }
}

/** Asks the client to watch the folders of open livepatch documents, each without what is below it. */
export class FolderWatchers {
  private readonly connection: Connection;
  private readonly client: ClientAbilities;
  private readonly disk: DiskFiles;
  private readonly failed: (error: unknown) => void;
  private readonly watches = new Map<string, Promise<Disposable>>();
  private readonly working = new Set<string>();

  constructor(connection: Connection, client: ClientAbilities, disk: DiskFiles, failed: (error: unknown) => void) {
    this.connection = connection;
    this.client = client;
    this.disk = disk;
    this.failed = failed;
  }

  watch(folders: ReadonlySet<string>): void {
    if (!this.client.watchesFolders) return;
    for (const [folder, watch] of this.watches) {
      if (folders.has(folder)) continue;
      this.watches.delete(folder);
      this.working.delete(folder);
      this.disk.setWatched(new Set(this.working));
      watch.then((registration) => registration.dispose()).catch(this.failed);
    }
    for (const folder of folders) if (!this.watches.has(folder)) this.start(folder);
  }

  private start(folder: string): void {
    const globPattern = { baseUri: URI.file(join(folder)).toString(), pattern: '{*.c,*.h,Kbuild,Makefile}' };
    const watch = this.connection.client.register(DidChangeWatchedFilesNotification.type, {
      watchers: [{ globPattern }],
    });
    this.watches.set(folder, watch);
    watch
      .then(() => {
        if (this.watches.get(folder) !== watch) return;
        this.working.add(folder);
        this.disk.setWatched(new Set(this.working));
      })
      .catch(this.failed);
  }
}
