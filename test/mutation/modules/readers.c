// SPDX-License-Identifier: MIT
/*
 * A fix in two places: counts the readers of a file in a shadow variable of a fixed size, and looks at them from a second
 * replacement, which frees them when nobody is left.
 */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define READERS_ID 0x51
#define LAST_READ_ID 0x52

struct readers {
	int count;
	int limit;
};

static DEFINE_SPINLOCK(readers_lock);

static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	struct readers *readers;
	u64 *last;

	readers = klp_shadow_get_or_alloc(m, READERS_ID, sizeof(struct readers), GFP_KERNEL, NULL, NULL);
	if (!readers)
		return -ENOMEM;

	readers->count++;
	last = klp_shadow_get_or_alloc(m, LAST_READ_ID, 8, GFP_ATOMIC, NULL, NULL);
	if (last)
		*last = 1;
	seq_puts(m, "0.00 0.00\n");
	return 0;
}

static int fixed_loadavg_proc_show(struct seq_file *m, void *v)
{
	struct readers *readers;

	spin_lock(&readers_lock);
	readers = klp_shadow_get(m, READERS_ID);
	if (readers && readers->count == 0)
		klp_shadow_free(m, READERS_ID, NULL);
	spin_unlock(&readers_lock);
	return 0;
}

static void forget_readers(struct klp_object *obj)
{
	klp_shadow_free_all(READERS_ID, NULL);
	klp_shadow_free_all(LAST_READ_ID, NULL);
}

static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	{
		.old_name = "loadavg_proc_show",
		.new_func = fixed_loadavg_proc_show,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.post_unpatch = forget_readers,
		},
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init readers_fix_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit readers_fix_exit(void)
{
}

module_init(readers_fix_init);
module_exit(readers_fix_exit);
MODULE_DESCRIPTION("Counts the readers of a file");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
