import type { ModuleSource } from '../../../server/src/kernel-runner/build-modules.ts';

/**
 * A livepatch whose replacement does what the function does: it goes on with the function itself, behind the call that
 * ftrace put at its beginning. Servers go on under it, and its transition is that of any livepatch of this function.
 *
 * @param name the module's
 * @param func a function of vmlinux with at most six arguments, all of which fit into registers
 */
export function transparentLivepatch(name: string, func: string): ModuleSource {
  return { name, files: { [`${name}.c`]: source(func) } };
}

const source = (func: string): string => `#include <linux/kprobes.h>
#include <linux/livepatch.h>
#include <linux/module.h>

typedef long (*function)(long, long, long, long, long, long);

static function behind_the_call;

static long replacement(long a, long b, long c, long d, long e, long f)
{
	long result = behind_the_call(a, b, c, d, e, f);

	/* Not a jump: this function stays on the stack. */
	barrier();
	return result;
}

static struct klp_func funcs[] = {
	{
		.old_name = "${func}",
		.new_func = replacement,
	},
	{ }
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

/* A function begins with an instruction for indirect branches (or what was put over it), or at once with the call. */
static const u8 *past_the_call(const u8 *at)
{
	static const u8 nop[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

	if (memcmp(at, nop, sizeof(nop)) && *at != 0xe8)
		at += 4;
	return at + sizeof(nop);
}

static int __init find_and_enable(void)
{
	struct kprobe probe = { .symbol_name = "${func}" };
	int error = register_kprobe(&probe);

	if (error)
		return error;
	behind_the_call = (function)past_the_call((const u8 *)probe.addr);
	unregister_kprobe(&probe);
	return klp_enable_patch(&patch);
}
module_init(find_and_enable);

static void __exit leave(void)
{
}
module_exit(leave);

MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
`;
