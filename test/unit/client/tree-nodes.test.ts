import { describe, expect, it } from 'vitest';
import { type TreeNode, treeOf } from '../../../client/src/modules/tree-nodes.ts';
import type { ClientLocation, WorkspaceModule } from '../../../shared/src/protocol.ts';

const at = (name: string, line: number): ClientLocation => ({
  uri: `file:///w/${name}`,
  range: { start: { line, character: 0 }, end: { line, character: 5 } },
});

const MODULE: WorkspaceModule = {
  name: 'fix',
  patches: [
    {
      name: 'patch',
      location: at('fix.c', 30),
      replace: true,
      objects: [
        {
          name: 'vmlinux',
          location: at('fix.c', 20),
          functions: [{ name: 'f', replacement: 'new_f', location: at('fix.c', 10) }],
        },
        { name: null, location: at('fix.c', 24), functions: [] },
      ],
    },
  ],
};

/** The tree as text, a line for each node. */
const lines = (nodes: readonly TreeNode[], depth = 0): string[] =>
  nodes.flatMap(({ label, description, children }) => [
    `${'  '.repeat(depth)}${label}${description ? ` [${description}]` : ''}`,
    ...lines(children, depth + 1),
  ]);

describe('treeOf', () => {
  it('shows modules with objects and functions', () => {
    expect(lines(treeOf({ modules: [MODULE], conflicts: [], note: null }))).toEqual([
      'fix [replaces all others]',
      '  vmlinux [1 function]',
      '    f [→ new_f]',
      '  unknown object [0 functions]',
    ]);
  });

  it('names the patches of a module that has several', () => {
    const [patch] = MODULE.patches;
    const two = { ...MODULE, patches: patch ? [patch, { ...patch, name: 'second', replace: null, objects: [] }] : [] };
    expect(lines(treeOf({ modules: [two], conflicts: [], note: null })).filter((line) => /^ {2}\w/.test(line))).toEqual(
      ['  patch [replaces all others]', '  second [may replace all others]'],
    );
  });

  it('puts conflicts first, each with its places, and says what kernels do', () => {
    const [conflicts] = treeOf({
      modules: [MODULE],
      conflicts: [
        {
          rule: 'same-function',
          message: 'f() is replaced by 2 modules.',
          kernel: 'The last one is called.',
          places: [{ module: 'fix', location: at('fix.c', 10) }],
        },
      ],
      note: null,
    });
    expect(lines(conflicts ? [conflicts] : [])).toEqual([
      'Conflicts [1]',
      '  f() is replaced by 2 modules.',
      '    fix [fix.c:11]',
    ]);
    expect(conflicts?.children[0]?.tooltip).toContain('The last one is called. (same-function)');
  });

  it('says why modules may be missing', () => {
    expect(lines(treeOf({ modules: [], conflicts: [], note: 'Too many files.' }))).toEqual(['Too many files.']);
  });
});
