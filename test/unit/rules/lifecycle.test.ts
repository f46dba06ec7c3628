import { describe, expect, it } from 'vitest';
import { applyEdits } from '../../../server/src/analysis/fixes.ts';
import { exampleModule } from '../../../server/src/analysis/rules/example-module.ts';
import { check, findingsIn, read } from '../../support/check.ts';

/** An init function with that body. */
function init(body: string): string {
  return exampleModule({
    init: `static int __init uptime_fix_init(void)\n{\n${body}\n}\nmodule_init(uptime_fix_init);`,
  });
}

describe('modules of several files', () => {
  it('may have marks, licence and init in another file than the tables', () => {
    check(`
//- tables.c
#include <linux/livepatch.h>
#include "fix.h"
static struct klp_func funcs[] = {
	{ .old_name = "uptime_proc_show", .new_func = fixed_uptime_proc_show },
	{ }
};
static struct klp_object objs[] = {
	{ .funcs = funcs },
	{ }
};
struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
//- main.c
#include <linux/livepatch.h>
#include "fix.h"
static int __init fix_init(void)
{
	return klp_enable_patch(&patch);
}
static void __exit fix_exit(void)
{
}
module_init(fix_init);
module_exit(fix_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
//- uptime.c
#include <linux/seq_file.h>
#include "fix.h"
int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	return 0;
}
`);
  });

  it('lack nothing when the rest of the module may call what is open to it', () => {
    const open = `int filter_init(void)
{
	return klp_enable_patch(&patch);
}`;
    check(exampleModule({ init: open, exit: '', infos: '' }));
    const closed = exampleModule({ init: `static ${open}`, exit: '', infos: '' });
    expect(findingsIn(read(closed)).map(({ rule }) => rule)).toContain('missing-module-init');
    const licensed = exampleModule({ init: open, exit: '', infos: 'MODULE_LICENSE("GPL");' });
    expect(findingsIn(read(licensed)).map(({ rule }) => rule)).toContain('missing-module-init');
  });

  it('lack nothing when a part of them was not read', () => {
    const source = exampleModule({ init: '', exit: '', infos: '' });
    const module = { ...read(source), complete: false, incompleteBecause: ['main.c is not there'] };
    expect(findingsIn(module)).toEqual([]);
  });

  it('lack all of that when everything was read', () => {
    const source = exampleModule({ init: '', exit: '', infos: '' });
    expect(findingsIn(read(source)).map(({ rule }) => rule)).toEqual([
      'missing-enable-call',
      'missing-module-init',
      'missing-module-license',
    ]);
  });
});

describe('module init', () => {
  it.each(['module_init', 'late_initcall', 'device_initcall_sync'])('may be named by %s()', (macro) => {
    const source = exampleModule({});
    check(source.replace('module_init(', `${macro}(`));
  });
});

describe('the target of a livepatch', () => {
  it('is no livepatch that lacks something', () => {
    check(
      `
#include <linux/module.h>
#include <linux/livepatch.h>
struct big { int x; };
static int __init target_init(void)
{
	return klp_shadow_get(NULL, 1) ? -EBUSY : 0;
}
module_init(target_init);
MODULE_LICENSE("GPL");
`,
      {
        only: [
          'missing-livepatch-modinfo',
          'missing-enable-call',
          'missing-module-exit',
          'livepatch-modinfo-without-patch',
        ],
      },
    );
  });
});

describe('the result of klp_enable_patch()', () => {
  it.each([
    ['is returned', '\treturn klp_enable_patch(&patch);'],
    ['is stored and returned', '\tint ret = klp_enable_patch(&patch);\n\treturn ret;'],
    ['is tested', '\tif (klp_enable_patch(&patch))\n\t\treturn -EINVAL;\n\treturn 0;'],
    [
      'is tested for success',
      '\tif (!klp_enable_patch(&patch))\n\t\treturn 0;\n\tpr_err("failed\\n");\n\treturn -EINVAL;',
    ],
  ])('%s: fine', (_, body) => {
    check(init(body));
  });

  it.each([
    ['dropped', '\tklp_enable_patch(&patch); //~ enable-result-ignored\n\treturn 0;'],
    ['cast away', '\t(void)klp_enable_patch(&patch); //~ enable-result-ignored\n\treturn 0;'],
    ['stored for nobody', '\tint ret;\n\tret = klp_enable_patch(&patch); //~ enable-result-ignored\n\treturn 0;'],
  ])('%s: a finding', (_, body) => {
    check(init(body));
  });

  it('is returned by the fix', () => {
    const source = init('\tklp_enable_patch(&patch);\n\treturn 0;');
    const [finding] = findingsIn(read(source));
    expect(applyEdits(source, finding?.fixes?.[0]?.edits ?? [])).toContain('{\n\treturn klp_enable_patch(&patch);\n}');
  });

  it('is not put in front of a return that hangs on an if', () => {
    const source = init('\tif (patch.replace)\n\t\tklp_enable_patch(&patch);\n\treturn 0;');
    expect(findingsIn(read(source))[0]?.fixes).toEqual([]);
  });
});

describe('what comes after enabling', () => {
  it.each([
    [
      'undoing what was done before, after a failure',
      `
	int ret;

	ret = klp_enable_patch(&patch);
	if (ret)
		goto err;
	return 0;
err:
	pr_err("failed\\n");
	return ret;`,
    ],
    [
      'success first',
      `
	int ret;

	ret = klp_enable_patch(&patch);
	if (!ret)
		return 0;
	ret = report_failure(ret);
	return ret;`,
    ],
    [
      'in the failing branch',
      `
	int ret;

	ret = klp_enable_patch(&patch);
	if (ret) {
		ret = report_failure(ret);
		return ret;
	}
	return 0;`,
    ],
    [
      'without a say in the result',
      `
	int ret;

	ret = klp_enable_patch(&patch);
	if (!ret)
		pr_info("done\\n");
	return ret;`,
    ],
    [
      'a look at the result through a macro',
      `
	int ret;

	ret = klp_enable_patch(&patch);
	if (unlikely(ret))
		return ret;
	return 0;`,
    ],
  ])('%s: fine', (_, body) => {
    check(init(body));
  });

  it.each([
    [
      'an allocation',
      '\tbuffer = kzalloc(64, GFP_KERNEL); //~ init-fails-after-enable\n\tif (!buffer)\n\t\treturn -ENOMEM;',
    ],
    ['a test', '\tif (start_reporting(1)) //~ init-fails-after-enable\n\t\treturn -EBUSY;'],
  ])('%s that makes init fail: a finding', (_, behind) => {
    check(
      init(`
	void *buffer;
	int ret = klp_enable_patch(&patch);

	if (ret)
		return ret;
${behind}
	return 0;`),
    );
  });

  it('stored first: a finding', () => {
    check(
      init(`
	int ret;

	ret = klp_enable_patch(&patch);
	if (ret)
		return ret;
	ret = register_reboot_notifier(&notifier); //~ init-fails-after-enable "register_reboot_notifier()"
	return ret;`),
    );
  });
});

describe('enabling twice', () => {
  it.each([
    [
      'one branch or the other',
      `
	int ret;

	if (patch.replace)
		ret = klp_enable_patch(&patch);
	else
		ret = klp_enable_patch(&patch);
	return ret;`,
    ],
    [
      'one configuration or the other',
      `
#ifdef CONFIG_SMP
	int ret = klp_enable_patch(&patch);
#else
	int ret = klp_enable_patch(&patch);
#endif
	return ret;`,
    ],
  ])('%s: fine', (_, body) => {
    check(init(body));
  });
});

describe('the exit function that a fix adds', () => {
  it.each([
    ['fix_init', 'fix_exit'],
    ['start', 'start_exit'],
    ['initialise_init_later', 'initialise_exit_later'],
  ])('for %s is %s', (name, exit) => {
    const source = exampleModule({
      init: `static int __init ${name}(void)\n{\n\treturn klp_enable_patch(&patch);\n}\nmodule_init(${name});`,
      exit: '',
    });
    const [finding] = findingsIn(read(source));
    expect(finding?.rule).toBe('missing-module-exit');
    expect(applyEdits(source, finding?.fixes?.[0]?.edits ?? [])).toContain(
      `module_init(${name});\n\nstatic void __exit ${exit}(void)\n{\n}\nmodule_exit(${exit});\n`,
    );
  });

  it('takes a name that is free', () => {
    const source = exampleModule({ exit: 'void uptime_fix_exit(void);' });
    const [finding] = findingsIn(read(source));
    expect(applyEdits(source, finding?.fixes?.[0]?.edits ?? [])).toContain('module_exit(uptime_fix_exit2);');
  });
});
