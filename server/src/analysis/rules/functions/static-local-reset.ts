import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { codeOf, replacements } from '../queries.ts';

export const rule: Rule = {
  id: 'static-local-reset',
  severity: 'information',
  severityReason: 'Whether the original has a variable of this name cannot be seen in the module.',
  group: 'functions',
  summary: 'A replacement has a static local variable, which starts afresh.',
  kernel: {
    outcome: 'accepted',
    text: 'The variable is a new one. What the original kept in its own is not taken over, and tasks that still run the original go on using that.',
    evidence: 'documentation',
  },
  explanation:
    'A `static` variable inside a function belongs to that one compiled copy. When it was copied from the original ' +
    'together with the code, the replacement begins with its initial value: counters start over, "done once" is done ' +
    'once more, a lock protects nothing against tasks that still run the old code. When the original’s state ' +
    'matters, refer to the original variable by a livepatch relocation. When the variable is the patch’s own, all is ' +
    'well.',
  examples: {
    bad: [
      {
        title: 'A counter that was copied with the function',
        code: exampleModule({
          functions: `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	static unsigned int reads; //~

	seq_printf(m, "0.00 0.00 %u\\n", ++reads);
	return 0;
}`,
        }),
      },
    ],
    good: [
      {
        title: 'A table that never changes',
        code: exampleModule({
          functions: `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	static const char *const text = "0.00 0.00\\n";

	seq_puts(m, text);
	return 0;
}`,
        }),
      },
    ],
  },
  check(module) {
    const seen = new Set<string>();
    return replacements(module).flatMap(({ definitions }) =>
      definitions.flatMap((definition) => {
        if (definition.staticLocals.length === 0) return [];
        const { file, start } = definition.bodyRange;
        const body = codeOf(module, definition);
        return definition.staticLocals.flatMap(({ name, range }): RuleFinding[] => {
          const before = body.slice(0, range.start - start);
          const declaration = before.slice(Math.max(...[';', '{', '}'].map((end) => before.lastIndexOf(end))) + 1);
          const written = declaration + body.slice(range.start - start, range.end - start);
          if (/\bconst\b/.test(written) || seen.has(`${file}:${range.start}`)) return [];
          seen.add(`${file}:${range.start}`);
          return [
            {
              range,
              message: `${name} is a new variable. If ${definition.name}() copied it from the original, the original's value is not taken over.`,
            },
          ];
        });
      }),
    );
  },
};
