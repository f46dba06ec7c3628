// SPDX-License-Identifier: MIT
/* Cumulative livepatch, version 2: the fix of version 1, and one more. Its callbacks print that they run. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int livepatch_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s has been here\n", THIS_MODULE->name);
	return 0;
}

static int livepatch_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "long enough\n");
	return 0;
}

static int before_patch(struct klp_object *obj)
{
	pr_info("callback pre_patch vmlinux\n");
	return 0;
}

static void after_unpatch(struct klp_object *obj)
{
	pr_info("callback post_unpatch vmlinux\n");
}

static struct klp_func funcs[] = {
	{
		.old_name = "cmdline_proc_show",
		.new_func = livepatch_cmdline_proc_show,
	},
	{
		.old_name = "uptime_proc_show",
		.new_func = livepatch_uptime_proc_show,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.pre_patch = before_patch,
			.post_unpatch = after_unpatch,
		},
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.replace = true,
};

static int __init lp_cumulative_2_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit lp_cumulative_2_exit(void)
{
}

module_init(lp_cumulative_2_init);
module_exit(lp_cumulative_2_exit);
MODULE_DESCRIPTION("Livepatch for scenarios: cumulative, version 2");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
