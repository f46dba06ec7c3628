// SPDX-License-Identifier: MIT
/*
 * Replaces functions in which programs sleep: a transition has to wait for them. The replacements return at once, which
 * real programs would not survive: for experiments only.
 */
#include <linux/livepatch.h>
#include <linux/module.h>

static long livepatch_nothing(void)
{
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "pipe_read",
		.new_func = livepatch_nothing,
	},
	{
		.old_name = "do_epoll_wait",
		.new_func = livepatch_nothing,
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
};

static int __init lp_waits_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit lp_waits_exit(void)
{
}

module_init(lp_waits_init);
module_exit(lp_waits_exit);
MODULE_DESCRIPTION("Livepatch for scenarios: functions that programs sleep in");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
