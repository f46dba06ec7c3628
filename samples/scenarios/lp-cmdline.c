// SPDX-License-Identifier: MIT
/* Replaces what /proc/cmdline shows. Nobody sleeps in it. Its callbacks print that they run; pre_patch can be made to fail. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int pre_patch_ret;
module_param(pre_patch_ret, int, 0444);

static int livepatch_cmdline_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s has been here\n", THIS_MODULE->name);
	return 0;
}

static int before_patch(struct klp_object *obj)
{
	pr_info("callback pre_patch vmlinux\n");
	return pre_patch_ret;
}

static void after_patch(struct klp_object *obj)
{
	pr_info("callback post_patch vmlinux\n");
}

static void before_unpatch(struct klp_object *obj)
{
	pr_info("callback pre_unpatch vmlinux\n");
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
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.pre_patch = before_patch,
			.post_patch = after_patch,
			.pre_unpatch = before_unpatch,
			.post_unpatch = after_unpatch,
		},
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init lp_cmdline_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit lp_cmdline_exit(void)
{
}

module_init(lp_cmdline_init);
module_exit(lp_cmdline_exit);
MODULE_DESCRIPTION("Livepatch for scenarios: one function and all callbacks");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
