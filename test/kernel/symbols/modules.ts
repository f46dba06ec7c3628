import type { ModuleSource } from '../../../server/src/kernel-runner/build-modules.ts';

/** A symbol that the kernel is asked for as `old_name` and `old_sympos` ask. */
export interface Asked {
  readonly name: string;
  /** Null: vmlinux. */
  readonly object: string | null;
  readonly position: number;
}

export interface Answer extends Asked {
  /** The low 48 bits. */
  readonly address: number;
  /** Bytes, as kallsyms_lookup_size_offset() counts them. */
  readonly size: number;
}

/** The module that has a name three times: two functions and a variable. */
export const TARGET = 'klp_symbols_target';

/** One more of that name is `__init`: it is not there any more when the module is loaded. */
export function targetWithDuplicates(): ModuleSource {
  const part = (letter: string) => `
#include <linux/module.h>
static noinline int klp_twice(int x) { barrier(); return x + ${letter.charCodeAt(0)}; }
int klp_symbols_${letter}(int x);
int klp_symbols_${letter}(int x) { return klp_twice(x) + klp_twice(x + 1); }
EXPORT_SYMBOL${letter === 'a' ? '' : '_GPL'}(klp_symbols_${letter});
`;
  const main = `
#include <linux/module.h>
static int klp_twice = 1;
module_param(klp_twice, int, 0);
static notrace noinline int klp_not_traced(int x) { barrier(); return x + klp_twice; }
int klp_symbols_a(int x);
int klp_symbols_b(int x);
static int __init klp_symbols_init(void) { return klp_symbols_a(1) + klp_symbols_b(1) + klp_not_traced(1) == 0; }
static void __exit klp_symbols_exit(void) { }
module_init(klp_symbols_init);
module_exit(klp_symbols_exit);
MODULE_LICENSE("GPL");
`;
  const init = `
#include <linux/module.h>
static int __init __used klp_twice(void) { return 0; }
`;
  return {
    name: TARGET,
    files: {
      Kbuild: `obj-m := ${TARGET}.o\n${TARGET}-y := main.o part_b.o part_a.o part_init.o\n`,
      'main.c': main,
      'part_a.c': part('a'),
      'part_b.c': part('b'),
      'part_init.c': init,
    },
  };
}

/**
 * A livepatch that asks for symbols and patches nothing: its last function is not there, so the kernel refuses it after
 * it has looked all others up, and the module prints what was found. It stays loaded, as a module like any other.
 */
export function askingLivepatch(asked: readonly Asked[]): ModuleSource {
  const objects = [...new Set(asked.map(({ object }) => object))];
  const tables = objects.map((object, index) => {
    const entries = asked
      .filter((each) => each.object === object)
      .map(({ name, position }) => `\t{ .old_name = "${name}", .new_func = nothing, .old_sympos = ${position} },`);
    const last = index === objects.length - 1 ? '\t{ .old_name = "klp_no_such_function", .new_func = nothing },\n' : '';
    return `static struct klp_func funcs_${index}[] = {\n${entries.join('\n')}\n${last}\t{ }\n};\n`;
  });
  const rows = objects.map((object, index) => {
    return `\t{ ${object === null ? '' : `.name = "${object}", `}.funcs = funcs_${index} },`;
  });
  return {
    name: 'klp_symbols_ask',
    files: {
      'klp_symbols_ask.c': `
#include <linux/module.h>
#include <linux/livepatch.h>
static int nothing(void) { return 0; }
${tables.join('')}static struct klp_object objs[] = {
${rows.join('\n')}
	{ }
};
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objs };
static int __init klp_symbols_ask_init(void)
{
	struct klp_object *obj;
	struct klp_func *func;
	int ret = klp_enable_patch(&patch);
	for (obj = objs; obj->funcs; obj++)
		for (func = obj->funcs; func->old_name; func++)
			pr_info("answer %s %s %lu %px %lu\\n", obj->name ? obj->name : "-", func->old_name,
				func->old_sympos, func->old_func, func->old_size);
	pr_info("enabling gave %d\\n", ret);
	return 0;
}
static void __exit klp_symbols_ask_exit(void) { }
module_init(klp_symbols_ask_init);
module_exit(klp_symbols_ask_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
`,
    },
  };
}

/** What the livepatch printed; the function that is not there has no answer. */
export function parseAnswers(log: string): Answer[] {
  return [...log.matchAll(/answer (\S+) (\S+) (\d+) ([0-9a-f]{16}) (\d+)/g)]
    .filter(([, , name]) => name !== 'klp_no_such_function')
    .map(([, object = '', name = '', position, address = '', size]) => ({
      name,
      object: object === '-' ? null : object,
      position: Number(position),
      address: Number.parseInt(address.slice(4), 16),
      size: Number(size),
    }));
}
