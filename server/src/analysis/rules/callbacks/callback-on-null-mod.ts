import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { callbackUses, codeOf } from '../queries.ts';

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
			.post_patch = announce,
		},
	},
	{ }
};`;

export const rule: Rule = {
  id: 'callback-on-null-mod',
  severity: 'error',
  severityReason: 'The kernel dereferences NULL as soon as the callback runs.',
  group: 'callbacks',
  summary: 'A callback of vmlinux uses obj->mod, which is NULL there.',
  kernel: {
    outcome: 'crash',
    text: 'obj->mod is NULL for vmlinux: the callback dereferences it and the kernel oopses.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'For an object without `.name` the code that is patched is the kernel itself, and `obj->mod` is NULL. ' +
    'The callback runs with the livepatch mutex held, so after the oops no patch can be loaded, enabled or disabled ' +
    'until the machine is rebooted. Test `obj->mod` first when one function serves vmlinux and modules.',
  examples: {
    bad: [
      {
        title: 'A callback that was written for a module',
        code: exampleModule({
          functions: `${FUNCTION}

static void announce(struct klp_object *obj)
{
	pr_info("patched a module in state %d\\n", obj->mod->state); //~
}`,
          objs: OBJS,
        }),
      },
    ],
    good: [
      {
        title: 'Test it first',
        code: exampleModule({
          functions: `${FUNCTION}

static void announce(struct klp_object *obj)
{
	if (obj->mod)
		pr_info("patched a module in state %d\\n", obj->mod->state);
}`,
          objs: OBJS,
        }),
      },
    ],
  },
  check(module) {
    const seen = new Set<string>();
    return callbackUses(module).flatMap(({ object, reference, definitions }) => {
      // Absent and NULL are vmlinux.
      const vmlinux =
        object && (object.name.kind === 'absent' || (object.name.kind === 'known' && object.name.value === null));
      if (!vmlinux) return [];
      return definitions.flatMap((definition): RuleFinding[] => {
        const parameter = definition.parameters?.[0]?.name;
        if (!parameter || !/^\w+$/.test(parameter)) return [];
        const body = codeOf(module, definition);
        // `name` is an array: its address is near NULL, and printing it shows "(efault)" without a crash.
        const use = new RegExp(`\\b${parameter}\\s*->\\s*mod\\s*->(?!\\s*name\\b)`).exec(body);
        if (!use || mayBeTested(body.slice(0, use.index), parameter)) return [];
        const { file } = definition.bodyRange;
        const start = definition.bodyRange.start + use.index;
        if (seen.has(`${file}:${start}`)) return [];
        seen.add(`${file}:${start}`);
        return [
          {
            range: { file, start, end: start + use[0].length - 2 },
            message: `${parameter}->mod is NULL for vmlinux, and ${definition.name}() is a callback of vmlinux. The kernel oopses here.`,
            related: [{ range: reference.range, message: 'This object is vmlinux: it has no name.' }],
          },
        ];
      });
    });
  },
};

/** Whether anything in front looks at the object, its module or its name, or hands the object to a function. */
function mayBeTested(before: string, parameter: string): boolean {
  return new RegExp(`\\b${parameter}\\b`).test(before);
}
