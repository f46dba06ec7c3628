import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { KernelKnowledge } from '../kernel/knowledge.ts';
import { pathsOf } from './kernel-files.ts';
import { type KernelTarget, type KnownTarget, learnTarget, unknownTarget } from './target-kernel.ts';

/** The first findings come before the target kernel is read: they are what a user waits for. Milliseconds. */
const FIRST_DELAY = 300;
/** A file that is being written changes many times. Milliseconds. */
const QUIET = 500;

/** Keeps what is known of the target kernel up to date with the settings and with the files that they name. */
export class TargetWatch {
  private readonly folder: string;
  private readonly changed: () => void;
  private target: Omit<KernelTarget, 'folder'> | null = null;
  private started = false;
  private timer: NodeJS.Timeout | undefined;
  private watchers: FSWatcher[] = [];
  private watched = '';
  private known: KnownTarget = unknownTarget([]);
  private wanted: ReadonlySet<string> = new Set();
  private learning = 0;

  /**
   * @param folder the bundle's
   * @param changed called after something was learned, be it that there is nothing
   */
  constructor(folder: string, changed: () => void) {
    this.folder = folder;
    this.changed = changed;
  }

  get knowledge(): KernelKnowledge | null {
    return this.known.knowledge;
  }

  /** One sentence for each named file that could not be used, or not all of it. */
  get problems(): readonly string[] {
    return this.known.problems;
  }

  /** Another target. What was known of the last one is forgotten. */
  use(target: Omit<KernelTarget, 'folder'>): void {
    if (JSON.stringify(target) === JSON.stringify(this.target)) return;
    this.target = target;
    this.known = unknownTarget([]);
    if (!this.started) return;
    this.watchFiles();
    this.learnIn(0);
  }

  /** From now on somebody needs it. */
  start(): void {
    if (this.started) return;
    this.started = true;
    this.watchFiles();
    this.learnIn(FIRST_DELAY);
  }

  /** What files tell of these modules is read, too, now and when the target is another. */
  want(modules: ReadonlySet<string>): void {
    this.wanted = modules;
    const { known } = this;
    void known.want(modules).then((learned) => {
      if (learned && known === this.known) this.changed();
    });
  }

  stop(): void {
    clearTimeout(this.timer);
    this.learning++;
    for (const watcher of this.watchers) watcher.close();
    this.watchers = [];
  }

  private learnIn(delay: number): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.learn(), delay);
  }

  private async learn(): Promise<void> {
    const { target } = this;
    if (!target) return;
    const number = ++this.learning;
    const known = await learnTarget({ ...target, folder: this.folder });
    await known.want(this.wanted);
    // Another target was named meanwhile.
    if (number !== this.learning || target !== this.target) return;
    this.known = known;
    this.watchFiles();
    this.changed();
  }

  /** Folders are watched, not files: a file that is replaced is another one, and one that is missing may come. */
  private watchFiles(): void {
    const paths = [...new Set([...pathsOf(this.target?.files ?? {}), ...this.known.paths])].sort();
    // To close a watcher is to lose what it has not told yet.
    if (paths.join('\0') === this.watched) return;
    this.watched = paths.join('\0');
    for (const watcher of this.watchers) watcher.close();
    this.watchers = [];
    const names = new Map<string, Set<string>>();
    for (const path of paths) {
      const folder = dirname(path);
      names.set(folder, (names.get(folder) ?? new Set()).add(basename(path)));
    }
    for (const [folder, wanted] of names) {
      try {
        const watcher = watch(folder, { persistent: false }, (_, name) => {
          if (name !== null && wanted.has(name)) this.learnIn(QUIET);
        });
        // The folder is gone: there is nothing to see there any more.
        watcher.on('error', () => watcher.close());
        this.watchers.push(watcher);
      } catch {
        // No such folder, or no more watches to have: it is read once.
      }
    }
  }
}
