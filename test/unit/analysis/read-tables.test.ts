import { describe, expect, it } from 'vitest';
import { read } from '../../support/check.ts';
import { funcs, objects, table, value } from './spell.ts';

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
