/** A livepatch of the size that a cumulative patch has after a year: generated, the same every time. */
export interface GeneratedModule {
  readonly text: string;
  /** Line and character within the name of its klp_patch. */
  readonly patchName: { readonly line: number; readonly character: number };
  /** Start of a line within a function's body. */
  readonly body: { readonly line: number; readonly character: number };
}

/** `functions` replacements of four lines each, every fifth of them in the table. About four lines for each function. */
export function generateModule(functions: number): GeneratedModule {
  const lines = [
    '// SPDX-License-Identifier: GPL-2.0',
    '#include <linux/module.h>',
    '#include <linux/kernel.h>',
    '#include <linux/livepatch.h>',
  ];
  for (let index = 0; index < functions; index++) {
    lines.push(
      `static int livepatch_work_${index}(struct work *work, int flags)`,
      '{',
      `\treturn work && flags > ${index} ? ${index} : -EINVAL;`,
      '}',
    );
  }
  lines.push('static struct klp_func funcs[] = {');
  for (let index = 0; index < functions; index += 5) {
    lines.push(`\t{ .old_name = "work_${index}", .new_func = livepatch_work_${index}, },`);
  }
  lines.push('\t{ }', '};', 'static struct klp_object objs[] = {', '\t{ .funcs = funcs, },', '\t{ }', '};');
  const patchLine = lines.length;
  lines.push(
    'static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs, .replace = true };',
    'static int livepatch_init(void) { return klp_enable_patch(&patch); }',
    'static void livepatch_exit(void) { }',
    'module_init(livepatch_init);',
    'module_exit(livepatch_exit);',
    'MODULE_LICENSE("GPL");',
    'MODULE_INFO(livepatch, "Y");',
    '',
  );
  return {
    text: lines.join('\n'),
    patchName: { line: patchLine, character: 'static struct klp_patch pa'.length },
    body: { line: 4 + 4 * Math.floor(functions / 2) + 2, character: 1 },
  };
}
