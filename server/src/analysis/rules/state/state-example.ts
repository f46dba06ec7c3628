import { exampleModule } from '../example-module.ts';

/** An example module with a state that its callbacks use; `states` is the table. */
export function stateExample(states: string): string {
  return exampleModule({
    includes: '#include <linux/slab.h>\n\n#define UPTIME_STATE 1',
    functions: `
static struct klp_patch patch;

static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}

static int prepare(struct klp_object *obj)
{
	struct klp_state *state = klp_get_state(&patch, UPTIME_STATE);

	if (!state)
		return -EINVAL;
	state->data = kzalloc(sizeof(int), GFP_KERNEL);
	return state->data ? 0 : -ENOMEM;
}

static void clean_up(struct klp_object *obj)
{
	struct klp_state *state = klp_get_state(&patch, UPTIME_STATE);

	if (state)
		kfree(state->data);
}`,
    objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.pre_patch = prepare,
			.post_unpatch = clean_up,
		},
	},
	{ }
};`,
    patch: `${states.trim()}

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
};`,
  });
}

/** A table that is right. */
export const GOOD_STATES = `
static struct klp_state states[] = {
	{
		.id = UPTIME_STATE,
		.version = 1,
	},
	{ }
};`;
