// SPDX-License-Identifier: MIT
/* Takes the place of every other livepatch, and replaces what /proc/uptime shows. */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int livepatch_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "long enough\n");
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = livepatch_uptime_proc_show,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.replace = true,
};

static int __init lp_replace_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit lp_replace_exit(void)
{
}

module_init(lp_replace_init);
module_exit(lp_replace_exit);
MODULE_DESCRIPTION("Livepatch for scenarios: an atomic replace");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
