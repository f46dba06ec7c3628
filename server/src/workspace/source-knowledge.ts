import type { SourceFunction } from '../analysis/rule.ts';
import type { SourceTree } from './source-tree.ts';

/** Names that are kept: far more than all open livepatches replace. */
const MOST_NAMES = 1000;

/** What the source tree says of the functions that open livepatches replace, looked for once each. */
export class SourceKnowledge {
  facts: ReadonlyMap<string, readonly SourceFunction[]> = new Map();
  private tree: SourceTree | null = null;

  /**
   * Looks for functions that were not looked for yet; `current` says which tree holds now. Resolves to whether `facts` is
   * another one. Never rejects: what can't be searched says nothing.
   */
  async want(names: Iterable<string>, current: () => SourceTree | null): Promise<boolean> {
    const tree = current();
    const isOther = tree !== this.tree;
    if (isOther) {
      this.tree = tree;
      this.facts = new Map();
    }
    const unknown = [...names].filter((name) => !this.facts.has(name));
    if (!tree || unknown.length === 0) return isOther;
    const learned = await tree.factsOf(unknown, () => current() === tree).catch(() => new Map());
    if (current() !== tree) return isOther;
    this.facts = new Map([...this.facts, ...learned].slice(-MOST_NAMES));
    return true;
  }
}
