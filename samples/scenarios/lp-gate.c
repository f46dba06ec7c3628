// SPDX-License-Identifier: MIT
/* Replaces the function of gate.c that its readers sleep in. */
#include <linux/livepatch.h>
#include <linux/module.h>

static int livepatch_gate_wait(void)
{
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "gate_wait",
		.new_func = livepatch_gate_wait,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		.name = "gate",
		.funcs = funcs,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init lp_gate_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit lp_gate_exit(void)
{
}

module_init(lp_gate_init);
module_exit(lp_gate_exit);
MODULE_DESCRIPTION("Livepatch for scenarios: a function of a target module");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
