import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../../server/src/analysis/fixes.ts';
import { exampleKernel, prototype, structure } from '../../../server/src/analysis/rules/example-kernel.ts';
import { check } from '../../support/check.ts';

const knowledge = exampleKernel('t show\nt hash\nt hash\nT lookup\nt printf_like', {
  types: {
    prototypes: {
      show: prototype('int', ['struct seq_file *m', 'void *v']),
      hash: prototype('int', ['int a', 'int b']),
      lookup: prototype('struct dentry *', [
        'struct inode *dir',
        'unsigned int flags',
        'int (*filter)(struct inode *)',
      ]),
    },
    structures: {
      seq_file: structure('seq_file', 120, ['buf']),
      inode: structure('inode', 600, ['i_mode']),
      file: structure('file', 200, ['f_mode']),
      dentry: structure('dentry', 200, ['d_inode']),
      reading: structure('reading', 24, ['count', 'rcu_head', 'list']),
    },
  },
});

/** A module that replaces a function by `fixed`, defined by these lines. */
function replacing(name: string, functions: string): string {
  return `#include <linux/livepatch.h>
${functions}
static struct klp_func funcs[] = { { .old_name = "${name}", .new_func = fixed }, { } };
static struct klp_object objs[] = { { .funcs = funcs }, { } };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
`;
}

describe('signature-mismatch', () => {
  const options = { only: ['signature-mismatch'], knowledge };
  const mark = (text: string) => `//~ signature-mismatch "${text}"\n{ return 0; }`;

  it.each([
    ['show', `static int fixed(struct file *f, struct seq_file *m, void *v) ${mark('takes 3 parameters')}`],
    ['show', `static int fixed(struct file *m, void *v) ${mark('as parameter 1 (m)')}`],
    ['show', `static int fixed(int m, void *v) ${mark('as parameter 1 (m)')}`],
    ['show', `static void fixed(struct seq_file *m, void *v) ${mark('returns nothing')}`],
    ['lookup', `static int fixed(struct inode *dir, unsigned int flags) ${mark('returns')}`],
    ['lookup', `static struct dentry *fixed(struct inode *dir, struct file *f) ${mark('as parameter 2 (f)')}`],
  ])('%s: %s', (name, functions) => {
    check(replacing(name, functions), options);
  });

  it.each([
    ['show', 'the same', 'static int fixed(struct seq_file *m, void *v) { return 0; }'],
    ['show', 'none, when the replacement looks at none', 'static int fixed(void) { return 0; }'],
    ['show', 'an opaque pointer', 'static int fixed(void *m, void *v) { return 0; }'],
    [
      'show',
      'what is a void pointer in the kernel',
      'static int fixed(struct seq_file *m, struct file *v) { return 0; }',
    ],
    [
      'show',
      'a name that a macro of a header may make',
      'static int fixed(struct seq_file_t *m, void *v) { return 0; }',
    ],
    ['show', 'another type of the same width', 'static long fixed(unsigned long m, u64 v) { return 0; }'],
    ['show', 'macros', '#define show_t int\nstatic show_t fixed(PARAMETERS) { return 0; }'],
    [
      'show',
      'one of two definitions',
      '#ifdef A\nstatic int fixed(int a) { return 0; }\n#else\nstatic int fixed(struct seq_file *m, void *v) { return 0; }\n#endif',
    ],
    ['show', 'a function that is defined elsewhere', 'int fixed(int a, int b, int c);'],
    ['hash', 'one of several functions of that name', 'static int fixed(int a, int b, int c) { return 0; }'],
    [
      'lookup',
      'a pointer to a function',
      'static struct dentry *fixed(struct inode *d, unsigned int f, int (*g)(struct inode *)) { return 0; }',
    ],
    ['printf_like', 'a function that BTF does not have', 'static int fixed(int a, int b, int c) { return 0; }'],
  ])('%s, %s: fine', (name, _, functions) => {
    check(replacing(name, functions), options);
  });

  it('writes the original’s signature, pointers to functions included', () => {
    const source = replacing('lookup', 'static int fixed(int a)\n{\n\treturn 0;\n}');
    const [finding] = check(source.replace('int a)', 'int a) //~ signature-mismatch'), options);
    const fixed = applyEdits(source, finding?.fixes?.[0]?.edits ?? []);
    expect(fixed).toContain(
      'static struct dentry *fixed(struct inode *dir, unsigned int flags, int (*filter)(struct inode *))\n{\n\treturn 0;',
    );
    check(fixed, options);
  });
});

describe('struct-layout-change', () => {
  const options = { only: ['struct-layout-change'], knowledge };
  const fixed = 'static int fixed(void) { return 0; }';
  const reading = (members: string, mark = '') =>
    replacing('show', `struct reading { ${mark}\n${members}\n};\n${fixed}`);

  it.each([
    ['int count, more; struct rcu_head rcu_head; struct list_head list;', 'has a member "more"'],
    ['int count; struct list_head list;', 'lacks the member "rcu_head"'],
    ['struct list_head list; int count; struct rcu_head rcu_head;', 'has the member "list" in another place'],
  ])('%s', (members, text) => {
    const [finding] = check(reading(members, '//~ struct-layout-change'), options);
    expect(finding?.message).toContain(text);
  });

  it.each([
    ['the same', 'unsigned long count:3; struct rcu_head rcu_head; struct { int a; } list[2];'],
    ['members that a macro makes', 'int count; DECLARE_MORE(a); struct list_head list;'],
    ['members for some configurations', 'int count;\n#ifdef A\nint more;\n#endif\nstruct list_head list;'],
    ['another structure of that name', 'int a; int b; int count; int d;'],
    ['a comment', 'int count; /* int more; */ struct rcu_head rcu_head; void (*list)(int a, int b);'],
  ])('keeps quiet about %s', (_, members) => {
    check(reading(members), options);
  });
});

describe('new-func-undefined', () => {
  it('offers a replacement with the original’s signature', () => {
    const options = { only: ['new-func-undefined'], knowledge };
    const source = replacing('lookup', '');
    const [finding] = check(source.replace('fixed }', 'fixed } //~ new-func-undefined\n'), options);
    const fixed = applyEdits(source, finding?.fixes?.[0]?.edits ?? []);
    expect(fixed).toContain(
      'static struct dentry *fixed(struct inode *dir, unsigned int flags, int (*filter)(struct inode *))\n{\n\treturn NULL;\n}\n',
    );
    check(fixed, { only: ['new-func-undefined', 'signature-mismatch'], knowledge });
  });
});
