import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { callsOf } from '../queries.ts';
import { sourceText, targets } from '../targets.ts';
import { calledKernelNames } from './kernel-names.ts';

const FUNCTION = `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	unsigned long numerator, denominator;

	rational_best_approximation(10, 4, 100, 100, &numerator, &denominator); //~
	seq_printf(m, "%lu/%lu\\n", numerator, denominator);
	return 0;
}`;

const OBJS = `
static struct klp_func rational_funcs[] = {
	{
		.old_name = "rational_best_approximation",
		.new_func = fixed_approximation,
	},
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{
		.name = "rational",
		.funcs = rational_funcs,
	},
	{ }
};`;

const APPROXIMATION = `
static void fixed_approximation(unsigned long given_numerator, unsigned long given_denominator,
				unsigned long max_numerator, unsigned long max_denominator,
				unsigned long *best_numerator, unsigned long *best_denominator)
{
	*best_numerator = 1;
	*best_denominator = 1;
}`;

export const rule: Rule = {
  id: 'dependency-on-target-module',
  severity: 'warning',
  severityReason: 'It works where the module is loaded anyway and never removed.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'The livepatch calls an exported function of a module that it patches, and so depends on it.',
  kernel: {
    outcome: 'rejected',
    errno: 'ENOENT',
    log: 'uptime_fix: Unknown symbol rational_best_approximation (err -2)',
    text: 'insmod fails with ENOENT when that module is not loaded; modprobe loads it first. From then on it cannot be removed.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'A patch for a module is meant to wait until the module comes. An ordinary call of one of its exported functions makes ' +
    'the livepatch depend on the module: it cannot be loaded without it, `modprobe` pulls the module in, and the reference keeps it in memory. ' +
    'A livepatch relocation has none of these effects, because it is resolved when the module comes.',
  examples: {
    bad: [
      {
        title: 'A call into the patched module',
        code: exampleModule({
          includes: '#include <linux/rational.h>',
          functions: `${FUNCTION.trim()}\n${APPROXIMATION}`,
          objs: OBJS,
        }),
      },
    ],
    good: [
      {
        title: 'The module is patched, and not called',
        code: exampleModule({
          functions: `
static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}
${APPROXIMATION}`,
          objs: OBJS,
        }),
      },
    ],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    const patched = new Set(targets(module).map(({ objectName }) => objectName));
    return calledKernelNames(module).flatMap((name): RuleFinding[] => {
      const symbols = knowledge.everywhere(name);
      const owner = symbols[0]?.module ?? null;
      if (symbols.length !== 1 || owner === null || !patched.has(owner)) return [];
      // Its own declaration may be that of a livepatch relocation.
      if (module.declaredFunctions.some((declared) => declared.name === name)) return [];
      const [first] = callsOf(module, name);
      if (!first || first.call.conditions.length > 0 || first.inFunction.conditions.length > 0) return [];
      return [
        {
          range: first.call.calleeRange,
          message: `${name}() is in module "${owner}" (${sourceText(knowledge)}). The call makes the livepatch depend on it: insmod fails while it is not loaded, and then it cannot be removed.`,
        },
      ];
    });
  },
};
