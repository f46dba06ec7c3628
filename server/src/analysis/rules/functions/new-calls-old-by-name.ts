import { areExclusive } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { callsOf, definitionsOf, reachable, replacements } from '../queries.ts';

export const rule: Rule = {
  id: 'new-calls-old-by-name',
  severity: 'warning',
  severityReason: 'A call that is conditional may be meant: a function that calls itself does so through its own name.',
  group: 'functions',
  summary: 'A replacement calls the function that it replaces.',
  kernel: {
    outcome: 'crash',
    text: 'The call goes through ftrace and lands in the replacement again. The stack overflows and the kernel panics.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'There is no way from a replacement to the original: once the patch is enabled, each call of the old name ends in ' +
    'the replacement, also one from within it. The calls nest until the stack is full. Copy the original function into ' +
    'the module under another name and call the copy, or do the whole work in the replacement.\n\n' +
    'A function that is recursive by nature, such as one that walks a tree, may keep its call: write it as a call of the ' +
    'replacement, which goes the same way without the detour.',
  examples: {
    bad: [
      {
        title: 'Meant as "do something, then what the original does"',
        code: exampleModule({
          functions: `
static int fixed_single_open(struct file *file, int (*show)(struct seq_file *m, void *v), void *data)
{
	int ret = single_open(file, show, data); //~

	pr_info("single_open returned %d\\n", ret);
	return ret;
}`,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "single_open",
		.new_func = fixed_single_open,
	},
	{ }
};`,
        }),
      },
    ],
    good: [
      {
        title: 'The replacement does the work itself, with a copy of what it needs',
        code: exampleModule({
          functions: `
static int copied_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}

static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	int ret = copied_uptime_proc_show(m, v);

	pr_info("uptime_proc_show returned %d\\n", ret);
	return ret;
}`,
        }),
      },
    ],
  },
  check(module) {
    const all = replacements(module);
    const replacing = new Set(all.map(({ reference }) => reference.name));
    const seen = new Set<string>();
    return all.flatMap(({ func, reference, definitions }) => {
      if (func.oldName.kind !== 'known') return [];
      const old = func.oldName.value;
      if (callsOf(module, old).length === 0) return [];
      // A function, macro or pointer of the module's own that has the same name is not the original.
      const isLocal =
        definitionsOf(module, old).length > 0 ||
        module.macros.some(({ name }) => name === old) ||
        module.variables.some(({ name, functionPointer }) => name === old && functionPointer);
      if (isLocal) return [];
      return reachable(module, definitions)
        .filter(({ name }) => name === reference.name || !replacing.has(name))
        .filter(({ parameters }) => !parameters?.some(({ name }) => name === old))
        .flatMap(({ calls }) =>
          calls.flatMap((call): RuleFinding[] => {
            const place = `${call.calleeRange.file}:${call.calleeRange.start}`;
            if (call.callee !== old || areExclusive(call.conditions, func.conditions) || seen.has(place)) return [];
            seen.add(place);
            return [
              {
                range: call.calleeRange,
                message: `${old}() is what ${reference.name}() replaces. This call ends in ${reference.name}() again, until the stack overflows.`,
                related: [
                  {
                    range: func.oldName.kind === 'known' ? func.oldName.range : func.range,
                    message: 'It is replaced here.',
                  },
                ],
              },
            ];
          }),
        );
    });
  },
};
