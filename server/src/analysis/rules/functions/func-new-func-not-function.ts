import type { FunctionReference } from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { replaceText } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { definitionsOf } from '../queries.ts';

export const rule: Rule = {
  id: 'func-new-func-not-function',
  severity: 'error',
  severityReason: 'The kernel refuses the module, or runs data as code.',
  group: 'functions',
  summary: 'What stands as new_func is no function.',
  kernel: {
    outcome: 'rejected',
    errno: 'ENOENT',
    text: 'Linux 6.12 refuses a string with ENOENT: "kallsyms size lookup failed". Linux 6.1 takes it, both take the address of a variable, and they crash when the function is called.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`.old_name` is a string, because the kernel looks the name up. `.new_func` is an address: the function itself, ' +
    'without quotes. The field’s type is `void *`, so the compiler takes a string, a variable or a cast number ' +
    'without a word.',
  examples: {
    bad: [
      {
        title: 'The name of the replacement in quotes',
        otherwise: [{ on: { major: 6, minor: 1 }, outcome: 'crash' }],
        code: exampleModule({
          functions: `
static int __maybe_unused fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = "fixed_uptime_proc_show", //~
	},
	{ }
};`,
        }),
      },
      {
        title: 'The address of a pointer to the function',
        otherwise: [{ outcome: 'crash' }],
        code: exampleModule({
          more: `
static int (*show)(struct seq_file *m, void *v) = fixed_uptime_proc_show;`,
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show",
		.new_func = &show, //~
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'The function itself', code: exampleModule({}) }],
  },
  check(module) {
    return module.funcTables
      .filter(({ storage }) => !storage.automatic)
      .flatMap(({ entries }) =>
        entries.flatMap(({ newFunc }): RuleFinding[] => {
          if (newFunc.kind !== 'known') return [];
          const reference = newFunc.value;
          const what = kindOf(reference);
          if (what === null) return [];
          const quoted = reference.name.replace(/^"|"$/g, '');
          const fix: Fix = {
            title: `Name the function ${quoted}`,
            safety: 'safe',
            edits: [replaceText(newFunc.range, quoted)],
          };
          return [
            {
              range: newFunc.range,
              message: `.new_func is ${what}, not a function. ${consequenceOf(reference)}`,
              fixes: reference.shape === 'string' && definitionsOf(module, quoted).length > 0 ? [fix] : [],
            },
          ];
        }),
      );
  },
};

function kindOf({ shape }: FunctionReference): string | null {
  if (shape === 'string') return 'a string';
  if (shape === 'number') return 'a number';
  return shape === 'variable' ? 'a variable' : null;
}

function consequenceOf({ shape }: FunctionReference): string {
  return shape === 'string'
    ? 'Linux 6.12 refuses the module with ENOENT, 6.1 runs the text as code and crashes.'
    : 'The kernel runs what stands there as code and crashes, unless it refuses the module with ENOENT.';
}
