/** A first livepatch module, filled with what its author answered. Pure. */
export interface ModuleAnswers {
  /** Module name as the kernel has it: letters, digits and `_`. */
  readonly name: string;
  /** Name of the module whose function is replaced, null for vmlinux. */
  readonly object: string | null;
  /** The function to replace. */
  readonly function: string;
  /** Cumulative: replaces every livepatch loaded before. */
  readonly replace: boolean;
}

/** `fix-read.c` and `fix-read` become `fix_read`, as kbuild names modules. Null when no module can have that name. */
export function moduleName(text: string): string | null {
  const name = text
    .trim()
    .replace(/\.(?:c|ko|o)$/, '')
    .replaceAll('-', '_');
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name.length < 56 ? name : null;
}

/** Whether a text can be the name of a C function. */
export function isFunctionName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

/** The module's C text. Compiles as it stands once the replacement's signature is that of the original. */
export function moduleTemplate({ name, object, function: original, replace }: ModuleAnswers): string {
  const replacement = `livepatch_${original}`;
  const where = object === null ? 'vmlinux' : `the module ${object}`;
  return `// SPDX-License-Identifier: GPL-2.0-only
/*
 * ${name}: replaces ${original}() of ${where}.
 *
 * Kbuild: obj-m += ${name}.o
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>

/*
 * Give the replacement exactly the return type and the parameters of the original.
 * It must not call ${original}(): that leads back here.
 */
static int ${replacement}(void)
{
	return 0;
}

static struct klp_func funcs[] = {
	{
		.old_name = "${original}",
		.new_func = ${replacement},
	}, { }
};

static struct klp_object objs[] = {
	{
		${object === null ? '/* no name: vmlinux */' : `.name = "${object}",`}
		.funcs = funcs,
	}, { }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,${replace ? '\n\t.replace = true,' : ''}
};

static int __init ${name}_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit ${name}_exit(void)
{
}

module_init(${name}_init);
module_exit(${name}_exit);
MODULE_DESCRIPTION("Livepatch for ${original}()");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
`;
}
