// SPDX-License-Identifier: MIT
/* Attaches a shadow variable and forgets it. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/sched/task.h>

#define SHADOW_ID 0x2026112101UL

static int livepatch_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\n");
	return 0;
}

static int attach(struct klp_object *obj)
{
	int *value = klp_shadow_alloc(&init_task, SHADOW_ID, sizeof(*value), GFP_KERNEL, NULL, NULL);

	pr_info("callback pre_patch vmlinux\n");
	if (!value)
		return -ENOMEM;
	*value = 42;
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
		.callbacks = {
			.pre_patch = attach,
		},
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init lp_init(void)
{
	return klp_enable_patch(&patch);
}
module_init(lp_init);

static void __exit lp_exit(void)
{
}
module_exit(lp_exit);

MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
