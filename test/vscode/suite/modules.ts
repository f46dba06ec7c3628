/** Livepatch modules that the journeys open. */

/** Right in every way. `mistake` replaces a part of it. */
export function livepatch(
  mistake: { readonly instead: string; readonly write: string } = { instead: '', write: '' },
): string {
  const text = `// SPDX-License-Identifier: MIT
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int livepatch_version_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "this has been live patched\\n");
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "version_proc_show",
		.new_func = livepatch_version_proc_show,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		/* No name: the function is in vmlinux. */
		.funcs = funcs,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int __init banner_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit banner_exit(void)
{
}

module_init(banner_init);
module_exit(banner_exit);
MODULE_DESCRIPTION("Replaces one function");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
`;
  if (!text.includes(mistake.instead)) throw new Error(`The module has no ${mistake.instead}`);
  return text.replace(mistake.instead, mistake.write);
}

/** klp_enable_patch() refuses it with -EINVAL. */
export const WITHOUT_MARK = livepatch({ instead: 'MODULE_INFO(livepatch, "Y");\n', write: '' });

/** The kernel reads on behind the table's end. */
export const WITHOUT_TERMINATOR = livepatch({
  instead: '\t},\n\t{ }\n};\n\nstatic struct klp_object',
  write: '\t},\n};\n\nstatic struct klp_object',
});

export const ORDINARY_DRIVER = `#include <linux/module.h>

static int __init hello_init(void)
{
	return 0;
}

module_init(hello_init);
MODULE_LICENSE("GPL");
`;
