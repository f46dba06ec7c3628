import type { SourceFunction } from '../analysis/rule.ts';
import type { SourceTree } from './source-tree.ts';

/** Names that are kept: far more than all open livepatches replace. */
const MOST_NAMES = 1000;

/** What the source tree says of the functions that open livepatches replace, looked for once each. */
export class SourceKnowledge {
  facts: ReadonlyMap<string, readonly SourceFunction[]> = new Map();
  private tree: SourceTree | null = null;
  private wanted: ReadonlySet<string> = new Set();

  /**
   * Looks for functions that were not looked for yet; `current` says which tree holds now. Resolves to whether `facts` is
   * another one. A search of which nobody wants a name any more, as while somebody types one, is given up. Never rejects:
   * what can't be searched says nothing.
   */
  async want(names: Iterable<string>, current: () => SourceTree | null): Promise<boolean> {
    const tree = current();
    const isOther = tree !== this.tree;
    if (isOther) {
      this.tree = tree;
      this.facts = new Map();
    }
    this.wanted = new Set(names);
    const unknown = [...this.wanted].filter((name) => !this.facts.has(name));
    if (!tree || unknown.length === 0) return isOther;
    const isWanted = () => current() === tree && unknown.some((name) => this.wanted.has(name));
    const learned = await tree.factsOf(unknown, isWanted).catch(() => new Map());
    if (!isWanted()) return isOther;
    this.facts = new Map([...this.facts, ...learned].slice(-MOST_NAMES));
    return true;
  }
}
