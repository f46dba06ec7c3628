import { describe, expect, it } from 'vitest';
import { workspaceConflicts } from '../../../server/src/analysis/workspace-rules/index.ts';
import type { LivepatchModule } from '../../../shared/src/model/index.ts';
import { read } from '../../support/check.ts';

interface Parts {
  /** `name` or `object:name,sympos`. */
  readonly functions?: readonly string[];
  /** What stands in the patch beside `.mod` and `.objs`. */
  readonly patch?: string;
  readonly code?: string;
}

/** A module that replaces the functions. */
function livepatch(name: string, { functions = [], patch = '', code = '' }: Parts): LivepatchModule {
  const objects = new Map<string, string[]>();
  for (const each of functions) {
    const [, object = '', func = '', sympos] = /^(?:(\w+):)?(\w+)(?:,(\d+))?$/.exec(each) ?? [];
    const entry = `{ .old_name = "${func}", .new_func = new_${func},${sympos ? ` .old_sympos = ${sympos},` : ''} }, `;
    objects.set(object, [...(objects.get(object) ?? []), entry]);
  }
  const tables = [...objects].map(
    ([object, entries]) => `static struct klp_func ${object || 'vmlinux'}_funcs[] = { ${entries.join('')}{ } };`,
  );
  const entries = [...objects.keys()].map(
    (object) => `{ ${object ? `.name = "${object}", ` : ''}.funcs = ${object || 'vmlinux'}_funcs }, `,
  );
  return read(
    {
      [`${name}.c`]: `
#include <linux/livepatch.h>
${code}
${tables.join('\n')}
static struct klp_object objs[] = { ${entries.join('')}{ } };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs, ${patch} };
`,
    },
    { name },
  );
}

/** Rule and message of each conflict, with the modules of its places. */
const conflicts = (...modules: LivepatchModule[]) =>
  workspaceConflicts(modules).map(({ rule, message, places }) => [rule, message, places.map(({ module }) => module)]);

describe('same-function', () => {
  it('finds a function that two modules replace, whatever its position is called', () => {
    const [one, two] = [livepatch('a', { functions: ['f', 'g'] }), livepatch('b', { functions: ['f,1'] })];
    expect(conflicts(one, two)).toEqual([
      [
        'same-function',
        'f() is replaced by 2 modules. The one that is loaded last is called, the others are not.',
        ['a', 'b'],
      ],
    ]);
    const [{ places } = { places: [] }] = workspaceConflicts([one, two]);
    expect(places.map(({ range }) => range.file)).toEqual(['a.c', 'b.c']);
  });

  it('tells objects and positions apart', () => {
    expect(conflicts(livepatch('a', { functions: ['f'] }), livepatch('b', { functions: ['ext4:f'] }))).toEqual([]);
    expect(conflicts(livepatch('a', { functions: ['f,1'] }), livepatch('b', { functions: ['f,2'] }))).toEqual([]);
  });

  it('does not call the versions of a cumulative patch a conflict', () => {
    const version = (name: string) => livepatch(name, { functions: ['f'], patch: '.replace = true' });
    expect(conflicts(version('fix_1'), version('fix_2'))).toEqual([]);
  });

  it('says nothing when it can’t be told whether a patch replaces the others', () => {
    const unsure = livepatch('b', { functions: ['f'], patch: '.replace = REPLACE' });
    expect(conflicts(livepatch('a', { functions: ['f'] }), unsure)).toEqual([]);
  });
});

describe('dropped-fix', () => {
  const version = (name: string, ...functions: string[]) => livepatch(name, { functions, patch: '.replace = true' });

  it('finds what a later version lacks', () => {
    expect(conflicts(version('fix_2', 'f'), version('fix_1', 'f', 'ext4:g'))).toEqual([
      ['dropped-fix', 'fix_2 replaces fix_1, but not its g(): the original runs again.', ['fix_2', 'fix_1']],
    ]);
  });

  it('lets a later version have more, and says nothing of modules that are no versions of each other', () => {
    expect(conflicts(version('fix_1', 'f'), version('fix_2', 'f', 'g'))).toEqual([]);
    expect(conflicts(version('cve', 'f'), version('other', 'g'))).toEqual([]);
  });

  it('says nothing of a table that a macro fills', () => {
    const generated = livepatch('fix_2', {
      functions: [],
      patch: '.replace = true',
      code: 'GENERATED_PATCH_PARTS(fix_2)',
    });
    expect(conflicts(version('fix_1', 'f'), generated)).toEqual([]);
  });
});

describe('mixed-replace', () => {
  it('says which modules the others disable', () => {
    const [all, one] = [
      livepatch('all', { functions: ['f'], patch: '.replace = true' }),
      livepatch('one', { functions: ['g'] }),
    ];
    expect(conflicts(all, one)).toEqual([
      [
        'mixed-replace',
        'all replaces all other livepatches: what one fixes is not fixed any more afterwards, unless it is in there, too.',
        ['all', 'one'],
      ],
    ]);
  });
});

describe('state-downgrade', () => {
  const states = (version: number) => ({
    code: `static struct klp_state states[] = { { .id = 5, .version = ${version} }, { } };`,
    patch: '.states = states',
  });

  it('says which order the kernel refuses', () => {
    expect(conflicts(livepatch('new', states(2)), livepatch('old', states(1)))).toEqual([
      [
        'state-downgrade',
        'State 5 has version 1 in old and 2 in new: after new is loaded the kernel refuses old with EINVAL.',
        ['old', 'new'],
      ],
    ]);
    expect(conflicts(livepatch('a', states(2)), livepatch('b', states(2)))).toEqual([]);
  });
});

describe('shadow-id-collision', () => {
  const shadow = (id: string, size: string) => ({
    code: `static void attach(void *o) { klp_shadow_alloc(o, ${id}, ${size}, GFP_KERNEL, NULL, NULL); }`,
  });

  it('finds one id for data of different size', () => {
    expect(
      conflicts(livepatch('a', shadow('0x10', 'sizeof(int)')), livepatch('b', shadow('16', 'sizeof( long )'))),
    ).toEqual([
      [
        'shadow-id-collision',
        'Shadow id 16 (0x10) stands for data of sizeof(int) and of sizeof(long). On one object the second module gets the first one’s data.',
        ['a', 'b'],
      ],
    ]);
  });

  it('says nothing of equal sizes, other ids, and of sizes that can’t be compared', () => {
    expect(conflicts(livepatch('a', shadow('1', 'sizeof(int)')), livepatch('b', shadow('1', 'sizeof(int)')))).toEqual(
      [],
    );
    expect(conflicts(livepatch('a', shadow('1', 'sizeof(int)')), livepatch('b', shadow('2', 'sizeof(long)')))).toEqual(
      [],
    );
    expect(conflicts(livepatch('a', shadow('1', 'sizeof(*p)')), livepatch('b', shadow('1', 'sizeof(*q)')))).toEqual([]);
    expect(
      conflicts(livepatch('a', shadow('ID', 'sizeof(int)')), livepatch('b', shadow('ID', 'sizeof(long)'))),
    ).toEqual([]);
  });
});

describe('same-module-name', () => {
  it('finds modules that can’t be loaded together', () => {
    const [one, two] = [livepatch('fix', {}), livepatch('fix', {})];
    expect(conflicts(one, two)).toEqual([
      ['same-module-name', '2 modules are called fix: only one of them can be loaded at a time.', ['fix', 'fix']],
    ]);
  });
});

describe('missing-state', () => {
  const version = (name: string, states: string, replace = '.replace = true') =>
    livepatch(name, {
      functions: ['f'],
      patch: `${replace}, .states = states`,
      code: `static struct klp_state states[] = { ${states} { } };`,
    });

  it('finds a state that a later version lacks', () => {
    expect(conflicts(version('fix_2', '{ .id = 1 },'), version('fix_1', '{ .id = 1 }, { .id = 2 },'))).toEqual([
      [
        'missing-state',
        'fix_2 replaces fix_1, but does not list its state 2: while fix_1 is loaded the kernel refuses it with EINVAL.',
        ['fix_2', 'fix_1'],
      ],
    ]);
  });

  it.each([
    [
      'the earlier version has fewer states',
      version('fix_2', '{ .id = 1 }, { .id = 2 },'),
      version('fix_1', '{ .id = 1 },'),
    ],
    ['a state is not known', version('fix_2', '{ .id = SOME_ID },'), version('fix_1', '{ .id = 2 },')],
    ['nothing says which comes first', version('one', '{ .id = 1 },'), version('other', '{ .id = 2 },')],
  ])('says nothing when %s', (_, later, earlier) => {
    expect(conflicts(later, earlier).filter(([rule]) => rule === 'missing-state')).toEqual([]);
  });

  it('says nothing of a patch that does not replace', () => {
    const later = version('fix_2', '{ .id = 1 },', '.replace = false');
    const rules = conflicts(later, version('fix_1', '{ .id = 2 },')).map(([rule]) => rule);
    expect(rules).not.toContain('missing-state');
  });
});
