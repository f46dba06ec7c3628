import fc from 'fast-check';

/** A module with a bit of everything: what property tests edit. */
export const MODULE = `#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/module.h>
#include <linux/livepatch.h>

#define VERSION_ID 3
enum { STATE_A = 1, STATE_B };

/* livepatch-ignore missing-exit: “never” unloaded 🙂 */
static int klpp_show(struct seq_file *m, void *v)
{
	struct task *t;
	static int count;

	list_for_each_entry(t, &tasks, list) {
		if (!t->seen)
			return -EINVAL;
	}
#ifdef CONFIG_X
	if (count++) {
#else
	if (m) {
#endif
		v = klp_shadow_alloc(m, VERSION_ID, sizeof(*v), GFP_KERNEL, NULL, NULL);
		v->x = 1;
	}
	return 0;
}

#if IS_ENABLED(CONFIG_Y)
static void post(struct klp_object *obj) { pr_info("%s", obj->name); }
#endif

static struct klp_func funcs[] = {
	{
		.old_name = __stringify(show) "_proc",
		.new_func = klpp_show,
	},
#ifdef CONFIG_Z
	{ .old_name = "z", .new_func = klpp_show, .old_sympos = VERSION_ID },
#endif
	{ }
};

static struct klp_object objs[] = {
	{
		.name = "ext4",
		.funcs = (struct klp_func[]){ { .old_name = "a", .new_func = klpp_show }, { } },
		.callbacks = { .post_patch = post },
	}, {
		.funcs = funcs,
	}, { }
};

static struct klp_state states[] = { { .id = STATE_B, .version = 1 }, { } };

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
	.replace = true,
};

static int __init livepatch_init(void)
{
	int ret = klp_enable_patch(&patch);

	if (ret)
		pr_err("no\\n");
	return ret;
}
module_init(livepatch_init);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
`;

/** Pieces that break and mend C in every way that typing does. */
const PIECES = [
  ...[
    '{',
    '}',
    '(',
    ')',
    '[',
    ']',
    ';',
    ',',
    '=',
    '"',
    "'",
    '/*',
    '*/',
    '//',
    '\\',
    '#',
    '@@',
    '\n',
    '\n\n',
    '\r\n',
    ' ',
    '\t',
  ],
  ...[
    '\n}',
    '\n};',
    '\n#if 0\n',
    '\n#if X\n',
    '\n#else\n',
    '\n#elif Y\n',
    '\n#endif\n',
    '\n#define M(x) { x',
    '\n#undef M\n',
  ],
  ...[
    'static ',
    'struct klp_func ',
    'klp_',
    'return ',
    'if (x) ',
    'else ',
    '@@HOOK@@',
    '\n@@TABLES@@\n',
    'MODULE_INFO(livepatch, "Y")',
  ],
  ...[
    '{ }',
    '{ .old_name = "é", .new_func = f },',
    '[0 ... 9] = ',
    '({ f(); })',
    '(void *)',
    'é',
    '🙂',
    '\u2028',
    '\ud800',
    '\0',
  ],
  ...[
    '\nstatic int f(void)\n{\n\treturn 1;\n}\n',
    '\nFOO(bar)\n',
    'x',
    '0',
    '.',
    '\nint a;',
    'patch.replace = x;',
    '#include "x.c"',
  ],
];

export const piece = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...PIECES) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 5 }) },
  { weight: 1, arbitrary: fc.nat(MODULE.length).map((at) => MODULE.slice(at, at + 60)) },
);

/** An edit by shares of the text's length, so that it fits any text. */
export const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(80)),
  newText: fc.array(piece, { maxLength: 3 }).map((pieces) => pieces.join('')),
});

/** Where the edit falls in a text. */
export function placed(text: string, { at, length, newText }: { at: number; length: number; newText: string }) {
  const start = Math.floor(at * text.length);
  return { start, end: Math.min(text.length, start + length), newText };
}
