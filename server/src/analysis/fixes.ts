import type { Finding, TextEdit } from './rule.ts';

/**
 * The text with all edits made. The ranges are those of `text`, in any order; insertions at one place keep their order.
 * Throws a RangeError when edits overlap or reach beyond the text: their maker is broken.
 */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const ordered = edits.toSorted((a, b) => a.range.start - b.range.start || a.range.end - b.range.end);
  let result = '';
  let done = 0;
  for (const { range, newText } of ordered) {
    if (range.start < done || range.end < range.start || range.end > text.length) {
      throw new RangeError(`edit ${range.start}..${range.end} overlaps another one or leaves the text`);
    }
    result += text.slice(done, range.start) + newText;
    done = range.end;
  }
  return result + text.slice(done);
}

/**
 * The edits of all safe fixes in one file that go together: the first safe fix of each finding, unless it touches what
 * an earlier one changes. What is left out is offered again after these have been applied, so repeating "check, fix all"
 * ends. Fixes that also change other files are left out: half of them would be wrong.
 */
export function fixAllEdits(findings: readonly Finding[], file: string): TextEdit[] {
  const chosen: TextEdit[] = [];
  for (const finding of findings) {
    const fix = finding.fixes?.find(({ safety }) => safety === 'safe');
    if (!fix?.edits.every(({ range }) => range.file === file)) continue;
    const fresh = fix.edits.filter((edit) => !chosen.some((other) => isSame(edit, other)));
    if (fresh.some((edit) => chosen.some((other) => collide(edit, other)))) continue;
    chosen.push(...fresh);
  }
  return chosen.toSorted((a, b) => a.range.start - b.range.start || a.range.end - b.range.end);
}

function isSame(a: TextEdit, b: TextEdit): boolean {
  return a.range.start === b.range.start && a.range.end === b.range.end && a.newText === b.newText;
}

/** Two insertions never do. A change collides with whatever it touches: what it touches may no longer be what it was. */
function collide(a: TextEdit, b: TextEdit): boolean {
  const insertion = (edit: TextEdit) => edit.range.start === edit.range.end;
  if (insertion(a) && insertion(b)) return false;
  return a.range.start <= b.range.end && b.range.start <= a.range.end;
}
