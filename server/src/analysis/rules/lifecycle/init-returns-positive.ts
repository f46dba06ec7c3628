import type { ReturnStatement } from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'init-returns-positive',
  severity: 'error',
  severityReason: 'A failure that is reported this way leaves the module loaded, and nothing is patched.',
  group: 'lifecycle',
  summary: 'Module init returns a positive number.',
  kernel: {
    outcome: 'ignored',
    log: "do_init_module: 'uptime_fix'->init suspiciously returned 19, it should follow 0/-E convention",
    text: 'The loader warns with a stack dump and keeps the module loaded, as if init had succeeded.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Only negative numbers are errors. For a positive one the module loader prints a warning and a stack dump, and ' +
    'keeps the module: insmod succeeds, and the patch that init did not enable is not there.',
  examples: {
    bad: [
      {
        title: 'ENODEV without its minus',
        code: exampleModule({
          includes: '#include <linux/moduleparam.h>',
          init: `
static bool wanted;
module_param(wanted, bool, 0444);

static int __init uptime_fix_init(void)
{
	if (!wanted)
		return ENODEV; //~
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
    good: [
      {
        title: 'A negative errno',
        code: exampleModule({
          includes: '#include <linux/moduleparam.h>',
          init: `
static bool wanted = true;
module_param(wanted, bool, 0444);

static int __init uptime_fix_init(void)
{
	if (!wanted)
		return -ENODEV;
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
  },
  check(module) {
    const names = new Set(module.init.map((entry) => entry.function));
    return module.functions
      .filter(({ name }) => names.has(name))
      .flatMap(({ returns }) =>
        returns.flatMap((statement) => {
          if (statement.value.kind !== 'known' || statement.value.value <= 0) return [];
          return [
            {
              range: statement.range,
              message:
                `Module init returns ${statement.value.value}, and only negative numbers are errors. ` +
                'The loader prints "suspiciously returned" and keeps the module.',
              fixes: makeNegative(statement),
            },
          ];
        }),
      );
  },
};

function makeNegative({ value, text }: ReturnStatement): Fix[] {
  if (value.kind !== 'known' || !/^\(?\s*E[A-Z0-9]+\s*\)?$/.test(text.replace(/^return\b|;$/g, '').trim())) return [];
  const { file, start } = value.range;
  return [{ title: 'Make it negative', safety: 'safe', edits: [{ range: { file, start, end: start }, newText: '-' }] }];
}
