import { areExclusive } from '../../../../../shared/src/model/index.ts';
import type { Rule } from '../../rule.ts';
import { enableCalls, follows } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'two-patches-one-module',
  severity: 'error',
  severityReason: 'The second patch is refused, and the first one goes on using a module that failed to load.',
  group: 'lifecycle',
  summary: 'A module enables two patches.',
  kernel: {
    outcome: 'crash',
    log: "sysfs: cannot create duplicate filename '/kernel/livepatch/uptime_fix'",
    text: 'The second klp_enable_patch() returns -EEXIST. When init fails with it, the loader frees the module while the first patch is enabled: the kernel crashes.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'A patch is called after its module, also in `/sys/kernel/livepatch`, so a module can have one. The second ' +
    '`klp_enable_patch()` fails. When init then fails too, the kernel frees the module while the first patch still uses ' +
    'its code; when it does not, half of the fix is missing. Put the objects of both into one patch.',
  examples: {
    bad: [
      {
        title: 'One after the other',
        code: exampleModule({
          more: `
static int fixed_loadavg_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00 0.00 1/1 1\\n");
	return 0;
}`,
          patch: `
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
};

static struct klp_func loadavg_funcs[] = {
	{
		.old_name = "loadavg_proc_show",
		.new_func = fixed_loadavg_proc_show,
	},
	{ }
};

static struct klp_object loadavg_objs[] = {
	{
		.funcs = loadavg_funcs,
	},
	{ }
};

static struct klp_patch loadavg_patch = {
	.mod = THIS_MODULE,
	.objs = loadavg_objs,
};`,
          init: `
static int __init uptime_fix_init(void)
{
	int ret;

	ret = klp_enable_patch(&patch);
	if (ret)
		return ret;
	return klp_enable_patch(&loadavg_patch); //~
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
    good: [{ title: 'One patch', code: exampleModule({}) }],
  },
  check(module) {
    const calls = enableCalls(module);
    return calls.flatMap((second, index) => {
      const first = calls
        .slice(0, index)
        .find(
          (other) =>
            other.patch !== null &&
            second.patch !== null &&
            other.patch !== second.patch &&
            other.inFunction === second.inFunction &&
            other.call.result.kind !== 'returned' &&
            !areExclusive(other.call.conditions, second.call.conditions) &&
            follows(module, second.inFunction, other.call, second.call),
        );
      if (!first) return [];
      return [
        {
          range: second.call.range,
          message:
            `The module has enabled "${first.patch?.name}" already. The kernel names both after the module, and ` +
            'klp_enable_patch() returns -EEXIST for the second.',
          related: [{ range: first.call.range, message: 'The first patch is enabled here' }],
        },
      ];
    });
  },
};
