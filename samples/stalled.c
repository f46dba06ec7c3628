// SPDX-License-Identifier: MIT
/*
 * A transition that never ends, to be mended in five steps: the walkthrough
 * "Get Started with Kernel Livepatch" leads through them.
 *
 * It has two mistakes. The first is one that the kernel does not report. The
 * second is the function that it replaces: a kernel thread runs in it for good.
 */
#include <linux/livepatch.h>
#include <linux/module.h>

static int livepatch_kswapd(void *p)
{
	pr_info("stalled: kswapd() was called\n");
	return 0;
}

static struct klp_func funcs[] = {
	{
		/* kswapd0 was started at boot and sleeps in here. */
		.old_name = "kswapd",
		.new_func = livepatch_kswapd,
	},
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

static int __init stalled_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit stalled_exit(void)
{
}

module_init(stalled_init);
module_exit(stalled_exit);
MODULE_DESCRIPTION("Livepatch sample: a transition that never ends, and how to mend it");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
