// biome-ignore-all lint/suspicious/noTemplateCurlyInString: LSP writes the placeholders of its snippets this way
/** A piece of C with LSP placeholders. */
export interface Snippet {
  readonly label: string;
  readonly detail: string;
  readonly body: string;
}

/** What begins at the top level of a file. */
export const TOP_LEVEL_SNIPPETS: readonly Snippet[] = [
  {
    label: 'klp module',
    detail: 'A whole livepatch module',
    body: `// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>

static \${1:int} livepatch_\${2:function}(\${3:void})
{
	$0
}

static struct klp_func funcs[] = {
	{
		.old_name = "$2",
		.new_func = livepatch_$2,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		/* name is not set: vmlinux */
		.funcs = funcs,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static int livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

static void livepatch_exit(void)
{
}

module_init(livepatch_init);
module_exit(livepatch_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
MODULE_DESCRIPTION("\${4:What it changes and why}");
`,
  },
  {
    label: 'klp funcs',
    detail: 'A table of functions to replace',
    body: `static struct klp_func \${1:funcs}[] = {
	{
		.old_name = "\${2:function}",
		.new_func = \${3:livepatch_function},
	},
	{ }
};
`,
  },
  {
    label: 'klp objs',
    detail: 'A table of objects to patch',
    body: `static struct klp_object \${1:objs}[] = {
	{
		.name = "\${2:module_name}",
		.funcs = \${3:funcs},
	},
	{ }
};
`,
  },
  {
    label: 'klp states',
    detail: 'A table of system states',
    body: `static struct klp_state \${1:states}[] = {
	{
		.id = \${2:1},
		.version = \${3:1},
	},
	{ }
};
`,
  },
  {
    label: 'klp callbacks',
    detail: 'pre_patch and post_unpatch callbacks',
    body: `static int \${1:set_up}(struct klp_object *obj)
{
	\${3:/* Anything but 0 stops the load. */}
	return 0;
}

static void \${2:take_down}(struct klp_object *obj)
{
	$0
}
`,
  },
];

/** What begins inside the braces of a table. */
export const ENTRY_SNIPPETS: { readonly [struct: string]: Snippet } = {
  klp_func: {
    label: '{ .old_name … }',
    detail: 'A function to replace',
    body: '{\n\t.old_name = "${1:function}",\n\t.new_func = ${2:livepatch_function},\n},',
  },
  klp_object: {
    label: '{ .name … }',
    detail: 'An object to patch',
    body: '{\n\t.name = "${1:module_name}",\n\t.funcs = ${2:funcs},\n},',
  },
  klp_state: { label: '{ .id … }', detail: 'A system state', body: '{\n\t.id = ${1:1},\n\t.version = ${2:1},\n},' },
};

/** The text without its placeholders, for clients that know none. */
export function withoutPlaceholders(body: string): string {
  return body
    .replace(/\$\{\d+\|([^,|]*)[^}]*\|\}/g, '$1')
    .replace(/\$\{\d+:([^}]*)\}/g, '$1')
    .replace(/\$\d+/g, '');
}
