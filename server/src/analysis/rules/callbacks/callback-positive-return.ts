import type { Rule, RuleFinding } from '../../rule.ts';
import { replaceText, textOf } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { callbackUses } from '../queries.ts';

const FUNCTION = `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`;

const OBJS = `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.pre_patch = prepare,
		},
	},
	{ }
};`;

export const rule: Rule = {
  id: 'callback-positive-return',
  severity: 'error',
  severityReason: 'The module stays loaded and patches nothing.',
  group: 'callbacks',
  summary: 'pre_patch returns a positive number.',
  kernel: {
    outcome: 'ignored',
    log: "do_init_module: 'uptime_fix'->init suspiciously returned 1, it should follow 0/-E convention",
    text: 'The patch is not enabled, but insmod succeeds: only negative numbers count as failure there.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Anything but zero from `pre_patch` stops the patch, and the number goes on unchanged as the result of ' +
    '`klp_enable_patch()` and of the module’s init function. The module loader takes only negative numbers for ' +
    'failure. So with a positive one insmod succeeds, the module stays, and nothing is patched. ' +
    'Return a negative errno.',
  examples: {
    bad: [
      {
        title: 'The minus sign is missing',
        code: exampleModule({
          includes: '#include <linux/errno.h>',
          functions: `${FUNCTION}

static int prepare(struct klp_object *obj)
{
	if (num_online_cpus() > 0)
		return EPERM; //~
	return 0;
}`,
          objs: OBJS,
        }),
      },
    ],
    good: [
      {
        title: 'A negative errno',
        code: exampleModule({
          includes: '#include <linux/errno.h>',
          functions: `${FUNCTION}

static int prepare(struct klp_object *obj)
{
	if (num_online_cpus() > 1024)
		return -EPERM;
	return 0;
}`,
          objs: OBJS,
        }),
      },
    ],
  },
  check(module) {
    const seen = new Set<string>();
    return callbackUses(module)
      .filter(({ callback }) => callback === 'pre_patch')
      .flatMap(({ reference, definitions }) =>
        definitions.flatMap(({ returns }) =>
          returns.flatMap(({ range, value, text }): RuleFinding[] => {
            const place = `${range.file}:${range.start}`;
            if (value.kind !== 'known' || value.value <= 0 || seen.has(place)) return [];
            seen.add(place);
            const written = textOf(module, value.range.file).slice(value.range.start, value.range.end);
            const errno = /^E[A-Z0-9]+$/.test(written);
            return [
              {
                range,
                message: `pre_patch returns ${text.replace(/^return\s*|\s*;$/g, '')}, a positive number. insmod then succeeds, but the patch is not enabled.`,
                related: [{ range: reference.range, message: 'It is the pre_patch callback here.' }],
                fixes: errno
                  ? [{ title: `Return -${written}`, safety: 'safe', edits: [replaceText(value.range, `-${written}`)] }]
                  : [],
              },
            ];
          }),
        ),
      );
  },
};
