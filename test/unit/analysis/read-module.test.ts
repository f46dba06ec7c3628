import { describe, expect, it } from 'vitest';
import { read } from '../../support/check.ts';
import { funcs, objects, table, value } from './spell.ts';

const PATCH = 'static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };';

describe('a patch', () => {
  it('has the fields of every kernel', () => {
    const [patch] = read(`struct klp_patch p = { .mod = THIS_MODULE, .replace = true, .immediate = true,
      .replaceable = false, .replace_set = 7, .states = states };
      struct klp_state states[] = { { .id = 1, .version = 2, .data = NULL }, { } };`).patches;
    expect(
      [patch?.mod, patch?.replace, patch?.immediate, patch?.replaceable, patch?.replaceSet].map((v) => v && value(v)),
    ).toEqual(['"THIS_MODULE"', 'true', 'true', 'false', '7']);
    expect(
      table(patch?.states)?.entries.map(({ id, version, terminator }) => [value(id), value(version), terminator]),
    ).toEqual([
      ['1', '2', false],
      ['-', '-', true],
    ]);
  });

  it.each([
    ['THIS_MODULE', '"THIS_MODULE"'],
    ['NULL', '"NULL"'],
    ['&__this_module', '"other"'],
    ['@@MOD@@', '? placeholder @@MOD@@'],
  ])('with .mod = %s', (written, expected) => {
    expect(value(read(`struct klp_patch p = { .mod = ${written} };`).patches[0]?.mod ?? { kind: 'absent' })).toBe(
      expected,
    );
  });

  it('may be one of several, or of an array', () => {
    const module = read(`struct klp_patch a = { .mod = THIS_MODULE }, b = { };
      static struct klp_patch list[] = { { .replace = true }, { .replace = false } };`);
    expect(module.patches.map(({ name, replace }) => [name, value(replace)])).toEqual([
      ['a', '-'],
      ['b', '-'],
      ['list[0]', 'true'],
      ['list[1]', 'false'],
    ]);
  });

  it('does not know what a macro among its designators adds', () => {
    const [patch] = read('struct klp_patch p = { .mod = THIS_MODULE, COMMON_FIELDS };').patches;
    expect(patch && [value(patch.mod), value(patch.replace), patch.objs.kind]).toEqual([
      '"THIS_MODULE"',
      '? COMMON_FIELDS is not defined in this module',
      'unknown',
    ]);
  });

  it('says which arm of an #if a field stands in', () => {
    const [patch] = read(`struct klp_patch p = {
      .mod = THIS_MODULE,
    #ifdef HAVE_REPLACE
      .replace = true,
    #else
      .immediate = true,
    #endif
    };`).patches;
    expect(
      patch?.fields.map(({ name, conditions }) => [name, conditions.map(({ arm, text }) => `${arm} ${text}`)]),
    ).toEqual([
      ['mod', []],
      ['replace', ['0 defined(HAVE_REPLACE)']],
      ['immediate', ['1 else']],
    ]);
  });

  it('does not know a field that has two values under #if', () => {
    const [patch] = read(
      'struct klp_patch p = {\n#if A\n.replace = true,\n#else\n.replace = false,\n#endif\n};',
    ).patches;
    expect(patch && value(patch.replace)).toBe('? depends on #if ~ true');
  });
});

describe('an object', () => {
  const callbacks = (source: string) => {
    const [object] = read(source).objectTables[0]?.entries ?? [];
    return object && Object.entries(object.callbacks).map(([name, read]) => `${name}: ${value(read)}`);
  };

  it.each([
    '.callbacks = { .pre_patch = a, .post_unpatch = b }',
    '.callbacks.pre_patch = a, .callbacks.post_unpatch = &b',
    '.callbacks = { a, NULL, NULL, b }',
    '.callbacks = (struct klp_callbacks){ .pre_patch = a, .post_unpatch = b }',
  ])('has callbacks by %s', (written) => {
    expect(callbacks(`struct klp_object objs[] = { { .name = "x", ${written} }, { } };`)).toEqual([
      'pre_patch: a',
      'post_patch: -',
      'pre_unpatch: -',
      'post_unpatch: b',
    ]);
  });

  it('does not know callbacks that a macro sets', () => {
    expect(callbacks('struct klp_object objs[] = { { .name = "x", .callbacks = CALLBACKS }, { } };')?.[0]).toBe(
      'pre_patch: ? CALLBACKS is known only at run time',
    );
  });

  it('is a terminator only when all of it is zero', () => {
    const module = read(`struct klp_object objs[] = {
      { .name = NULL, .funcs = funcs }, { .name = "a" }, { .callbacks = { .pre_patch = f } }, { .callbacks = { } }, { NULL } };`);
    expect(module.objectTables[0]?.entries.map(({ terminator }) => terminator)).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  it.each([
    ['fixed', 'name'],
    ['"fixed"', 'string'],
    ['1234', 'number'],
    ['pointer', 'variable'],
    ['fixed + 1', 'other'],
  ])('has new_func = %s, which is a %s', (written, shape) => {
    const module = read(`static int (*pointer)(void); int fixed(void);
      struct klp_func funcs[] = { { .old_name = "x", .new_func = ${written} }, { } };`);
    expect(module.funcTables[0]?.entries[0]?.newFunc).toMatchObject({ kind: 'known', value: { shape } });
  });
});

describe('run-time code', () => {
  it('makes the fields unknown that it sets', () => {
    const module = read(`static bool replace; ${PATCH}
      static int __init start(void) { patch.replace = replace; return klp_enable_patch(&patch); }`);
    expect(value(module.patches[0]?.replace ?? { kind: 'absent' })).toBe('? set at run time in start()');
    expect(module.patches[0]?.mod.kind).toBe('known');
    expect(
      module.runtimeWrites.map(({ target, variable, field, valueText, inFunction }) => [
        target,
        variable,
        field,
        valueText,
        inFunction,
      ]),
    ).toEqual([['patch.replace', 'patch', 'replace', 'replace', 'start']]);
  });

  it.each([
    ['writes an entry', 'funcs[0].old_name = name;'],
    ['writes through a pointer', 'struct klp_func *f = &funcs[0]; f->old_name = name;'],
    ['writes a whole entry', 'funcs[1] = (struct klp_func){ .old_name = "x" };'],
    ['hands it to a function', 'memset(funcs, 0, sizeof(funcs));'],
    ['hands it to a function of another file', 'fill(&funcs[0]);'],
  ])('makes a table unknown when it %s', (_, code) => {
    const module = read(`static struct klp_func funcs[2] = { }; void f(void) { ${code} }`);
    expect(module.funcTables[0]).toMatchObject({ open: true, terminated: 'unknown' });
  });

  it('leaves tables alone that it only reads', () => {
    const module = read(`static struct klp_func funcs[] = { { .old_name = "a" } };
      static void show(struct klp_func *f) { pr_info("%s", f->old_name); }
      static void f(void) { show(funcs); pr_info("%p %zu", funcs, ARRAY_SIZE(funcs)); }`);
    expect(module.funcTables[0]).toMatchObject({ open: false, terminated: 'no' });
  });

  it('may build everything with kzalloc, which makes nothing known and nothing wrong', () => {
    const module = read(`static struct klp_patch *lpatch;
      static int __init start(void)
      {
        struct klp_object *objects = kzalloc(sizeof(*objects) * 2, GFP_KERNEL);

        lpatch = kzalloc(sizeof(*lpatch), GFP_KERNEL);
        lpatch->mod = THIS_MODULE;
        lpatch->objs = objects;
        return klp_enable_patch(lpatch);
      }`);
    expect(module.patches).toEqual([]);
    expect(module.role).toBe('livepatch');
    expect(module.runtimeWrites.map(({ target }) => target)).toEqual(['lpatch->mod', 'lpatch->objs']);
  });
});

describe('#if', () => {
  it('gives the arms that entries, functions and module information stand in', () => {
    const module = read(`#if IS_ENABLED(CONFIG_X)
      static int f(void) { return 1; }
      #elif defined(Y)
      static int f(void) { return 2; }
      #else
      MODULE_LICENSE("GPL");
      #endif
      struct klp_func funcs[] = {
      #ifdef Z
        { .old_name = "z", .new_func = f },
      #endif
        { }
      };`);
    expect(module.functions.map(({ conditions }) => conditions.map(({ arm, text }) => `${arm} ${text}`))).toEqual([
      ['0 IS_ENABLED(CONFIG_X)'],
      ['1 defined(Y)'],
    ]);
    expect(module.moduleInfos[0]?.conditions.map(({ arm, text }) => `${arm} ${text}`)).toEqual(['2 else']);
    expect(funcs(module.funcTables[0])).toEqual(['"z" -> f #if defined(Z)', 'end']);
  });

  it('0 takes its text out, and leaves its #else without a condition', () => {
    const module = read(
      `#if 0\nint a(void) { it's broken (\n#else\nint b(void) { return 0; }\n#endif\nint c(void) { return 0; }`,
    );
    expect(module.functions.map(({ name, conditions }) => [name, conditions])).toEqual([
      ['b', []],
      ['c', []],
    ]);
  });

  it('chooses the table in the arm that the patch stands in', () => {
    const module = read(`
      #ifdef A
      static struct klp_object objs[] = { { .name = "a" }, { } };
      ${PATCH}
      #else
      static struct klp_object objs[] = { { .name = "b" }, { } };
      #endif`);
    expect(objects(module).map(({ name }) => value(name))).toEqual(['"a"', '-']);
  });
});

describe('a module', () => {
  it.each([
    ['livepatch', PATCH],
    ['livepatch', 'int f(void) { return klp_enable_patch(&patch); }'],
    ['livepatch', 'int f(void) { return klp_register_patch(&patch); }'],
    ['livepatch', 'MODULE_INFO(livepatch, "Y");'],
    ['helper', 'void *f(void) { return klp_shadow_get(x, 1); }'],
    ['helper', '#include <linux/livepatch.h>\nint x;'],
    ['none', '/* klp_patch livepatch */ int f(void) { return 0; } MODULE_LICENSE("GPL");'],
    ['none', ''],
  ])('is %s: %s', (role, source) => {
    expect(read(source).role).toBe(role);
  });

  it('has module information, entry points and parameters', () => {
    const module = read(`
      static int __init start(void) { return 0; }
      module_init(start); module_exit(stop)
      MODULE_LICENSE("GPL" " v2");
      MODULE_INFO(livepatch, "Y")
      MODULE_AUTHOR(AUTHOR);
      MODULE_IMPORT_NS(CRYPTO);
      module_param(replace, bool, 0444);
      module_param_named(verbose, debug, int, 0);
      MODULE_PARM_DESC(replace, "x");
      void cleanup_module(void) { }`);
    expect(module.moduleInfos.map(({ tag, value: read }) => `${tag}=${value(read)}`)).toEqual([
      'license="GPL v2"',
      'livepatch="Y"',
      'author=? AUTHOR is not defined in this module',
      'import_ns="CRYPTO"',
    ]);
    expect(module.init.map((entry) => entry.function)).toEqual(['start']);
    expect(module.exit.map((entry) => entry.function)).toEqual(['stop', 'cleanup_module']);
    expect(module.moduleParams.map(({ name, variable }) => [name, variable])).toEqual([
      ['replace', 'replace'],
      ['verbose', 'debug'],
    ]);
    expect(module.unknownTopLevelMacros).toEqual([]);
    expect(module.complete).toBe(true);
  });

  it.each([
    ['a placeholder', '@@HOOKS@@', '@@HOOKS@@ stands for generated code'],
    ['an included file', '#include "other.c"', 'other.c was not read'],
    ['a macro', 'DEFINE_LIVEPATCH(x)', 'DEFINE_LIVEPATCH() may define parts of the module'],
  ])('is not complete because of %s', (_, source, why) => {
    expect(read(source)).toMatchObject({ complete: false, incompleteBecause: [why] });
  });

  it('is made of several files', () => {
    const module = read(`//- main.c
#include "tables.c"
#include "local.h"
static struct klp_patch patch = { .objs = objs };
MODULE_LICENSE("GPL");
//- sub/tables.c
#define NAME "ext4"
struct klp_object objs[] = { { .name = NAME }, { } };
`);
    expect(module.complete).toBe(true);
    expect(module.unreadIncludes.map(({ path }) => path)).toEqual(['local.h']);
    expect(objects(module)[0]).toMatchObject({ name: { value: 'ext4', range: { file: 'sub/tables.c' } } });
  });

  it('keeps what stands beside broken text', () => {
    const module = read(`
int broken( {
	x = ;;; ) } }
static int good(struct seq_file *m)
{
	return -ENOMEM;
}
static struct klp_func funcs[] = {
	{ .old_name = "a", .new_func = good
	{ .old_name = "b" .new_func = good },
	{ }
};
${PATCH}`);
    expect(module.functions.map(({ name }) => name)).toContain('good');
    expect(module.patches).toHaveLength(1);
    expect(funcs(module.funcTables[0]).at(-1)).toBe('end');
  });

  it('has lines that are to be left alone', () => {
    const text = `int a; // livepatch-ignore one-rule, other-rule: since “then”
/* livepatch-ignore */
int b;
// livepatch-ignored is no directive
`;
    expect(
      read(text).suppressions.map(({ rules, reason, line }) => [rules, reason, text.slice(line.start, line.end)]),
    ).toEqual([
      [['one-rule', 'other-rule'], 'since “then”', 'int a; // livepatch-ignore one-rule, other-rule: since “then”'],
      [[], '', 'int b;'],
    ]);
  });
});
