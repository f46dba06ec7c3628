import { describe, expect, it } from 'vitest';
import type { CallSite, FunctionDefinition, ResultUse } from '../../../shared/src/model/index.ts';
import { read } from '../../support/check.ts';

function definition(source: string): FunctionDefinition {
  const [first] = read(source).functions;
  if (!first) throw new Error('no function was read');
  return first;
}

/** The function `void f(struct foo *x)` with this body. */
const body = (statements: string) => definition(`void f(struct foo *x)\n{\n${statements}\n}`);

function callOf(statements: string, callee: string): CallSite {
  const found = body(statements).calls.find((call) => call.callee === callee);
  if (!found) throw new Error(`no call of ${callee}`);
  return found;
}

function use(result: ResultUse): string {
  if (result.kind !== 'assigned') return result.kind;
  const marks = [
    result.tested && 'tested',
    result.returned && 'returned',
    result.dereferencedFirst && 'dereferenced first',
  ];
  return [`to ${result.to}`, ...marks.filter(Boolean)].join(', ');
}

describe('a function', () => {
  it.each([
    ['static int __init start(void) {}', 'start', 'int', '', ['__init']],
    [
      'static noinline struct foo *get(struct klp_object *obj, int n) {}',
      'get',
      'struct foo *',
      'struct klp_object * obj|int n',
      ['noinline'],
    ],
    [
      'unsigned long long *\nget(const char *name, ...) {}',
      'get',
      'unsigned long long *',
      'const char * name|... null',
      [],
    ],
    ['static int cb(struct klp_object *) {}', 'cb', 'int', 'struct klp_object * null', []],
    [
      'void __attribute__((noinline, used)) f(void (*fn)(int), u8 key[16]) {}',
      'f',
      'void',
      'void (*)(int) fn|u8 * key',
      ['__attribute__((noinline, used))'],
    ],
    [
      'asmlinkage __visible long f(int a) __must_hold(lock) {}',
      'f',
      'long',
      'int a',
      ['asmlinkage', '__visible', '__must_hold(lock)'],
    ],
    ['static VENDOR_MACRO int f(unsigned) {}', 'f', 'int', 'unsigned null', ['VENDOR_MACRO']],
    ['static int __always_inline f(void) {}', 'f', 'int', '', ['__always_inline']],
  ])('with the head %j', (head, name, type, parameters, attributes) => {
    const found = definition(head);
    expect(found.name).toBe(name);
    expect(found.returnType).toBe(type);
    expect(found.parameters?.map((parameter) => `${parameter.type} ${parameter.name}`).join('|')).toBe(parameters);
    expect(found.attributes).toEqual(attributes);
  });

  it('knows static and inline', () => {
    const heads = ['static inline int f(void) {}', 'static __always_inline int f(void) {}', 'int f(void) {}'];
    expect(heads.map(definition).map((found) => [found.static, found.inline])).toEqual([
      [true, true],
      [true, true],
      [false, false],
    ]);
  });

  it('stands where its ranges say', () => {
    const text = '/* é🙂 */\nstatic int __init start(void)\n{\n\treturn klp_enable_patch(&patch);\n}\n';
    const found = definition(text);
    const at = (range: { start: number; end: number }) => text.slice(range.start, range.end);
    expect(at(found.range)).toBe(text.slice(10, -1));
    expect(at(found.nameRange)).toBe('start');
    expect(at(found.bodyRange)).toBe('{\n\treturn klp_enable_patch(&patch);\n}');
    expect(
      found.calls.map((call) => [at(call.range), at(call.calleeRange), call.arguments.map(({ range }) => at(range))]),
    ).toEqual([['klp_enable_patch(&patch)', 'klp_enable_patch', ['&patch']]]);
    expect(found.returns.map(({ range }) => at(range))).toEqual(['return klp_enable_patch(&patch);']);
  });

  it('may be made by a macro for system calls', () => {
    const module = read('SYSCALL_DEFINE2(foo, int, a, char __user *, b)\n{\n\treturn g(a);\n}\n');
    expect(module.functions.map(({ name, calls }) => [name, calls.length])).toEqual([['sys_foo', 1]]);
    expect(module.unknownTopLevelMacros.map(({ name }) => name)).toEqual(['SYSCALL_DEFINE2']);
  });

  it('has static locals and uses', () => {
    const found = body(
      '\tstatic int count, *last = &start;\n\tstatic DEFINE_MUTEX(m);\n\tcount = helper(other, x->field);',
    );
    expect(found.staticLocals.map(({ name }) => name)).toEqual(['count', 'last', 'm']);
    expect(found.uses).toEqual(expect.arrayContaining(['start', 'other', 'x']));
    expect(found.uses).not.toContain('field');
    expect(found.uses).not.toContain('helper');
  });

  it('is only declared by a prototype', () => {
    const module = read('extern int __must_check f(struct foo *x, int);\nint (*pointer)(void), g(void);');
    expect(module.declaredFunctions.map(({ name, parameters }) => [name, parameters?.length])).toEqual([
      ['f', 2],
      ['g', 0],
    ]);
    expect(module.variables.map(({ name, functionPointer }) => [name, functionPointer])).toEqual([['pointer', true]]);
  });
});

describe('returns', () => {
  it('are numbers where they can be evaluated', () => {
    const found = definition(
      '#define FAIL (-EINVAL)\nint f(int x)\n{\n\tif (x) return FAIL;\n\treturn -ENOMEM;\n\treturn x;\n\treturn;\n\treturn 1 + 1;\n}',
    );
    expect(found.returns.map(({ text, value }) => [text, value.kind === 'known' ? value.value : value.kind])).toEqual([
      ['FAIL', -22],
      ['-ENOMEM', -12],
      ['x', 'unknown'],
      ['', 'absent'],
      ['1 + 1', 2],
    ]);
  });
});

describe('calls', () => {
  it('are read with their arguments, types among them, and nested', () => {
    const found = body(
      '\tp = klp_shadow_alloc(x, ID + 1, sizeof(struct foo), GFP_KERNEL, ctor, &(struct bar){ 1, 2 });\n\tf(g(h()));',
    );
    expect(found.calls.map(({ callee }) => callee)).toEqual(['klp_shadow_alloc', 'f', 'g', 'h']);
    expect(found.calls[0]?.arguments.map(({ text }) => text)).toEqual([
      ...['x', 'ID + 1', 'sizeof(struct foo)', 'GFP_KERNEL', 'ctor', '&(struct bar){ 1, 2 }'],
    ]);
  });

  it('have constant arguments', () => {
    const module = read('#define ID 4\nenum { N = 3 };\nvoid f(void) { g(ID, N, 1 << 4, -EIO, other, "s"); }');
    expect(
      module.functions[0]?.calls[0]?.arguments.map(({ constant }) =>
        constant.kind === 'known' ? constant.value : constant.kind,
      ),
    ).toEqual([4, 3, 16, -5, 'unknown', 'unknown']);
  });

  it.each(['list_for_each_entry(x, &head, list) {\n\t\tcall();\n\t}', 'scoped_guard(mutex, &lock)\n\t\tcall();'])(
    'are found behind %j',
    (statement) => {
      expect(body(`\t${statement}`).calls.map(({ callee }) => callee)).toContain('call');
    },
  );

  it('have the arms of #if that they stand in', () => {
    const found = body('#ifdef A\n\ta();\n#else\n\tb();\n#endif\n\tc();');
    expect(found.calls.map(({ callee, conditions }) => [callee, conditions.map(({ text }) => text)])).toEqual([
      ['a', ['defined(A)']],
      ['b', ['else']],
      ['c', []],
    ]);
  });

  it('are found in arms that open one block', () => {
    const found = body('#ifdef A\n\tif (a()) {\n#else\n\tif (b()) {\n#endif\n\t\tc();\n\t}');
    expect(found.calls.map(({ callee }) => callee)).toEqual(['a', 'c']);
  });

  it('are found in a body with broken parts', () => {
    const found = body('\ta();\n\tif (x ==) {\n\t\tb();\n\t}\n\tc(1,;\n\td();');
    expect(found.calls.map(({ callee }) => callee)).toEqual(expect.arrayContaining(['a', 'b', 'd']));
  });

  it.each([
    ['call();', 'dropped'],
    ['(void)call();', 'dropped'],
    ['for (call(); x; call()) ;', 'dropped'],
    ['return call();', 'returned'],
    ['return (int)-call();', 'returned'],
    ['return x ? call() : 0;', 'returned'],
    ['if (call()) return;', 'tested'],
    ['if (unlikely(!call())) return;', 'tested'],
    ['while (call() > 0) ;', 'tested'],
    ['if (x && call()) return;', 'tested'],
    ['WARN_ON(call());', 'tested'],
    ['return call() ? 1 : 0;', 'tested'],
    ['switch (call()) { case 1: break; }', 'tested'],
    ['other(call());', 'other'],
    ['y += call();', 'other'],
    ['y = ({ call(); });', 'other'],
    ['int y = call();', 'to y'],
    ['x->y = (void *)call();', 'to x->y'],
    ['int y; y = call(); if (y) return;', 'to y, tested'],
    ['int y = call(); return y;', 'to y, returned'],
    ['if ((y = call()) < 0) return;', 'to y, tested'],
    ['return y = call();', 'to y, returned'],
    ['struct foo *y = call(); if (!y) return; y->z = 1;', 'to y, tested'],
    ['struct foo *y = call(); y->z = 1; if (!y) return;', 'to y, tested, dereferenced first'],
    ['struct foo *y = call(); *y = 1;', 'to y, dereferenced first'],
    ['struct foo *y = call(); y[0] = 1;', 'to y, dereferenced first'],
    ['struct foo *y = call(); if (y && y->z) return;', 'to y, tested'],
    ['struct foo *y = call(); g(sizeof(*y), &y->z);', 'to y'],
    ['struct foo *y = call(); y = other; y->z = 1;', 'to y'],
    ['struct foo *y = call(); if (IS_ERR_OR_NULL(y)) return;', 'to y, tested'],
    ['x->y = call(); if (!x->y) return;', 'to x->y, tested'],
    ['x->y = call(); x->y->z = 1;', 'to x->y, dereferenced first'],
  ])('in %j have a result that is %s', (statements, expected) => {
    expect(use(callOf(`\t${statements}`, 'call').result)).toBe(expected);
  });
});
