// SPDX-License-Identifier: MIT
/*
 * A cumulative livepatch: it replaces every livepatch that is loaded, knows the state that its predecessors left behind,
 * keeps data beside kernel objects in shadow variables, and patches a module that may come later.
 */
#include <linux/device.h>
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#define READERS_SHADOW_ID 0x2026110001UL
#define READERS_STATE_ID 1
#define READERS_STATE_VERSION 2

struct readers {
	atomic_t count;
};

static int readers_init(void *obj, void *shadow_data, void *ctor_data)
{
	struct readers *readers = shadow_data;

	atomic_set(&readers->count, 0);
	return 0;
}

static int livepatch_uptime_proc_show(struct seq_file *m, void *v)
{
	struct readers *readers;

	readers = klp_shadow_get_or_alloc(file_inode(m->file), READERS_SHADOW_ID, sizeof(*readers), GFP_KERNEL,
					  readers_init, NULL);
	if (!readers)
		return -ENOMEM;

	seq_printf(m, "read %d times\n", atomic_inc_return(&readers->count));
	return 0;
}

static int patch_vmlinux(struct klp_object *obj)
{
	struct klp_state *before = klp_get_prev_state(READERS_STATE_ID);

	if (before)
		pr_info("taking over the readers of version %u\n", before->version);
	return 0;
}

static void forget_readers(struct klp_object *obj)
{
	klp_shadow_free_all(READERS_SHADOW_ID, NULL);
}

static ssize_t livepatch_loop_attr_do_show_offset(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sprintf(buf, "0\n");
}

static struct klp_func vmlinux_funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = livepatch_uptime_proc_show,
	},
	{ }
};

static struct klp_func loop_funcs[] = {
	{
		.old_name = "loop_attr_do_show_offset",
		.new_func = livepatch_loop_attr_do_show_offset,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = vmlinux_funcs,
		.callbacks = {
			.pre_patch = patch_vmlinux,
			.post_unpatch = forget_readers,
		},
	},
	{
		/* Patched when the module is loaded, now or later. */
		.name = "loop",
		.funcs = loop_funcs,
	},
	{ }
};

static struct klp_state states[] = {
	{
		.id = READERS_STATE_ID,
		.version = READERS_STATE_VERSION,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
	.replace = true,
};

static int __init cumulative_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit cumulative_exit(void)
{
}

module_init(cumulative_init);
module_exit(cumulative_exit);
MODULE_DESCRIPTION("Livepatch sample: replace, states, shadow variables and a module's object");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
