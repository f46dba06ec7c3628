/** A livepatch of the size that a cumulative patch has after a year: generated, the same every time. */
export interface GeneratedModule {
  readonly text: string;
  readonly lines: number;
  readonly functions: number;
  /** Line and character within the name of its first klp_patch. */
  readonly patchName: { readonly line: number; readonly character: number };
  /** For each function, the place behind a number in its body: a digit may be typed there. */
  readonly numbers: readonly { readonly line: number; readonly character: number }[];
  /** Where `.old_name = "` of its last entry in a table ends. */
  readonly oldName: { readonly line: number; readonly character: number };
}

interface Shape {
  /** How many replacements. */
  readonly functions: number;
  /** Lines of each one's body beyond the first: each calls something and looks at what it returns. */
  readonly calls?: number;
  /** How many klp_patch structures share them; a module has one. */
  readonly patches?: number;
}

/**
 * Replacements, every fifth of them in a table. Without `calls` a function has four lines. `names`: of functions that return
 * int and that the kernel has once; there is nothing to find then.
 */
export function generateModule(
  { functions, calls = 0, patches = 1 }: Shape,
  names: readonly string[],
): GeneratedModule {
  const lines = [
    '// SPDX-License-Identifier: GPL-2.0',
    '#include <linux/module.h>',
    '#include <linux/kernel.h>',
    '#include <linux/livepatch.h>',
    'struct work { struct work *next; int flags; };',
    'extern struct work *bench_work;',
    'int use_work(struct work *work, int flags, const char *why);',
  ];
  const numbers: { line: number; character: number }[] = [];
  for (let index = 0; index < functions; index++) {
    lines.push(`static int livepatch_work_${index}(void)`, '{');
    for (let call = 0; call < calls; call += 2) {
      lines.push(
        `\tif (use_work(bench_work->next, ${call}, "call ${call}") < 0)`,
        `\t\tpr_warn("work %d of %px\\n", ${call}, bench_work);`,
      );
    }
    const head = `\treturn bench_work && bench_work->flags > ${index}`;
    numbers.push({ line: lines.length, character: head.length });
    lines.push(`${head} ? ${index} : -EINVAL;`, '}');
  }
  let patchName = { line: 0, character: 0 };
  let oldName = { line: 0, character: 0 };
  for (let patch = 0; patch < patches; patch++) {
    const n = patches === 1 ? '' : `_${patch}`;
    lines.push(`static struct klp_func funcs${n}[] = {`);
    for (let index = 5 * patch; index < functions; index += 5 * patches) {
      oldName = { line: lines.length, character: '\t{ .old_name = "'.length };
      lines.push(`\t{ .old_name = "${names[index / 5] ?? `work_${index}`}", .new_func = livepatch_work_${index}, },`);
    }
    lines.push('\t{ }', '};', `static struct klp_object objs${n}[] = {`, `\t{ .funcs = funcs${n}, },`, '\t{ }', '};');
    if (patch === 0) patchName = { line: lines.length, character: 'static struct klp_patch pa'.length };
    lines.push(`static struct klp_patch patch${n} = { .mod = THIS_MODULE, .objs = objs${n}, .replace = true };`);
  }
  const variables = Array.from({ length: patches }, (_, patch) => (patches === 1 ? 'patch' : `patch_${patch}`));
  lines.push(
    `static int livepatch_init(void) { return ${variables.map((name) => `klp_enable_patch(&${name})`).join(' ?: ')}; }`,
    'static void livepatch_exit(void) { }',
    'module_init(livepatch_init);',
    'module_exit(livepatch_exit);',
    'MODULE_LICENSE("GPL");',
    'MODULE_INFO(livepatch, "Y");',
    '',
  );
  return { text: lines.join('\n'), lines: lines.length, functions, patchName, numbers, oldName };
}
