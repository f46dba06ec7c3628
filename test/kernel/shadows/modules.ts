const ID = '0x2026112101UL';
/** Whose shadow variable it is. */
const KEY = `&init_task, ${ID}`;
const ALLOC = `klp_shadow_alloc(${KEY}, sizeof(int), GFP_KERNEL`;

const ATTACH = `	value = ${ALLOC}, NULL, NULL);
	if (value)
		*value = 42;
`;
const FAIL = `	value = ${ALLOC}, refuse, NULL);
`;
const LOOK = `	value = klp_shadow_get(${KEY});
	if (value)
		pr_info("found %d\\n", *value);
	else
		pr_info("found nothing\\n");
`;

/**
 * Livepatches by their module names, in C. Each says which callback of it runs.
 * - lp_leaves attaches a variable and forgets it
 * - lp_frees attaches it and frees it in its exit function
 * - lp_fails has a constructor that fails
 * - lp_finds says what it finds of the variable
 */
export const SHADOW_MODULES: ReadonlyMap<string, string> = new Map([
  ['lp_leaves', livepatch('uptime_proc_show', ATTACH)],
  ['lp_frees', livepatch('uptime_proc_show', ATTACH, `klp_shadow_free_all(${ID}, NULL);`)],
  ['lp_fails', livepatch('uptime_proc_show', FAIL)],
  ['lp_finds', livepatch('loadavg_proc_show', LOOK)],
]);

function livepatch(replaces: string, prePatch: string, exit = ''): string {
  return `#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>

static int replacement(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}

static int *value;

static int __maybe_unused refuse(void *obj, void *shadow_data, void *ctor_data)
{
	return -ENOMEM;
}

static int pre_patch(struct klp_object *obj)
{
	pr_info("callback pre_patch vmlinux\\n");
${prePatch}	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "${replaces}",
		.new_func = replacement,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks.pre_patch = pre_patch,
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
	${exit}
}
module_exit(lp_exit);

MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
`;
}
