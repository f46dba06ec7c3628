import { describe, expect, it } from 'vitest';
import { applyEdits, fixAllEdits } from '../../../server/src/analysis/fixes.ts';
import { exampleModule } from '../../../server/src/analysis/rules/example-module.ts';
import { check, findingsIn, read } from '../../support/check.ts';

/** Everything safe fixed, in one round. */
function fixed(source: string): string {
  return applyEdits(source, fixAllEdits(findingsIn(read({ 'fix.c': source })), 'fix.c'));
}

const CONDITIONAL_FUNCS = `
static struct klp_func funcs[] = {
#if IS_ENABLED(CONFIG_PROC_FS)
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
#endif
	{ }
};`;

describe('what cannot be told from the text is no finding', () => {
  it.each([
    [
      'names from macros of other headers',
      {
        objs: `
static struct klp_object objs[] = {
	{
		.name = TARGET_MODULE,
		.funcs = funcs,
	},
	{ }
};`,
      },
    ],
    [
      'function names from macros of other headers',
      {
        funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = KLP_SYSCALL_SYM(newuname),
		.new_func = fixed_uptime_proc_show,
		.old_sympos = UPTIME_POSITION,
	},
	{ }
};`,
      },
    ],
    [
      'entries that a placeholder stands for',
      {
        funcs: `
static struct klp_func funcs[] = {
	@@KLP_PATCHES_FUNCS@@
};`,
      },
    ],
    [
      'entries that a macro stands for',
      {
        funcs: `
#define LAST_FUNC { }
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	MORE_FUNCS
};`,
      },
    ],
    [
      'an array that code fills',
      {
        funcs: 'static struct klp_func funcs[3];',
        init: `
static int __init uptime_fix_init(void)
{
	funcs[0].old_name = "uptime_proc_show";
	funcs[0].new_func = fixed_uptime_proc_show;
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
      },
    ],
    [
      'fields that code sets',
      {
        patch: 'static struct klp_patch patch;',
        init: `
static int __init uptime_fix_init(void)
{
	patch.mod = THIS_MODULE;
	patch.objs = objs;
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
      },
    ],
    [
      'a length that is a macro of another header',
      {
        objs: `
static struct klp_object objs[OBJECTS + 1] = {
	{
		.funcs = funcs,
	},
};`,
      },
    ],
    [
      'fields from macros of other headers',
      {
        objs: `
static struct klp_object objs[] = {
	{ LOOP_OBJECT },
	{
		VMLINUX_FUNCS(funcs),
		.callbacks = VMLINUX_CALLBACKS,
	},
	{ }
};`,
        patch: 'static struct klp_patch patch = { COMMON_FIELDS };',
      },
    ],
  ])('%s', (_, parts) => {
    check(exampleModule(parts));
  });
});

describe('ends of arrays', () => {
  it.each([
    ['{ }', '{ }'],
    ['{}', '{}'],
    ['{ NULL }', '{ NULL }'],
    ['{ 0 }', '{ 0 }'],
    ['{ .old_name = NULL, }', '{ .old_name = NULL, }'],
  ])('%s ends an array of functions', (_, end) => {
    check(
      exampleModule({
        funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	${end}
};`,
      }),
    );
  });

  it('stand behind entries that are compiled on a condition', () => {
    check(exampleModule({ funcs: CONDITIONAL_FUNCS }));
  });

  it('are missing when the last one is on a condition too', () => {
    const source = exampleModule({ funcs: CONDITIONAL_FUNCS.replace('#endif\n\t{ }\n', '#endif\n') });
    const findings = findingsIn(read(source));
    expect(findings.map(({ rule }) => rule)).toEqual(['funcs-missing-terminator']);
    expect(fixed(source)).toContain('#endif\n\t{ }\n};');
    expect(findingsIn(read(fixed(source)))).toEqual([]);
  });

  it('are put in one line when the array is', () => {
    const funcs =
      'static struct klp_func funcs[] = { { .old_name = "uptime_proc_show", .new_func = fixed_uptime_proc_show } };';
    expect(fixed(exampleModule({ funcs }))).toContain('.new_func = fixed_uptime_proc_show }, { } };');
  });

  it('need one more place when the length is written', () => {
    const funcs = `
static struct klp_func funcs[1] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	}
};`;
    expect(fixed(exampleModule({ funcs }))).toContain(`
static struct klp_func funcs[2] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`);
  });

  it('are looked for in compound literals too', () => {
    check(
      exampleModule({
        funcs: '',
        objs: `
static struct klp_object objs[] = {
	{
		.funcs = (struct klp_func[]) {
			{
				.old_name = "uptime_proc_show", //~ funcs-missing-terminator
				.new_func = fixed_uptime_proc_show,
			},
		},
	},
	{ }
};`,
      }),
    );
  });
});

describe('a single structure instead of an array', () => {
  it('has no end either, and no fix can be made for it', () => {
    const funcs = `
static struct klp_func func = {
	.old_name = "uptime_proc_show", //~ funcs-missing-terminator "A single entry"
	.new_func = fixed_uptime_proc_show,
};`;
    const objs = `
static struct klp_object objs[] = {
	{
		.funcs = &func,
	},
	{ }
};`;
    const [finding] = check(exampleModule({ funcs, objs }));
    expect(finding?.fixes).toEqual([]);
  });
});

describe('duplicates', () => {
  it('are fine in different objects', () => {
    check(
      exampleModule({
        objs: `
static struct klp_func loop_funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};
static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{
		.name = "loop",
		.funcs = loop_funcs,
	},
	{ }
};`,
      }),
    );
  });

  it('are not those with different positions', () => {
    check(
      exampleModule({
        funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
		.old_sympos = 1,
	},
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
		.old_sympos = 2,
	},
	{ }
};`,
      }),
    );
  });

  it('are found in objects by name', () => {
    check(
      exampleModule({
        objs: `
static struct klp_func no_funcs[] = { { } };
static struct klp_object objs[] = {
	{
		.name = "loop",
		.funcs = funcs,
	},
	{
		.name = "nbd",
		.funcs = no_funcs,
	},
	{
		.name = "loop", //~ duplicate-object "stands twice"
		.funcs = no_funcs,
	},
	{ }
};`,
      }),
      { only: ['duplicate-object'] },
    );
  });
});

describe('object names', () => {
  it.each([
    ['net/bluetooth/bluetooth', 'object-name-path', 'bluetooth'],
    ['drivers/net/usb/usb-net.ko', 'object-name-path', 'usb_net'],
    ['usb-net.ko', 'object-name-ko-suffix', 'usb_net'],
    ['zfs.ko.xz', 'object-name-ko-suffix', 'zfs'],
    ['snd-hda-intel', 'object-name-dash', 'snd_hda_intel'],
  ])('%s: one finding, and the fix writes the name that lsmod shows', (name, rule, better) => {
    const source = exampleModule({
      objs: `
static struct klp_object objs[] = {
	{
		.name = "${name}",
		.funcs = funcs,
	},
	{ }
};`,
    });
    expect(findingsIn(read(source)).map((found) => found.rule)).toEqual([rule]);
    expect(fixed(source)).toContain(`.name = "${better}",`);
  });

  it('are not rewritten where a macro stands', () => {
    const source = exampleModule({
      objs: `
#define TARGET "snd-hda-intel"
static struct klp_object objs[] = {
	{
		.name = TARGET,
		.funcs = funcs,
	},
	{ }
};`,
    });
    expect(findingsIn(read(source)).map(({ rule }) => rule)).toEqual(['object-name-dash']);
    expect(fixed(source)).toBe(source);
  });
});

describe('fixes of the tables', () => {
  it('name the fields of positional initialisers', () => {
    const funcs = `
static struct klp_func funcs[] = {
	{ "uptime_proc_show", fixed_uptime_proc_show, 1 },
	{ }
};`;
    expect(fixed(exampleModule({ funcs }))).toContain(
      '{ .old_name = "uptime_proc_show", .new_func = fixed_uptime_proc_show, .old_sympos = 1 },',
    );
  });

  it('remove a const between the words', () => {
    const funcs = `
static struct klp_func const funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`;
    expect(fixed(exampleModule({ funcs }))).toContain('static struct klp_func funcs[] = {');
  });

  it('write a whole patch from its empty braces', () => {
    expect(fixed(exampleModule({ patch: 'static struct klp_patch patch = { };' }))).toMatch(
      /static struct klp_patch patch = \{ \.(mod = THIS_MODULE|objs = objs) \};/,
    );
  });
});

describe('memory that is freed after init', () => {
  it.each([
    ['static struct klp_patch __initdata patch', 'static struct klp_patch patch'],
    ['static struct klp_patch patch __initdata', 'static struct klp_patch patch'],
    ['static __initdata struct klp_patch patch', 'static struct klp_patch patch'],
    ['static struct klp_patch patch __section(".init.data")', 'static struct klp_patch patch'],
  ])('is asked for by %s, and not after the fix', (head, better) => {
    const source = exampleModule({ patch: `${head} = {\n\t.mod = THIS_MODULE,\n\t.objs = objs,\n};` });
    expect(findingsIn(read(source)).map(({ rule }) => rule)).toEqual(['patch-struct-initdata']);
    expect(fixed(source)).toMatch(new RegExp(`${better} ?= {`));
  });

  it.each(['__read_mostly', '__maybe_unused'])('is not asked for by %s', (attribute) => {
    const source = exampleModule({
      patch: `static struct klp_patch patch ${attribute} = {\n\t.mod = THIS_MODULE,\n\t.objs = objs,\n};`,
    });
    expect(findingsIn(read(source))).toEqual([]);
  });
});

describe('long function names', () => {
  const funcs = `
static struct klp_func funcs[] = {
	{
		.old_name = "${'x'.repeat(200)}",
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`;

  it.each([
    ['5.15', ['func-name-too-long']],
    ['6.1', []],
  ])('on %s', (kernel, rules) => {
    expect(findingsIn(read(exampleModule({ funcs })), { kernel }).map(({ rule }) => rule)).toEqual(rules);
  });
});
