/** The parts of an example module, in the order in which they stand in it. */
export interface ExampleParts {
  /** Includes beyond those that every example has. */
  readonly includes?: string;
  /** Replacements and callbacks. */
  readonly functions?: string;
  /** What stands behind these: callbacks and the like. */
  readonly more?: string;
  readonly funcs?: string;
  readonly objs?: string;
  readonly patch?: string;
  readonly init?: string;
  readonly exit?: string;
  /** MODULE_LICENSE and the livepatch mark. */
  readonly infos?: string;
}

const CORRECT: Required<ExampleParts> = {
  includes: '',
  functions: `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`,
  more: '',
  funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`,
  objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{ }
};`,
  patch: `
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};`,
  init: `
static int __init uptime_fix_init(void)
{
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
  exit: `
static void __exit uptime_fix_exit(void)
{
}
module_exit(uptime_fix_exit);`,
  infos: `
MODULE_DESCRIPTION("Replaces the text of /proc/uptime");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");`,
};

/**
 * A whole livepatch module that kbuild compiles for 6.1 and 6.12: correct, but for the parts that an example gives
 * itself. An empty part is left out.
 */
export function exampleModule(parts: ExampleParts): string {
  const { includes, functions, more, funcs, objs, patch, init, exit, infos } = { ...CORRECT, ...parts };
  const head = ['#include <linux/kernel.h>', '#include <linux/module.h>', '#include <linux/seq_file.h>'];
  const tail = ['#include <linux/livepatch.h>'];
  const blocks = [[...head, ...tail, ...(includes.trim() === '' ? [] : [includes.trim()])].join('\n')];
  for (const part of [functions, more, funcs, objs, patch, init, exit, infos]) {
    if (part.trim() !== '') blocks.push(part.trim());
  }
  return `${blocks.join('\n\n')}\n`;
}

const PREPARE = `
static int prepare(struct klp_object *obj)
{
	return 0;
}`;
const NO_FUNCS = `
static struct klp_func no_funcs[] = {
	{ }
};`;

/** A module that patches vmlinux and has an object without functions, whose first line is `name`. */
export function exampleEmptyObject(name: string, withCallback = false): string {
  const callback = withCallback ? '\n\t\t.callbacks.pre_patch = prepare,' : '';
  const objs = `${NO_FUNCS}

static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{
		${name}
		.funcs = no_funcs,${callback}
	},
	{ }
};`;
  return exampleModule({ objs, ...(withCallback ? { more: PREPARE } : {}) });
}

/** A module with one object, which has a callback and no functions. `name` is its first line; null: it is vmlinux. */
export function exampleCallbackAlone(name: string | null): string {
  const objs = `${NO_FUNCS}

static struct klp_object objs[] = {
	{${name === null ? '' : `\n\t\t${name}`}
		.funcs = no_funcs,
		.callbacks.pre_patch = prepare,
	},
	{ }
};`;
  return exampleModule({ functions: PREPARE, funcs: '', objs });
}

/** A module that replaces one function of vmlinux. `marked`: the rule must report its name. */
export function exampleReplacing(
  oldName: string,
  newFunc: string,
  parts: ExampleParts & { readonly marked?: boolean },
): string {
  const funcs = `
static struct klp_func funcs[] = {
	{
		.old_name = "${oldName}",${parts.marked ? ' //~' : ''}
		.new_func = ${newFunc},
	},
	{ }
};`;
  return exampleModule({ funcs, ...parts });
}
