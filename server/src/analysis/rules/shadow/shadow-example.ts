import { exampleModule } from '../example-module.ts';

/** The pieces of an example that counts the reads in a shadow variable of the first UTS namespace. */
export interface ShadowExampleParts {
  /** Functions in front of the replacement. */
  readonly hooks?: string;
  /** The replacement's body behind `int *reads;`. */
  readonly body?: string;
  readonly callbacks?: string;
  readonly unpatch?: string;
  readonly includes?: string;
}

const BODY = `
	reads = klp_shadow_get_or_alloc(&init_uts_ns, UPTIME_READS, sizeof(*reads), GFP_KERNEL, NULL, NULL);
	if (reads)
		(*reads)++;`;

const UNPATCH = `
static void clean_up(struct klp_object *obj)
{
	klp_shadow_free_all(UPTIME_READS, NULL);
}`;

/** A whole module: correct, but for the parts that an example gives itself. An empty part is left out. */
export function shadowExample({
  hooks = '',
  body = BODY,
  callbacks,
  unpatch = UNPATCH,
  includes = '',
}: ShadowExampleParts) {
  const replacement = `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	int *reads;
${body}
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`;
  const callbackLine = callbacks ?? (unpatch === '' ? '' : '.post_unpatch = clean_up,');
  return exampleModule({
    includes: `#include <linux/slab.h>\n#include <linux/utsname.h>${includes}\n\n#define UPTIME_READS 1`,
    functions: [hooks, replacement, unpatch]
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .join('\n\n'),
    objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,${callbackLine === '' ? '' : `\n\t\t.callbacks = {\n\t\t\t${callbackLine}\n\t\t},`}
	},
	{ }
};`,
  });
}
