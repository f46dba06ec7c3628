import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { codeOf, definitionsOf, runAsReplacements } from '../queries.ts';

const ASSIGNMENT = /->\s*\w+\s*=\s*&?\s*([A-Za-z_]\w*)\s*;/g;

export const rule: Rule = {
  id: 'function-pointer-escape',
  severity: 'information',
  severityReason: 'Whether the pointer outlives the patch cannot be seen.',
  group: 'functions',
  summary: 'A replacement stores the address of a function of the module.',
  kernel: {
    outcome: 'hazard',
    text: 'The pointer stays when the patch is disabled or replaced: the kernel goes on calling the module’s function, and freed memory once the module is removed.',
    evidence: 'documentation',
  },
  explanation:
    'Livepatch redirects calls of the old function. A pointer to the new one is called directly, and no transition changes it. ' +
    'Store the old function’s address, through a livepatch relocation: calls of it are redirected as long as the patch is ' +
    'enabled. Shadow variables outlive the module too, so pointers to its functions don’t belong in them.',
  examples: {
    bad: [
      {
        title: 'A file keeps the pointer as long as it is open',
        code: exampleModule({
          functions: `
static int show_nothing(struct seq_file *m, void *v)
{
	return 0;
}

static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	struct { int (*show)(struct seq_file *m, void *v); } *hooks = v;

	if (hooks && !v)
		hooks->show = show_nothing; //~
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`,
        }),
      },
    ],
    good: [
      {
        title: 'A direct call',
        code: exampleModule({
          functions: `
static int show_nothing(struct seq_file *m, void *v)
{
	return 0;
}

static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return show_nothing(m, v);
}`,
        }),
      },
    ],
  },
  check(module) {
    const used = runAsReplacements(module);
    return used.flatMap((definition) => {
      if (!definition.uses.some((name) => definitionsOf(module, name).length > 0)) return [];
      const { file, start } = definition.bodyRange;
      return [...codeOf(module, definition).matchAll(ASSIGNMENT)].flatMap((match): RuleFinding[] => {
        const name = match[1] ?? '';
        if (definitionsOf(module, name).length === 0) return [];
        const at = start + match.index + match[0].lastIndexOf(name);
        return [
          {
            range: { file, start: at, end: at + name.length },
            message: `A pointer to ${name}() stays in the structure when the patch is disabled or replaced. If it is called when the module is gone, the kernel crashes.`,
          },
        ];
      });
    });
  },
};
