// SPDX-License-Identifier: MIT
/* Says what it finds of the shadow variable that another livepatch attached. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/sched/task.h>

#define SHADOW_ID 0x2026112101UL

static int livepatch_loadavg_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00 0.00 1/1 1\n");
	return 0;
}

static int look(struct klp_object *obj)
{
	int *value = klp_shadow_get(&init_task, SHADOW_ID);

	pr_info("callback pre_patch vmlinux\n");
	if (value)
		pr_info("found %d\n", *value);
	else
		pr_info("found nothing\n");
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "loadavg_proc_show",
		.new_func = livepatch_loadavg_proc_show,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.pre_patch = look,
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
