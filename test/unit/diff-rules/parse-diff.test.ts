import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkDiff } from '../../../server/src/analysis/diff-rules/index.ts';
import { type Diff, parseDiff } from '../../../server/src/analysis/diff-rules/parse-diff.ts';

const GIT = `From 0123 Mon Sep 17 00:00:00 2001
Subject: [PATCH] Fix it
---
 kernel/a.c | 2 +-

diff --git a/kernel/a.c b/kernel/a.c
index 1111..2222 100644
--- a/kernel/a.c
+++ b/kernel/a.c
@@ -3,4 +3,4 @@ int f(void)
 {
-	return 0;
+	return 1;
 }

@@ -20 +20,2 @@
-last
+last
\\ No newline at end of file
+-- more
diff --git a/old name.c b/new name.c
similarity index 90%
rename from old name.c
rename to new name.c
diff --git a/logo.png b/logo.png
new file mode 100644
Binary files /dev/null and b/logo.png differ
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
--
2.39.5
`;

const PLAIN = `Only in new: x
--- linux-6.1.orig/mm/b.c	2026-01-01 00:00:00.000000000 +0000
+++ linux-6.1/mm/b.c	2026-01-02 00:00:00.000000000 +0000
@@ -1,2 +1,2 @@
-++ odd;
+-- odd;
 same
--- /dev/null
+++ b/mm/new.c
@@ -0,0 +1 @@
+new
`;

/** All lines of all hunks, as `marker text`. */
const lines = (diff: Diff) =>
  diff.files.flatMap(({ hunks }) => hunks.flatMap((hunk) => hunk.lines.map(({ kind, text }) => `${kind} ${text}`)));

describe('parseDiff', () => {
  it('reads what git writes', () => {
    const diff = parseDiff('a.patch', GIT);
    expect(diff.files.map(({ oldPath, newPath, binary, hunks }) => [oldPath, newPath, binary, hunks.length])).toEqual([
      ['kernel/a.c', 'kernel/a.c', false, 2],
      ['old name.c', 'new name.c', false, 0],
      [null, 'logo.png', true, 0],
      ['run.sh', 'run.sh', false, 0],
    ]);
    expect(diff.files[0]?.hunks.map(({ oldStart, newStart, heading }) => [oldStart, newStart, heading])).toEqual([
      [3, 3, 'int f(void)'],
      [20, 20, ''],
    ]);
    expect(lines(diff)).toEqual([
      'context {',
      'removed 	return 0;',
      'added 	return 1;',
      'context }',
      'context ',
      'removed last',
      'added last',
      'added -- more',
    ]);
  });

  it('reads what diff -u writes, without git', () => {
    const diff = parseDiff('a.diff', PLAIN);
    expect(diff.files.map(({ oldPath, newPath }) => [oldPath, newPath])).toEqual([
      ['mm/b.c', 'mm/b.c'],
      [null, 'mm/new.c'],
    ]);
    expect(diff.files.map(({ pathSpan }) => PLAIN.slice(pathSpan.start, pathSpan.end))).toEqual(['mm/b.c', 'mm/new.c']);
    expect(lines(diff)).toEqual(['removed ++ odd;', 'added -- odd;', 'context same', 'added new']);
  });

  it('reads the same with carriage returns, at other offsets', () => {
    const text = GIT.replaceAll('\n', '\r\n');
    const diff = parseDiff('a.patch', text);
    expect(lines(diff)).toEqual(lines(parseDiff('a.patch', GIT)));
    expectOffsets(diff);
  });

  it('keeps the lines of a hunk that is cut off', () => {
    const cut = GIT.slice(0, GIT.indexOf(' }\n'));
    expect(lines(parseDiff('a.patch', cut))).toEqual(['context {', 'removed 	return 0;', 'added 	return 1;']);
  });

  it('finds nothing in what is no diff', () => {
    for (const text of ['', '\n', 'int x;\n', '@@ -1 +1 @@\n-a\n+b\n', '--- a\n', '+++ b\n']) {
      expect(parseDiff('x', text).files).toEqual([]);
    }
  });

  it('says for each line what stands at its offsets, whatever the text', () => {
    fc.assert(
      fc.property(anyText, (text) => expectOffsets(parseDiff('x', text))),
      { numRuns: 500 },
    );
  });

  it('leaves the rules a diff that they can check, whatever the text', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        for (const { range } of checkDiff(parseDiff('x', text))) {
          expect(0 <= range.start && range.start <= range.end && range.end <= text.length).toBe(true);
          const line = text.slice(text.lastIndexOf('\n', range.start - 1) + 1);
          // A changed line, or one that names a file.
          expect(line).toMatch(/^(?:[+-]|diff --git |rename to |copy to )/);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('takes a time that grows with the text only', () => {
    const hostile = [
      'diff --git a/'.padEnd(400_000, 'a/'),
      `--- a/x.c\n+++ b/x.c\n@@ -1,999999999 +1,999999999 @@ ${'('.repeat(100_000)}\n${'+enum{A}\n'.repeat(40_000)}`,
      `--- a/x.c\n+++ b/x.c\n${'@@ -1 +1 @@ struct a {\n-{\n+}\n'.repeat(20_000)}`,
      `--- a/x.c\n+++ b/x.c\n@@ -1,0 +1,60000 @@\n${'+/*\n+"\n+static f(\n'.repeat(20_000)}`,
    ];
    for (const text of hostile) expect(Array.isArray(checkDiff(parseDiff('x', text)))).toBe(true);
  });
});

function expectOffsets(diff: Diff): void {
  for (const { pathSpan, hunks } of diff.files) {
    expect(0 <= pathSpan.start && pathSpan.start <= pathSpan.end && pathSpan.end <= diff.text.length).toBe(true);
    for (const { start, end, text, kind } of hunks.flatMap((hunk) => hunk.lines)) {
      expect(diff.text.slice(start, end)).toBe(text);
      expect(text).not.toContain('\n');
      if (text !== '') expect(diff.text[start - 1]).toBe({ context: ' ', added: '+', removed: '-' }[kind]);
    }
  }
}

const piece = fc.constantFrom(
  ...[...GIT.split(/(?<=\n)/), ...PLAIN.split(/(?<=\n)/)],
  '@@ -1,3 +1,3 @@ struct work {\n',
  '@@ -1,3 +1,4 @@ static int __init f(void)\n',
  '+	int added;\n',
  '-enum { A, B, C };\n',
  '+enum { A, C };\n',
  ' static int limit = 5;\r\n',
  '+EXPORT_SYMBOL(x);\n',
  '+late_initcall(x);\n',
  '+++ b/include/a.h\n',
  '+#define A(x) \\\n',
  '+/* "\u{1f600}\n',
);
/** Pieces of diffs in any order, whole diffs that are cut off or changed somewhere, and anything else. */
const anyText = fc.oneof(
  fc.array(piece, { maxLength: 40 }).map((parts) => parts.join('')),
  fc
    .tuple(fc.constantFrom(GIT, PLAIN), fc.nat(), fc.nat(), fc.string({ maxLength: 5 }))
    .map(([text, from, length, put]) => {
      const at = from % text.length;
      return text.slice(0, at) + put + text.slice(at + (length % 50));
    }),
  fc.constantFrom(GIT, PLAIN).chain((text) => fc.nat(text.length).map((end) => text.slice(0, end))),
  fc.string({ unit: 'binary', maxLength: 200 }),
);
