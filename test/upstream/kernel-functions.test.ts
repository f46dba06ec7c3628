import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXAMPLE_SOURCE } from '../../server/src/analysis/rules/example-kernel.ts';
import { SourceTree } from '../../server/src/workspace/source-tree.ts';
import { findingsIn, read } from '../support/check.ts';
import { parser } from '../support/parser.ts';
import { REFERENCE_KERNEL } from '../support/reference-kernel.ts';
import { cFilesBelow, unpackKernelSource } from './kernel-source.ts';

/** Folders with functions of all kinds: static, exported, __init, system calls, with macros and `#if`. */
const FOLDERS = ['fs/proc', 'kernel/time'];
/** Not built for x86: its functions are not those that the kernel has under these names. */
const NOT_BUILT = ['task_nommu.c'];
/** Inlined here, so the kernel's only symbol of this name is a function of another file. */
const ANOTHER_FUNCTION = ['hash'];
/** Rules that compare a replacement with the original. */
const COMPARING = ['signature-mismatch', 'struct-layout-change'];

/**
 * A kernel's source file with a livepatch behind it that replaces each of its functions by itself: the most faithful
 * replacements that there are.
 */
function replacingItself(text: string): { source: string; functions: readonly string[] } {
  const functions = read({ 'file.c': `${text}\nstatic struct klp_patch patch;\n` })
    .functions.filter(
      ({ name, conditions, inline }) => conditions.length === 0 && !inline && !ANOTHER_FUNCTION.includes(name),
    )
    .map(({ name }) => name);
  const entries = [...new Set(functions)].map((name) => `\t{ .old_name = "${name}", .new_func = ${name} },`);
  const source = `${text}
static struct klp_func livepatch_funcs[] = {
${entries.join('\n')}
	{ }
};
static struct klp_object livepatch_objs[] = { { .funcs = livepatch_funcs }, { } };
static struct klp_patch livepatch_patch = { .mod = THIS_MODULE, .objs = livepatch_objs };
`;
  return { source, functions };
}

describe('functions of Linux 6.12 as their own replacements', () => {
  const texts = new Map<string, string>();

  beforeAll(() => {
    for (const file of cFilesBelow(unpackKernelSource('6.12', FOLDERS))) {
      if (!NOT_BUILT.includes(basename(file))) texts.set(basename(file), readFileSync(file, 'utf8'));
    }
  });

  it('have the signatures and structures that the kernel has', () => {
    let compared = 0;
    for (const [file, text] of texts) {
      const { source, functions } = replacingItself(text);
      compared += functions.filter((name) => REFERENCE_KERNEL.prototype(name, null)).length;
      const alarms = findingsIn(read({ [file]: source }), { knowledge: REFERENCE_KERNEL })
        .filter(({ rule }) => COMPARING.includes(rule))
        .map(({ rule, message }) => `${file}: ${rule}: ${message}`);
      expect(alarms).toEqual([]);
    }
    expect(compared).toBeGreaterThan(300);
  });

  it('are really compared: a parameter more is found', () => {
    const text = texts.get('uptime.c') ?? '';
    const { source } = replacingItself(text);
    const changed = source.replace(
      'uptime_proc_show(struct seq_file *m',
      'uptime_proc_show(int more, struct seq_file *m',
    );
    expect(changed).not.toBe(source);
    const rules = findingsIn(read({ 'uptime.c': changed }), { knowledge: REFERENCE_KERNEL }).map(({ rule }) => rule);
    expect(rules).toContain('signature-mismatch');
  });
});

describe('what examples take for the kernel’s source', () => {
  it.each(['6.1', '6.12'] as const)(
    'is what that of Linux %s says',
    async (series) => {
      const root = unpackKernelSource(series, ['fs']);
      const facts = await new SourceTree(root, Promise.resolve(parser)).factsOf(EXAMPLE_SOURCE.keys());
      const withoutLines = [...facts].map(([name, functions]) => [
        name,
        functions.map((each) => ({ ...each, place: each.place.replace(/:\d+$/, '') })),
      ]);
      expect(withoutLines).toEqual([...EXAMPLE_SOURCE]);
    },
    120_000,
  );
});
