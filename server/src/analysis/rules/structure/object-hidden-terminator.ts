import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { entryLabel, isNull, isUnnamed, seenObjects } from '../tables.ts';
import { fixesForNoFuncs } from '../use-func-table.ts';

export const rule: Rule = {
  id: 'object-hidden-terminator',
  severity: 'error',
  severityReason: 'The kernel silently leaves out this object and all that follow.',
  group: 'structure',
  summary: 'An object with neither name nor functions ends the array.',
  kernel: {
    outcome: 'ignored',
    text: 'The kernel takes the entry for the end of the array: its callbacks never run, the objects behind it are never patched.',
    evidence: 'kernel source',
  },
  explanation:
    'The array of objects ends at the first entry that has neither `.name` nor `.funcs`, whatever else it has. An ' +
    'entry with callbacks only is such an end. The patch loads and its transition completes, but this object and ' +
    'those after it are not part of it. Give an object of vmlinux an array of functions, even an empty one.',
  examples: {
    bad: [
      {
        title: 'Callbacks for vmlinux only',
        code: exampleModule({
          functions: `
static void vmlinux_patched(struct klp_object *obj)
{
	pr_info("uptime is fixed\\n");
}`,
          funcs: '',
          objs: `
static struct klp_object objs[] = {
	{
		.callbacks = { //~
			.post_patch = vmlinux_patched,
		},
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'Callbacks beside the functions',
        code: exampleModule({
          more: `
static void vmlinux_patched(struct klp_object *obj)
{
	pr_info("uptime is fixed\\n");
}`,
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.post_patch = vmlinux_patched,
		},
	},
	{ }
};`,
        }),
      },
    ],
  },
  check(module) {
    return seenObjects(module)
      .filter(({ entry }) => isUnnamed(entry) && isNull(entry.funcs))
      .map(({ entry }) => ({
        range: entryLabel(entry),
        message:
          'This object has neither .name nor .funcs, so the kernel takes it for the end of the array. ' +
          'It ignores this object and all behind it silently.',
        fixes: fixesForNoFuncs(module, entry),
      }));
  },
};
