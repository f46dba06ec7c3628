// SPDX-License-Identifier: MIT
/* Replaces the main function of kswapd0, which that kernel thread never leaves: a transition that does not end. */
#include <linux/livepatch.h>
#include <linux/module.h>

static int livepatch_kswapd(void *node)
{
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "kswapd",
		.new_func = livepatch_kswapd,
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

static int __init lp_kswapd_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit lp_kswapd_exit(void)
{
}

module_init(lp_kswapd_init);
module_exit(lp_kswapd_exit);
MODULE_DESCRIPTION("Livepatch for scenarios: the main function of a kernel thread");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
