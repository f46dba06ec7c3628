import type { Connection } from 'vscode-languageserver';
import { IMAGES_CHANGED_NOTIFICATION, type ImagesChangedParams } from '../../../shared/src/protocol.ts';
import type { FeatureContext } from './context.ts';
import { diagnosticsOf } from './diagnostics.ts';
import { images } from './images.ts';

/**
 * A check that takes no longer is made after every edit, at once: nobody notices it. One that takes longer waits after the
 * last edit for some times what it took, so that a module that is slow to check is not checked for every key. Milliseconds.
 */
const CHEAP = 25;
const TIMES = 2;
const MAX_DELAY = 300;

/** Some clients say that they can pull diagnostics and never do: after this time they get them pushed. Milliseconds. */
const GRACE = 1500;

/**
 * Sends what changes with a document and nobody asks for: diagnostics to clients that do not pull them, images to clients
 * that want them. A client that pulls gets no push, since editors show both lists and so every finding twice.
 */
export class Publisher {
  private readonly connection: Connection;
  private readonly context: FeatureContext;
  private readonly failed: (what: string, error: unknown) => void;
  /** By document: takes back what was to be done. */
  private readonly waiting = new Map<string, () => void>();
  /** Documents that the editor shows findings for. */
  private readonly shown = new Set<string>();
  private readonly sentImages = new Map<string, string>();
  /**
   * How long the last two checks took, by document; 0 before there were so many. The first one of all reads everything, and
   * one alone may have waited for other programs: both say little.
   */
  private readonly lastChecks = new Map<string, readonly [number, number]>();
  private mode: 'push' | 'pull' | 'undecided';
  private grace: NodeJS.Timeout | undefined;

  constructor(connection: Connection, context: FeatureContext, failed: (what: string, error: unknown) => void) {
    this.connection = connection;
    this.context = context;
    this.failed = failed;
    this.mode = context.client.pullDiagnostics ? 'undecided' : 'push';
  }

  /** The client pulls, so nothing is pushed any more. */
  didPull(): void {
    if (this.mode === 'pull') return;
    this.mode = 'pull';
    clearTimeout(this.grace);
    for (const uri of this.shown) void this.connection.sendDiagnostics({ uri, diagnostics: [] });
    this.shown.clear();
  }

  /** The document was opened: at once. */
  publishNow(uri: string): void {
    this.publishAfter(uri, 0);
  }

  /** The document, or what it hangs on, was edited: at once when that is cheap, else after a pause. */
  publishSoon(uri: string): void {
    const took = Math.min(...(this.lastChecks.get(uri) ?? [0]));
    this.publishAfter(uri, took <= CHEAP ? 0 : Math.min(MAX_DELAY, TIMES * took));
  }

  /** The document is closed or its file is gone: what was shown for it is taken back. */
  clear(uri: string): void {
    this.waiting.get(uri)?.();
    this.waiting.delete(uri);
    this.lastChecks.delete(uri);
    this.sentImages.delete(uri);
    if (this.shown.delete(uri)) void this.connection.sendDiagnostics({ uri, diagnostics: [] });
  }

  /** Nothing is sent any more. */
  stop(): void {
    clearTimeout(this.grace);
    for (const cancel of this.waiting.values()) cancel();
    this.waiting.clear();
  }

  private publishAfter(uri: string, delay: number): void {
    if (this.mode === 'undecided') this.grace ??= setTimeout(() => this.pushAll(), GRACE);
    this.waiting.get(uri)?.();
    const run = (): void => {
      this.waiting.delete(uri);
      this.publish(uri).catch((error: unknown) => this.failed('check', error));
    };
    this.waiting.set(uri, delay === 0 ? afterMessages(run) : after(delay, run));
  }

  private noteCheck(uri: string, took: number): void {
    const last = this.lastChecks.get(uri);
    this.lastChecks.set(uri, last ? [last[1], took] : [0, 0]);
  }

  private pushAll(): void {
    if (this.mode !== 'undecided') return;
    this.mode = 'push';
    for (const uri of this.context.documents.all()) this.publishNow(uri);
  }

  private async publish(uri: string): Promise<void> {
    const { client, documents, diffs, store } = this.context;
    const generation = documents.generationOf(uri);
    const isCurrent = (): boolean => generation !== null && documents.generationOf(uri) === generation;
    if (this.mode === 'push') {
      const started = performance.now();
      const diagnostics = await diagnosticsOf(this.context, uri);
      this.noteCheck(uri, performance.now() - started);
      // An edit in the meantime has asked for a publication of its own.
      if (!isCurrent() || this.mode !== 'push') return;
      // Nothing at all is said of documents that have nothing to do with livepatch.
      if (store.isLivepatch(uri) || diagnostics.length > 0 || this.shown.has(uri)) {
        if (diagnostics.length > 0) this.shown.add(uri);
        else this.shown.delete(uri);
        const version = documents.get(uri)?.version;
        await this.connection.sendDiagnostics({ uri, diagnostics, ...(version !== undefined && { version }) });
      }
    }
    if (client.livepatchClient && !diffs.has(uri)) await this.publishImages(uri, isCurrent);
  }

  private async publishImages(uri: string, isCurrent: () => boolean): Promise<void> {
    const result = await images(this.context, uri);
    const params: ImagesChangedParams = { uri, ...result };
    // Without the version: an edit that moves nothing need not redraw anything.
    const text = JSON.stringify([result.images, result.simulation, result.version === null]);
    if (!isCurrent() || this.sentImages.get(uri) === text) return;
    this.sentImages.set(uri, text);
    await this.connection.sendNotification(IMAGES_CHANGED_NOTIFICATION, params);
  }
}

/** Runs when the messages that already wait have been taken in, so that a burst of edits is answered once. */
function afterMessages(run: () => void): () => void {
  // The connection hands out one message in each turn; the next one's is set up after this call.
  let turn = setImmediate(() => {
    turn = setImmediate(run);
  });
  return () => clearImmediate(turn);
}

function after(delay: number, run: () => void): () => void {
  const timer = setTimeout(run, delay);
  return () => clearTimeout(timer);
}
