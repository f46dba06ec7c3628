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
