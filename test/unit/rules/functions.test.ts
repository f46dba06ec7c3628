import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../../server/src/analysis/fixes.ts';
import { check } from '../../support/check.ts';

/** A table with one entry and a patch around it, behind the functions. */
function patching(functions: string, entry: string): string {
  return `#include <linux/livepatch.h>
${functions}
static struct klp_func funcs[] = {
	{ ${entry} },
	{ }
};
static struct klp_object objs[] = { { .funcs = funcs }, { } };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
`;
}

const UPTIME = '.old_name = "uptime_proc_show", .new_func = fixed';

describe('new-func-undefined', () => {
  const only = ['new-func-undefined'];

  it('offers a stub in front of the table', () => {
    const source = patching('', UPTIME);
    const [finding] = check(source.replace('fixed },', 'fixed }, //~ new-func-undefined "fixed()"'), { only });
    const fixed = applyEdits(source, finding?.fixes?.[0]?.edits ?? []);
    expect(fixed).toContain('static int fixed(void)\n{\n\treturn 0;\n}\n\nstatic struct klp_func funcs[]');
    check(fixed, { only });
  });

  it.each([
    ['declared for another file', 'extern int fixed(void);'],
    ['made by a macro', '#define fixed other\nstatic int other(void) { return 0; }'],
    ['perhaps made by a macro that is defined elsewhere', 'DEFINE_REPLACEMENT(fixed);'],
    ['perhaps in a header of the module', '#include "replacements.h"'],
    ['defined in one arm of an #if', '#ifdef CONFIG_X\nstatic int fixed(void) { return 0; }\n#endif'],
  ])('keeps quiet about a function that is %s', (_, functions) => {
    check(patching(functions, UPTIME), { only });
  });

  it('reports a static function that is declared and never defined', () => {
    check(patching('static int fixed(void);', `${UPTIME} }, //~ new-func-undefined\n{`), { only });
  });
});

describe('init-section-new-func', () => {
  const only = ['init-section-new-func'];

  it('looks at callbacks too, and offers no fix when a prototype carries the attribute', () => {
    const findings = check(
      `#include <linux/livepatch.h>
static int __init prepare(struct klp_object *obj);
static int __init prepare(struct klp_object *obj) //~ init-section-new-func "callback prepare()"
{
	return 0;
}
static struct klp_func funcs[] = { { } };
static struct klp_object objs[] = { { .funcs = funcs, .callbacks.pre_patch = prepare }, { } };
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
`,
      { only },
    );
    expect(findings[0]?.fixes).toBeUndefined();
  });

  it('takes the attribute out and nothing else', () => {
    const source = patching('static int __init fixed(void) { return 0; }', UPTIME);
    const [finding] = check(source.replace('0; }', '0; } //~ init-section-new-func'), { only });
    expect(applyEdits(source, finding?.fixes?.[0]?.edits ?? [])).toBe(source.replace('__init ', ''));
  });
});

describe('func-new-func-not-function', () => {
  const only = ['func-new-func-not-function'];

  it('knows numbers and variables', () => {
    check(
      patching(
        '',
        '.old_name = "a", .new_func = (void *)0xffffffff81000000 //~ func-new-func-not-function "a number"\n',
      ),
      {
        only,
      },
    );
    check(
      patching(
        'static int (*fixed)(void);',
        '.old_name = "a", .new_func = &fixed //~ func-new-func-not-function "a variable"\n',
      ),
      { only },
    );
  });

  it('keeps quiet about functions, with & and with a cast', () => {
    check(patching('static int fixed(void) { return 0; }', '.old_name = "a", .new_func = (void *)&fixed'), { only });
  });

  it('takes the quotes away only when there is such a function', () => {
    const source = patching('static int fixed(void) { return 0; }', '.old_name = "a", .new_func = "fixed"');
    const [finding] = check(source.replace('"fixed"', '"fixed" //~ func-new-func-not-function\n'), { only });
    expect(finding?.fixes).toHaveLength(1);
    const [other] = check(patching('', '.old_name = "a", .new_func = "fixed" //~ func-new-func-not-function\n'), {
      only,
    });
    expect(other?.fixes).toEqual([]);
  });
});

describe('new-calls-old-by-name', () => {
  const only = ['new-calls-old-by-name'];

  it('finds the call in a function that the replacement calls', () => {
    check(
      patching(
        `static int helper(void)
{
	return uptime_proc_show(); //~ new-calls-old-by-name
}
static int fixed(void) { return helper(); }`,
        UPTIME,
      ),
      { only },
    );
  });

  it.each([
    [
      'is another function of the module',
      'static int uptime_proc_show(void) { return 0; }\nstatic int fixed(void) { return uptime_proc_show(); }',
    ],
    ['is a macro', '#define uptime_proc_show() 0\nstatic int fixed(void) { return uptime_proc_show(); }'],
    ['is a parameter', 'static int fixed(int (*uptime_proc_show)(void)) { return uptime_proc_show(); }'],
    ['is only mentioned', 'static int fixed(void) { /* uptime_proc_show() */ return 0; }'],
    [
      'is called by a function that replaces nothing',
      'static int fixed(void) { return 0; }\nint other(void) { return uptime_proc_show(); }',
    ],
  ])('keeps quiet when the name %s', (_, functions) => {
    check(patching(functions, UPTIME), { only });
  });
});

describe('static-local-reset', () => {
  const only = ['static-local-reset'];

  it.each(['static const int limit = 1;', 'static const char *const names[] = { "a" };', 'int counter = 0;'])(
    'keeps quiet about %s',
    (declaration) => {
      check(patching(`static int fixed(void)\n{\n\t${declaration}\n\n\treturn 0;\n}`, UPTIME), { only });
    },
  );

  it('keeps quiet about functions that replace nothing', () => {
    check(patching('static int other(void) { static int n; return n++; }\nint fixed(void);', UPTIME), { only });
  });
});

describe('names of symbols', () => {
  const only = ['gcc-suffix-name', 'cold-part-target', 'pfx-cfi-target', 'syscall-inner-target'];
  const named = (name: string, mark = '') =>
    patching('int fixed(void);', `.old_name = "${name}", .new_func = fixed ${mark}\n`);

  it.each([
    ['do_sysinfo.isra.0', 'gcc-suffix-name'],
    ['foo.constprop.0', 'gcc-suffix-name'],
    ['foo.part.3', 'gcc-suffix-name'],
    ['foo.llvm.1234', 'gcc-suffix-name'],
    ['foo.cold', 'cold-part-target'],
    ['foo.isra.0.cold', 'cold-part-target'],
    ['foo.cold.7', 'cold-part-target'],
    ['__pfx_foo', 'pfx-cfi-target'],
    ['__cfi_foo', 'pfx-cfi-target'],
    ['sys_getpid', 'syscall-inner-target'],
  ])('%s: %s', (name, rule) => {
    check(named(name, `//~ ${rule}`), { only });
  });

  it.each([
    '__x64_sys_getpid',
    'sys_off_notify',
    'sys_imageblit',
    'cold_boot',
    '__cfi_slowpath',
    'pfx_foo',
    '__do_sys_getpid',
  ])('%s may be right', (name) => {
    check(named(name), { only });
  });

  it('says nothing of a system call whose name a macro or an #if makes', () => {
    check(patching('#define PREFIX ""\nint fixed(void);', '.old_name = PREFIX "sys_getpid", .new_func = fixed'), {
      only,
    });
    check(
      patching(
        'int fixed(void);',
        '\n#ifdef CONFIG_PPC64\n.old_name = "sys_getpid",\n#else\n.old_name = "__x64_sys_getpid",\n#endif\n.new_func = fixed',
      ),
      { only },
    );
  });

  it('knows that system calls had their plain names before Linux 4.17', () => {
    check(named('sys_getpid'), { only, kernel: '4.16' });
  });
});
