import { describe, expect, it } from 'vitest';
import type {
  KlpFunc,
  KlpObject,
  KlpTable,
  LivepatchModule,
  TableReference,
  Value,
} from '../../../shared/src/model/index.ts';
import { read } from '../../support/check.ts';

/** A value in a line: `12`, `"name"`, `-` for absent, `? why` for unknown, `? why ~ likely` with a guess. */
function value(read: Value<unknown>): string {
  if (read.kind === 'absent') return '-';
  if (read.kind === 'unknown') return `? ${read.why}${read.likely === undefined ? '' : ` ~ ${read.likely}`}`;
  const { value: known } = read;
  return typeof known === 'object' && known !== null ? (known as { name: string }).name : JSON.stringify(known);
}

function funcs(table: KlpTable<KlpFunc> | undefined): string[] {
  if (!table) return ['no table'];
  return table.entries.map((func) => {
    const sympos = func.oldSympos.kind === 'absent' ? '' : `, ${value(func.oldSympos)}`;
    const when = func.conditions.map(({ text }) => ` #if ${text}`).join('');
    return (func.terminator ? 'end' : `${value(func.oldName)} -> ${value(func.newFunc)}${sympos}`) + when;
  });
}

function table<T>(reference: TableReference<T> | undefined): KlpTable<T> | undefined {
  return reference?.kind === 'known' ? reference.table : undefined;
}

function objects(module: LivepatchModule): readonly KlpObject[] {
  return table(module.patches[0]?.objs)?.entries ?? [];
}

/** The first function table of a module that holds only one. */
function readFuncs(source: string): string[] {
  return funcs(read(source).funcTables[0]);
}

const PATCH = 'static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };';

describe('tables', () => {
  it('are read with designators, by position and nested', () => {
    expect(
      readFuncs(`struct klp_func funcs[] = {
        { .old_name = "a", .new_func = new_a, .old_sympos = 0x10 },
        { "b", new_b, 2 },
        { .old_name = "c", (void *)new_c },
        { .new_func = &new_d, .old_name = ("d") },
        { old_name: "e", new_func: (unsigned long)new_e },
        { 0 }, { NULL }, {}, 0
      };`),
    ).toEqual([
      '"a" -> new_a, 16',
      '"b" -> new_b, 2',
      '"c" -> new_c',
      '"d" -> new_d',
      '"e" -> new_e',
      'end',
      'end',
      'end',
      'end',
    ]);
  });

  it('stand in arrays of their own, in compound literals, and in single variables', () => {
    const module = read(`
      static struct klp_func of_ext4[] = { { .old_name = "a", .new_func = b }, { } };
      static struct klp_func lonely = { .old_name = "c", .new_func = d };
      static struct klp_patch patch = {
        .objs = (struct klp_object[]) {
          { .name = "ext4", .funcs = of_ext4 },
          { .name = "xfs", .funcs = (struct klp_func[2]) { { .old_name = "e", .new_func = f } } },
          { .name = "nfs", .funcs = &lonely },
          { .name = "cifs", .funcs = &of_ext4[0] },
          { .name = "none", .funcs = NULL },
          { .name = "gone", .funcs = elsewhere },
          { }
        },
      };`);
    expect(objects(module).map((object) => [value(object.name), ...funcs(table(object.funcs))])).toEqual([
      ['"ext4"', '"a" -> b', 'end'],
      ['"xfs"', '"e" -> f'],
      ['"nfs"', '"c" -> d'],
      ['"cifs"', '"a" -> b', 'end'],
      ['"none"', 'no table'],
      ['"gone"', 'no table'],
      ['-', 'no table'],
    ]);
    expect(objects(module).map(({ funcs }) => funcs.kind)).toEqual([
      ...['known', 'known', 'known', 'known', 'null', 'unknown', 'absent'],
    ]);
    expect(table(objects(module)[3]?.funcs)?.id).toBe(table(objects(module)[0]?.funcs)?.id);
    expect(module.funcTables.map(({ terminated }) => terminated)).toEqual(['yes', 'no', 'by-length']);
  });

  it('are found behind forward declarations', () => {
    const module = read(`static struct klp_object objs[]; ${PATCH}
      static struct klp_object objs[] = { { .name = "ext4" }, { } };`);
    expect(objects(module).map(({ name }) => value(name))).toEqual(['"ext4"', '-']);
    expect(module.objectTables).toHaveLength(1);
  });

  it.each([
    ['{ }', 'yes'],
    ['{ .old_name = "a" }', 'no'],
    ['{ .old_name = "a" }, { .old_name = NULL, .new_func = NULL }', 'yes'],
    ['{ .old_name = "a" }, { .old_sympos = 1 }', 'no'],
    ['{ .old_name = "a" }, FUNCS', 'unknown'],
    ['{ .old_name = "a" }, MORE(b), { }', 'yes'],
    ['{ .old_name = "a" },\n@@MORE@@\n', 'unknown'],
    ['{ .old_name = "a" },\n#ifdef X\n{ }\n#endif\n', 'unknown'],
  ])('with %j are terminated: %s', (entries, terminated) => {
    expect(read(`struct klp_func funcs[] = { ${entries} };`).funcTables[0]?.terminated).toBe(terminated);
  });

  it('know their length', () => {
    const module = read(`
      #define COUNT 2
      struct klp_func full[COUNT] = { { .old_name = "a" }, { .old_name = "b" } };
      struct klp_func padded[COUNT + 1] = { { .old_name = "a" }, { .old_name = "b" } };
      struct klp_func open[NR_FUNCS] = { { .old_name = "a" } };
      struct klp_func sparse[8] = { [0 ... 2] = { .old_name = "a" } };`);
    expect(module.funcTables.map(({ name, terminated, entries }) => [name, terminated, entries.length])).toEqual([
      ['full', 'no', 2],
      ['padded', 'by-length', 2],
      ['open', 'unknown', 1],
      ['sparse', 'by-length', 3],
    ]);
  });

  it('say how they are stored', () => {
    const module = read(`
      static const struct klp_func a[] __initdata = { };
      extern struct klp_object objs[];
      static int __init f(void) { struct klp_patch local = { .objs = objs }; return klp_enable_patch(&local); }`);
    expect(module.funcTables[0]?.storage).toEqual({
      ...{ static: true, extern: false, const: true, automatic: false },
      attributes: ['__initdata'],
    });
    expect(module.patches.map(({ name, storage }) => [name, storage.automatic])).toEqual([['local', true]]);
    expect(module.objectTables).toEqual([]);
  });

  it('stand in the text where their ranges say', () => {
    const text = `static struct klp_func funcs[] = { /* x */ { .old_name = "é🙂", .new_func = b } };`;
    const found = read(text).funcTables[0];
    const at = (range: { start: number; end: number } | null | undefined) => text.slice(range?.start, range?.end);
    expect(at(found?.nameRange)).toBe('funcs');
    expect(at(found?.declarationRange)).toBe(text);
    expect(at(found?.range)).toBe(text.slice(33, -1));
    expect(at(found?.entries[0]?.range)).toBe('{ .old_name = "é🙂", .new_func = b }');
    expect(found?.entries[0]?.fields.map((field) => [field.name, at(field.nameRange), at(field.valueRange)])).toEqual([
      ['old_name', 'old_name', '"é🙂"'],
      ['new_func', 'new_func', 'b'],
    ]);
  });
});

describe('names and numbers', () => {
  it.each([
    ['', '"a" "b"', '"ab"'],
    ['', '__stringify(a_b)', '"a_b"'],
    ['#define PFX __x64_', '__stringify(PFX) "sys_x"', '"__x64_sys_x"'],
    ['#define SYM(n) __x64_sys_##n', '__stringify(SYM(read))', '"__x64_sys_read"'],
    ['#define STR(n) #n', 'STR(read)', '"read"'],
    ['#define NAME OTHER\n#define OTHER "x"', 'NAME', '"x"'],
    ['#define SELF SELF', 'SELF', '? SELF is not defined in this module'],
    ['', 'NAME', '? NAME is not defined in this module'],
    ['', 'SYM(read)', '? SYM() is not defined in this module'],
    ['', '__stringify(PFX) "x"', '? macro PFX is not defined in this module'],
    ['', 'KBUILD_MODNAME ".x"', '"module.x"'],
    ['', 'old_name', '? old_name is known only at run time'],
    ['', '@@NAME@@', '? placeholder @@NAME@@'],
    ['#ifdef A\n#define P "a"\n#else\n#define P "b"\n#endif', 'P "x"', '? macro P has several definitions ~ ax'],
    ['#ifdef A\n#define P\n#else\n#define P b\n#endif', '__stringify(P) "x"', '? macro P has several definitions ~ x'],
  ])('%j %s is %s', (before, written, expected) => {
    const module = read(`${before}\nstruct klp_func funcs[] = { { .old_name = ${written}, .new_func = f } };`);
    expect(value(module.funcTables[0]?.entries[0]?.oldName ?? { kind: 'absent' })).toBe(expected);
  });

  it.each([
    ['', '1', '1'],
    ['', '010UL', '8'],
    ['', '(unsigned long)(1 << 4 | 3)', '19'],
    ['', '2 + 3 * 4 - -1', '15'],
    ['', '1 ? 2 : 3', '2'],
    ['', "'A'", '65'],
    ['', '-EINVAL', '-22'],
    ['#define ID(n) (BASE + n)\n#define BASE 10', 'ID(5)', '15'],
    ['enum ids { A = 4, B, C = B * 2 };', 'C', '10'],
    ['', 'IS_ENABLED(CONFIG_X)', '? depends on IS_ENABLED()'],
    ['', 'id', '? id is known only at run time'],
    ['', '1 / 0', '? division by zero'],
    ['', '(1', '? not a constant expression'],
  ])('%j %s is %s', (before, written, expected) => {
    const module = read(`${before}\nstruct klp_state states[] = { { .id = ${written} }, { } };`);
    expect(value(module.stateTables[0]?.entries[0]?.id ?? { kind: 'absent' })).toBe(expected);
  });

  it('come out of macros that hold whole entries', () => {
    expect(
      readFuncs(`#define FUNC(name, pos) { .old_name = #name, .new_func = klpp_##name, .old_sympos = pos }
        #define ALL FUNC(a, 0), FUNC(b, 1),
        #define END { }
        static struct klp_func funcs[] = { ALL FUNC(c, 2), END };`),
    ).toEqual(['"a" -> klpp_a, 0', '"b" -> klpp_b, 1', '"c" -> klpp_c, 2', 'end']);
  });

  it('have the place of the macro that they come from', () => {
    const text = '#define F(n) { .old_name = #n }\nstruct klp_func funcs[] = { F(a), { } };';
    const entry = read(text).funcTables[0]?.entries[0];
    expect(text.slice(entry?.range.start, entry?.range.end)).toBe('F(a)');
  });
});

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
    expect(module.moduleParams.map(({ name }) => name)).toEqual(['replace', 'verbose']);
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
