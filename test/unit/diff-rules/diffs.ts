import { checkDiff } from '../../../server/src/analysis/diff-rules/index.ts';
import { parseDiff } from '../../../server/src/analysis/diff-rules/parse-diff.ts';
import type { Finding } from '../../../server/src/analysis/rule.ts';

const MARK = /[ \t]*\/\/~ ([a-z -]+)$/;

export interface MarkedDiff {
  readonly text: string;
  /** What is marked: the line's text and the rule. */
  readonly expected: readonly string[];
}

/**
 * A diff in which each line that has a finding ends in `//~ RULE`. A line that is written here without its marker in the
 * first column would be no diff: so it is exactly what git writes, but for the marks.
 */
export function marked(diff: string): MarkedDiff {
  const lines = diff.replace(/^\n/, '').split('\n');
  const expected = lines.flatMap((line) => {
    const rule = MARK.exec(line)?.[1];
    return rule === undefined ? [] : [`${line.replace(MARK, '')} <- ${rule}`];
  });
  return { text: lines.map((line) => line.replace(MARK, '')).join('\n'), expected };
}

export function findingsIn(text: string, severities = {}): Finding[] {
  return checkDiff(parseDiff('a.patch', text), severities);
}

/** The findings as `marked` writes them down. */
export function found(text: string): string[] {
  return findingsIn(text).map(({ range, rule }) => {
    const start = text.lastIndexOf('\n', range.start - 1) + 1;
    const end = text.indexOf('\n', range.start);
    return `${text.slice(start, end < 0 ? text.length : end)} <- ${rule}`;
  });
}
