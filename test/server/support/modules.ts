/** A correct module: nothing is to be found in it. */
export const GOOD_MODULE = `// SPDX-License-Identifier: GPL-2.0
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int livepatch_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\\n", "this has been live patched");
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "cmdline_proc_show",
		.new_func = livepatch_cmdline_proc_show,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		/* name is not set: vmlinux */
		.funcs = funcs,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

static void livepatch_exit(void)
{
}

module_init(livepatch_init);
module_exit(livepatch_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
`;

/** Without the mark and without the entry that ends the functions: two errors that can be fixed safely. */
export const BAD_MODULE = GOOD_MODULE.replace(
  '\t{ }\n};\n\nstatic struct klp_object',
  '};\n\nstatic struct klp_object',
).replace('MODULE_INFO(livepatch, "Y");\n', '');

/** C that has nothing to do with livepatch. */
export const PLAIN_C = `#include <stdio.h>

int main(void)
{
	return printf("hello\\n");
}
`;

/** Replaces a function in which tasks of every workload sleep. */
export const SLEEPY = GOOD_MODULE.replace('"cmdline_proc_show"', '"__x64_sys_epoll_wait"');

/** With callbacks, a shadow variable and atomic replace. */
export const CALLBACKS = GOOD_MODULE.replace(
  'static struct klp_func',
  `static int set_up(struct klp_object *obj)
{
	return klp_shadow_alloc(obj, COUNTERS, 8, GFP_KERNEL, NULL, NULL) ? 0 : -ENOMEM;
}

static void take_down(struct klp_object *obj)
{
	klp_shadow_free_all(COUNTERS, NULL);
}

static struct klp_func`,
)
  .replace('#include <linux/seq_file.h>\n', '#include <linux/seq_file.h>\n\n#define COUNTERS 0x4711\n')
  .replace(
    '\t\t.funcs = funcs,\n',
    '\t\t.funcs = funcs,\n\t\t.callbacks = {\n\t\t\t.pre_patch = set_up,\n\t\t\t.post_unpatch = take_down,\n\t\t},\n',
  )
  .replace('\t.objs = objs,\n', '\t.objs = objs,\n\t.replace = true,\n');
