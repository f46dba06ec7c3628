// SPDX-License-Identifier: MIT
/* Replaces functions of two modules and of vmlinux, with every callback, in the compact style of generated patches. */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

static void *spare;

static int fixed_lo_open(void *disk, unsigned int mode)
{
	return 0;
}

static int fixed_e1000_open(void *netdev)
{
	if (!netdev)
		return -EINVAL;
	return 0;
}

static int fixed_total_mapping_size(const void *phdr, int nr)
{
	return nr ? 0 : -EINVAL;
}

static int prepare(struct klp_object *obj)
{
	spare = kzalloc(64, GFP_KERNEL);
	if (!spare)
		return -ENOMEM;
	return 0;
}

static void patched(struct klp_object *obj)
{
	pr_info("patched %s\n", klp_is_module(obj) ? obj->name : "vmlinux");
}

static void unpatching(struct klp_object *obj)
{
	pr_info("about to be unpatched\n");
}

static void clean_up(struct klp_object *obj)
{
	kfree(spare);
}

static struct klp_func loop_funcs[] = { { .old_name = "lo_open", .new_func = fixed_lo_open }, { } };

static struct klp_func e1000_funcs[] = {
	{ .old_name = "e1000_open", .new_func = fixed_e1000_open, .old_sympos = 1 },
	{ }
};

static struct klp_func vmlinux_funcs[] = {
	{ .old_name = "total_mapping_size", .new_func = fixed_total_mapping_size, .old_sympos = 2 },
	{ }
};

static struct klp_object objs[] = {
	{
		.name = "loop",
		.funcs = loop_funcs,
		.callbacks = { .pre_patch = prepare, .post_patch = patched, .pre_unpatch = unpatching, .post_unpatch = clean_up },
	},
	{ .name = "e1000", .funcs = e1000_funcs },
	{ .funcs = vmlinux_funcs },
	{ }
};

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };

static int __init module_target_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit module_target_exit(void)
{
}

module_init(module_target_init);
module_exit(module_target_exit);
MODULE_DESCRIPTION("Replaces functions of modules");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
