import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { isNull, isUnnamed, objectLabel, seenObjects } from '../tables.ts';
import { fixesForNoFuncs } from '../use-func-table.ts';

export const rule: Rule = {
  id: 'object-funcs-unset',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'A named object has no array of functions.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    text: 'klp_enable_patch() returns -EINVAL before it writes anything to the log, even when the module is not loaded.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Each object needs `.funcs`, an array of `struct klp_func` that ends in an empty entry. An object that is there ' +
    'for its callbacks only needs one too: the array then holds nothing but the empty entry.',
  examples: {
    bad: [
      {
        title: 'Callbacks only, and no array',
        code: exampleModule({
          more: `
static void loop_patched(struct klp_object *obj)
{
	pr_info("loop is patched\\n");
}`,
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{
		.name = "loop", //~
		.callbacks = {
			.post_patch = loop_patched,
		},
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'Callbacks only, with an empty array',
        code: exampleModule({
          more: `
static void loop_patched(struct klp_object *obj)
{
	pr_info("loop is patched\\n");
}`,
          objs: `
static struct klp_func no_funcs[] = {
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{
		.name = "loop",
		.funcs = no_funcs,
		.callbacks = {
			.post_patch = loop_patched,
		},
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module) {
    return seenObjects(module).flatMap(({ entry }) => {
      if (isUnnamed(entry) || !isNull(entry.funcs) || entry.name.kind === 'absent') return [];
      return [
        {
          range: entry.name.range,
          message:
            `${entry.name.kind === 'known' ? `Object ${objectLabel(entry)}` : 'This object'} has no .funcs. ` +
            'klp_enable_patch() returns -EINVAL and the log says nothing.',
          fixes: fixesForNoFuncs(module, entry),
        },
      ];
    });
  },
};
