import type { Rule, RuleFinding } from '../../rule.ts';
import { isRelease } from '../callbacks/resource-pairs.ts';
import { exampleModule } from '../example-module.ts';
import { callbackUses, reachable } from '../queries.ts';

const FUNCTION = `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}

static int on_reboot(struct notifier_block *nb, unsigned long action, void *data)
{
	return NOTIFY_DONE;
}

static struct notifier_block reboot_notifier = {
	.notifier_call = on_reboot,
};

static int prepare(struct klp_object *obj)
{
	return register_reboot_notifier(&reboot_notifier);
}

static void clean_up(struct klp_object *obj)
{
	unregister_reboot_notifier(&reboot_notifier);
}`;

const OBJS = `
static struct klp_object objs[] = {
	{
		.funcs = funcs,
		.callbacks = {
			.pre_patch = prepare,
			.post_unpatch = clean_up,
		},
	},
	{ }
};`;

export const rule: Rule = {
  id: 'callback-needed-under-replace',
  severity: 'information',
  severityReason: 'Nothing is wrong with this patch: it is a task for the patch that replaces it.',
  group: 'replace',
  summary: 'An unpatch callback cleans up, but does not run when the patch is replaced.',
  since: { major: 5, minor: 1 },
  kernel: {
    outcome: 'hazard',
    text: 'When another patch with .replace takes over, only that patch’s callbacks run: this patch’s pre_unpatch and post_unpatch do not.',
    evidence: 'kernel source',
  },
  explanation:
    'Patches that replace each other are usually made in a row, so this one will be replaced one day. Its ' +
    '`pre_unpatch` and `post_unpatch` then do not run, and what they would have taken down stays, although the module ' +
    'can be removed. The author of the next patch has to know that: it takes over or takes down in its own `pre_patch` ' +
    'and `post_patch`. The system state API (`.states`, `klp_get_prev_state()`) is made for handing over.',
  examples: {
    bad: [
      {
        title: 'A notifier that the next patch will leave registered',
        code: exampleModule({
          includes: '#include <linux/reboot.h>',
          functions: FUNCTION,
          objs: OBJS,
          patch: `
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.replace = true, //~
};`,
        }),
      },
    ],
    good: [
      {
        title: 'A patch that is not part of a row of cumulative ones',
        code: exampleModule({ includes: '#include <linux/reboot.h>', functions: FUNCTION, objs: OBJS }),
      },
      {
        title: 'States say what the next patch has to take over',
        code: exampleModule({
          includes: '#include <linux/reboot.h>',
          functions: FUNCTION,
          objs: OBJS,
          patch: `
static struct klp_state states[] = {
	{
		.id = 1,
		.version = 1,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
	.replace = true,
};`,
        }),
      },
    ],
  },
  check(module) {
    return module.patches.flatMap((patch): RuleFinding[] => {
      const replaces = patch.replace.kind === 'known' && patch.replace.value;
      // With states the author has thought of it: the kernel refuses a successor that does not know them.
      if (!replaces || patch.replace.kind !== 'known' || patch.states.kind !== 'absent') return [];
      const cleaning = callbackUses(module).filter(
        ({ callback, definitions }) =>
          (callback === 'pre_unpatch' || callback === 'post_unpatch') &&
          reachable(module, definitions).some(({ calls }) =>
            calls.some(({ callee }) => isRelease(callee) || /^klp_shadow_free(?:_all)?$/.test(callee)),
          ),
      );
      const [first] = cleaning;
      if (!first) return [];
      const field = patch.fields.find(({ name }) => name === 'replace');
      return [
        {
          range: field ? { ...field.nameRange, end: field.valueRange.end } : patch.replace.range,
          message: `When a later patch replaces this one, ${first.reference.name}() does not run: the kernel calls only the new patch's callbacks.`,
          related: cleaning.map(({ callback, reference }) => ({
            range: reference.range,
            message: `This ${callback} callback takes something down.`,
          })),
        },
      ];
    });
  },
};
