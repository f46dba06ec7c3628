import { type ItemFacts, readItem } from './item-facts.ts';
import type { CParser } from './parser.ts';
import { cutItem, type TopLevelItem } from './top-level.ts';

/** Replaces the text from `start` to `end` (UTF-16 offsets, exclusive end) with `newText`. */
export interface TextChange {
  readonly start: number;
  readonly end: number;
  readonly newText: string;
}

/** A top-level item and what was read from it. */
export class UnitItem {
  readonly cut: TopLevelItem;
  /** Whatever a reader of the unit derives from the item alone may be kept here. */
  readonly memory = new Map<string, unknown>();
  private facts: ItemFacts | null = null;

  constructor(cut: TopLevelItem) {
    this.cut = cut;
  }

  read(parser: CParser): ItemFacts {
    this.facts ??= readItem(parser, this.cut);
    return this.facts;
  }
}

/**
 * One C file, kept up to date while it is edited. An edit cuts and reads anew only the top-level items that it touched;
 * what stands in `items` is always what a new SourceUnit of the same text has.
 *
 * No syntax tree is kept between edits. Editing one tree of the whole file and parsing again gives, in broken text, now
 * and then another tree than parsing from scratch does (3 of 682 random edits), because tree-sitter's error recovery
 * depends on what it can reuse. Parsing the one function that was edited costs as little and always gives the same.
 */
export class SourceUnit {
  readonly file: string;
  /** Like an item's memory, for what readers derive from the whole unit. */
  readonly memory = new Map<string, unknown>();
  private readonly parser: CParser;
  private currentText = '';
  private currentItems: UnitItem[] = [];

  /** `file` is the key that all ranges carry. */
  constructor(parser: CParser, file: string, text: string) {
    this.parser = parser;
    this.file = file;
    this.update([{ start: 0, end: 0, newText: text }]);
  }

  get text(): string {
    return this.currentText;
  }

  /** The items in source order; together their texts are the file's text. */
  get items(): readonly UnitItem[] {
    return this.currentItems;
  }

  facts(item: UnitItem): ItemFacts {
    return item.read(this.parser);
  }

  /** Applies changes one after the other: each one's offsets count in the text that the one before it left. */
  update(changes: readonly TextChange[]): void {
    for (const change of changes) this.apply(change);
  }

  /** Forgets everything. The unit is empty afterwards. */
  dispose(): void {
    this.currentText = '';
    this.currentItems = [];
    this.memory.clear();
  }

  private apply(change: TextChange): void {
    const old = this.currentText;
    const start = Math.min(Math.max(change.start, 0), old.length);
    const end = Math.min(Math.max(change.end, start), old.length);
    const text = old.slice(0, start) + change.newText + old.slice(end);
    const { items, starts } = this.located();
    // The first item for whose end something at the change, or behind it, was looked at.
    let first = items.length;
    while (first > 0 && this.reachOf(items[first - 1], starts[first - 1]) >= start) first--;
    const delta = text.length - old.length;
    const settled = start + change.newText.length;
    const result = items.slice(0, first);
    let at = starts[first] ?? old.length;
    let next = first;
    while (at < text.length) {
      if (at >= settled) {
        while (next < items.length && (starts[next] as number) + delta < at) next++;
        if (next < items.length && (starts[next] as number) + delta === at) {
          result.push(...items.slice(next));
          break;
        }
      }
      const cut = cutItem(text, at);
      result.push(new UnitItem(cut));
      at += cut.text.length;
    }
    this.currentText = text;
    this.currentItems = result;
  }

  private reachOf(item: UnitItem | undefined, start: number | undefined): number {
    return (item?.cut.reach ?? 0) + (start ?? 0);
  }

  private located(): { items: readonly UnitItem[]; starts: readonly number[] } {
    const starts: number[] = [];
    let at = 0;
    for (const { cut } of this.currentItems) {
      starts.push(at);
      at += cut.text.length;
    }
    return { items: this.currentItems, starts };
  }
}
