import type { Suppression } from '../../../shared/src/model/index.ts';
import { type PlacedItem, rangeIn, textOf } from './scope.ts';

const NONE: readonly Suppression[] = [];

/** `// livepatch-ignore rule-a, rule-b: reason`, or the same in a block comment. Without rules it stands for all. */
export function readSuppressions(place: PlacedItem): readonly Suppression[] {
  const { unit } = place;
  if (place.facts.suppressions.length === 0) return NONE;
  return place.facts.suppressions.flatMap((span) => {
    const comment = textOf(place, span)
      .replace(/^\/[/*]+/, '')
      .replace(/\*\/$/, '')
      .trim();
    const match = /^livepatch-ignore\b[ \t]*([^:]*)(?::([\s\S]*))?$/.exec(comment);
    if (!match) return [];
    const rules = (match[1] ?? '').split(/[\s,]+/).filter((rule) => rule !== '');
    if (rules.some((rule) => !/^[a-z][a-z0-9-]*$/.test(rule))) return [];
    const range = rangeIn(place, span);
    const { text } = unit;
    const lineStart = text.lastIndexOf('\n', range.start - 1) + 1;
    const lineEnd = endOfLine(text, range.end);
    const alone = text.slice(lineStart, range.start).trim() === '' && text.slice(range.end, lineEnd).trim() === '';
    const from = alone ? Math.min(lineEnd + 1, text.length) : lineStart;
    const line = { file: unit.file, start: from, end: alone ? endOfLine(text, from) : lineEnd };
    return [{ rules, reason: (match[2] ?? '').trim(), range, line }];
  });
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end < 0 ? text.length : end;
}
