import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { DIFF_RULES } from '../../../server/src/analysis/diff-rules/index.ts';
import { ruleById } from '../../../server/src/analysis/rules/index.ts';
import { findingsIn, found, marked } from './diffs.ts';

/** A git diff of one file; the hunk counts itself. */
function change(path: string, heading: string, lines: string): string {
  const body = lines.replace(/^\n/, '').replace(/\n$/, '').split('\n');
  const side = (other: string) => body.filter((line) => !line.startsWith(other)).length;
  return `diff --git a/${path} b/${path}
--- a/${path}
+++ b/${path}
@@ -10,${side('+')} +10,${side('-')} @@ ${heading}
${body.join('\n')}
`;
}

const CASES: readonly (readonly [what: string, path: string, heading: string, lines: string])[] = [
  [
    'a member is added to a structure that the heading opens',
    'fs/file.c',
    'struct work {',
    `
 	int users;
 	/* how many wait */
+	int waiting; //~ diff-structure-members
 	struct list_head entry;
 };
`,
  ],
  [
    'a member of a union gets another type',
    'kernel/a.c',
    '',
    `
 union value {
-	int number; //~ diff-structure-members
+	long number;
 	char *text;
 };
`,
  ],
  [
    'a comment, line breaks or a new structure change no layout',
    'kernel/a.c',
    'struct work {',
    `
-	int users;	/* old */
+	int	users;	/* new */
 };
 
+struct fresh {
+	int first;
+};
+
 struct other {
`,
  ],
  [
    'code behind a structure that the heading still names is not in it',
    'kernel/a.c',
    'struct work {',
    `
 };
 
 static int f(void)
 {
-	return 0;
+	return 1;
 }
`,
  ],
  [
    'the end of a macro and of a comment, behind a structure that the heading still names',
    'include/linux/a.h',
    'struct work {',
    `
 					FLAG_A | \\
-					FLAG_B)
+					FLAG_B | \\
+					FLAG_C)
 
 /*
+ * waiting: how many wait
`,
  ],
  [
    'a comment that began before the hunk',
    'kernel/a.c',
    'struct work {',
    `
 	   the first words
+	   int waiting;
 	   the last ones */
 	int users;
`,
  ],
  [
    'a constant in the middle moves those behind it',
    'include/linux/state.h',
    'enum state {',
    `
 	STATE_IDLE,
+	STATE_WAITING, //~ diff-enum-values
 	STATE_RUNNING,
 	STATE_MAX
 };
`,
  ],
  [
    'a constant at the end moves only the one that counts them',
    'include/linux/state.h',
    'enum state {',
    `
 	STATE_IDLE,
 	STATE_RUNNING,
+	STATE_WAITING,
 	STATE_MAX
 };
`,
  ],
  [
    'a constant with a value of its own keeps it',
    'kernel/a.c',
    'enum state {',
    `
 	STATE_IDLE,
+	STATE_WAITING = 7,
 	STATE_RUNNING = 2,
-	STATE_DONE = 3,
+	STATE_DONE = STATE_RUNNING + 1,
 };
`,
  ],
  [
    'a number becomes another one',
    'kernel/a.c',
    'enum flags {',
    `
 	FLAG_A = 0x1,
-	FLAG_B = 0x2, //~ diff-enum-values
+	FLAG_B = 0x4,
 };
`,
  ],
  [
    'an __init function that the heading opens',
    'mm/a.c',
    'static int __init setup_cache(void)',
    `
 {
-	size = 1; //~ diff-init-code
+	size = 2;
 	return 0;
 }
`,
  ],
  [
    'an __exit function, its type on a line of its own',
    'drivers/a.c',
    '',
    `
 static void __exit
 leave(void)
 {
+	stop(); //~ diff-init-code
 	done();
 }
`,
  ],
  [
    'a function that is not __init any more',
    'mm/a.c',
    '',
    `
-static int __init start(void)
+static int start(void)
 {
+	again();
 	return 0;
 }
`,
  ],
  [
    'the function behind an __init function',
    'mm/a.c',
    'static int __init setup_cache(void)',
    `
 }
 
 static int use_cache(void)
 {
+	check();
 	return 0;
 }
`,
  ],
  [
    'a label does not end the function',
    'mm/a.c',
    'static int __init setup_cache(void)',
    `
 out:
-	free(a); //~ diff-init-code
+	free(b);
 	return 0;
 }
`,
  ],
  [
    'an initcall is added, another only moves',
    'kernel/a.c',
    '',
    `
-late_initcall(moved);
 static int x;
+late_initcall(moved);
+subsys_initcall(fresh); //~ diff-initcall
`,
  ],
  [
    'an inline function of a header, and a macro',
    'include/linux/a.h',
    '',
    `
 static inline int twice(int a)
 {
-	return a + a; //~ diff-header-code
+	return a * 2;
 }
-#define LIMIT 5 //~ diff-header-code
+#define LIMIT 6
+#define OTHER 7
`,
  ],
  [
    'a table and no function',
    'drivers/a.c',
    'static const struct file_operations fops = {',
    `
 	.open = a_open,
-	.read = a_read, //~ diff-data-only
+	.read = b_read,
 };
`,
  ],
  [
    'a variable without braces',
    'kernel/a.c',
    '',
    `
 static int users;
-static int limit = 5; //~ diff-data-only
+static int limit = 6;
`,
  ],
  [
    'a table and the function that uses it',
    'drivers/a.c',
    '',
    `
 static int limits[] = {
-	1,
+	2,
 };
 static int f(void)
 {
-	return 1;
+	return limits[0];
 }
`,
  ],
  [
    'a table, and what may be code: nobody knows where it stands',
    'drivers/a.c',
    '',
    `
+	something();
 static int limits[] = {
-	1,
+	2,
 };
`,
  ],
  [
    'a table and a callback',
    'kernel/a.c',
    '',
    `
-static int limit = 5;
+static int limit = 6;
+KPATCH_PRE_PATCH_CALLBACK(set_limit);
`,
  ],
  [
    'static variables of a function: one is new, one begins with another value, constants and locals are neither',
    'kernel/a.c',
    'static int f(void)',
    `
 {
+	static int calls __read_mostly; //~ diff-static-local
+	static const int sizes[] = { 1, 2 };
+	int local;
-	static int limit = 5;
+	static int limit = 6; //~ diff-static-local
 	return 0;
 }
`,
  ],
  [
    'an export is added, another one taken away',
    'kernel/a.c',
    'int f(void)',
    `
 }
-EXPORT_SYMBOL(old_name); //~ diff-exported-symbol
+EXPORT_SYMBOL_GPL(new_name); //~ diff-exported-symbol
 EXPORT_SYMBOL(f);
`,
  ],
  [
    'branches and calls with keys, in what may be a module',
    'net/a.c',
    'static int f(void)',
    `
 {
+	if (static_branch_unlikely(&slow)) //~ diff-jump-label
+		trace_slow(1); //~ diff-jump-label
+	static_call(handler)(2); //~ diff-jump-label
+	trace_printk("no tracepoint");
+	/* static_call(handler)(3) */
 	return 0;
 }
`,
  ],
  [
    'the same in what is never a module',
    'kernel/sched/a.c',
    'static int f(void)',
    `
 {
+	if (static_branch_unlikely(&slow))
+		return 1;
 	return 0;
 }
`,
  ],
];

describe('rules for diffs', () => {
  it.each(CASES)('%s', (_, path, heading, lines) => {
    const { text, expected } = marked(change(path, heading, lines));
    expect(found(text)).toEqual(expected);
  });

  it('reports files that klp-build refuses where they are named, and configuration', () => {
    const paths = [
      ['arch/x86/entry/entry_64.S', 'diff-refused-file'],
      ['lib/string.c', 'diff-refused-file'],
      ['arch/x86/entry/vdso/vma.c', 'diff-refused-file'],
      ['arch/x86/realmode/rm/video.c', 'diff-refused-file'],
      ['net/Kconfig', 'diff-configuration'],
      ['arch/x86/configs/x86_64_defconfig', 'diff-configuration'],
    ] as const;
    for (const [path, rule] of paths) {
      const text = change(path, '', '\n+text\n');
      expect(
        findingsIn(text).map((finding) => [text.slice(finding.range.start, finding.range.end), finding.rule]),
      ).toEqual([[path, rule]]);
    }
    for (const path of ['tools/lib/a.c', 'fs/lib.c', 'net/Makefile', 'Documentation/Kconfig.rst', 'net/Kconfigs']) {
      expect(findingsIn(change(path, '', '\n+text\n'))).toEqual([]);
    }
  });

  it('never reports new files or deleted files but for what they hold', () => {
    const lines = [
      'static int __init f(void)',
      '{',
      '	return 0;',
      '}',
      'struct a {',
      '	int b;',
      '};',
      'enum { A, B };',
    ];
    const file = (marker: string) => lines.map((line) => marker + line).join('\n');
    const added = `--- /dev/null\n+++ b/kernel/a.c\n@@ -0,0 +1,${lines.length} @@\n${file('+')}\n`;
    const deleted = `--- a/kernel/a.c\n+++ /dev/null\n@@ -1,${lines.length} +0,0 @@\n${file('-')}\n`;
    expect(findingsIn(added)).toEqual([]);
    expect(findingsIn(deleted)).toEqual([]);
  });

  it('does not believe a heading that an earlier hunk has changed', () => {
    const path = 'mm/a.c';
    const hunks = (before: string, after: string, mark = '') => `--- a/${path}
+++ b/${path}
@@ -10,3 +10,3 @@ static int __init before(void)
-${before}
+${after}
 {
 	int ret;
@@ -30,3 +30,4 @@ ${before}
 	ret = first();
+	second();${mark}
 	return ret;
 }
`;
    const was = 'static int __init set_up(void)';
    const cases = [
      hunks(was, 'static int set_up(void)'),
      hunks(was, 'static int set_up_later(void)'),
      hunks('struct old {', 'union fresh {').replace('second();', 'int second;'),
      hunks(was, 'static int __init set_up(int again)', ' //~ diff-init-code'),
    ];
    for (const diff of cases) {
      const { text, expected } = marked(diff);
      expect(found(text), diff).toEqual(expected);
    }
  });

  it('underlines the code of the line, and takes levels', () => {
    const text = change('kernel/a.c', 'struct work {', '\n+	int waiting; \n };\n');
    const [finding] = findingsIn(text);
    expect(text.slice(finding?.range.start, finding?.range.end)).toBe('int waiting;');
    expect(finding?.message).toContain('struct work ');
    expect(finding).toMatchObject({ rule: 'diff-structure-members', severity: 'warning' });
    expect(findingsIn(text, { 'diff-structure-members': 'off' })).toEqual([]);
    expect(findingsIn(text, { 'diff-structure-members': 'error' })).toMatchObject([{ severity: 'error' }]);
  });

  it('names what it found', () => {
    const counter = change('kernel/a.c', 'static int f(void)', '\n {\n+\tstatic int calls __read_mostly;\n }\n');
    expect(findingsIn(counter)[0]?.message).toMatch(/^The static variable calls of f\(\) is new\. /);
    const constant = change('kernel/a.c', 'enum e {', '\n \tA,\n+\tB,\n \tC,\n \tD,\n };\n');
    expect(findingsIn(constant)[0]?.message).toMatch(/^C gets another value\. /);
    const init = change('kernel/a.c', '', '\n static int __init\n start(void)\n {\n+\tx();\n }\n');
    expect(findingsIn(init)[0]?.message).toMatch(/^start\(\) is __init\. /);
  });

  it('has a case for every rule', () => {
    const seen = new Set(CASES.flatMap(([, , , lines]) => [...lines.matchAll(/\/\/~ ([a-z-]+)/g)].map(([, id]) => id)));
    const elsewhere = ['diff-refused-file', 'diff-configuration'];
    expect([...seen, ...elsewhere].sort()).toEqual(DIFF_RULES.map(({ id }) => id).sort());
  });

  it('has names that no other rule has', () => {
    for (const { id } of DIFF_RULES) {
      expect(id).toMatch(/^diff-[a-z-]+$/);
      expect(ruleById(id)).toBeUndefined();
    }
  });

  it('is what docs/diffs.md lists', () => {
    const page = readFileSync(fileURLToPath(new URL('../../../docs/diffs.md', import.meta.url)), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `diff-'));
    expect(rows).toEqual(
      DIFF_RULES.map(
        ({ id, severity, summary, kernel }) =>
          `| \`${id}\` | ${severity} | ${summary} | ${kernel.replaceAll('*', '\\*')} |`,
      ),
    );
  });
});
