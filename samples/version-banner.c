// SPDX-License-Identifier: MIT
/*
 * The smallest useful livepatch: one function of the kernel is replaced. Nobody sleeps in it, so the transition ends
 * within a second or two.
 */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int livepatch_version_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s: this kernel has been livepatched\n", THIS_MODULE->name);
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "version_proc_show",
		.new_func = livepatch_version_proc_show,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		/* No name: the function is in vmlinux. */
		.funcs = funcs,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init version_banner_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit version_banner_exit(void)
{
}

module_init(version_banner_init);
module_exit(version_banner_exit);
MODULE_DESCRIPTION("Livepatch sample: replace one function");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
