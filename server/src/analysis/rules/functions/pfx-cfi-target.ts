import type { Rule, RuleFinding } from '../../rule.ts';
import { replaceText } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { funcEntries } from '../queries.ts';

export const rule: Rule = {
  id: 'pfx-cfi-target',
  severity: 'error',
  severityReason: 'The kernel always refuses it.',
  group: 'functions',
  summary: 'The old function’s name is that of the padding in front of a function.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    text: 'The symbol names padding, or does not exist on this build. Either way insmod fails with EINVAL.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Kernels that pad functions (for call depth tracking, or for control flow integrity) have a second symbol for the ' +
    'bytes in front of each function, with `__pfx_` or `__cfi_` before its name. It shows in /proc/kallsyms beside the ' +
    'function and is easily copied by mistake. There is nothing there that ftrace could hook.',
  examples: {
    bad: [
      {
        title: 'A name copied from /proc/kallsyms with its prefix',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "__pfx_uptime_proc_show", //~
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'The function’s own name', code: exampleModule({}) }],
  },
  check(module) {
    return funcEntries(module).flatMap(({ oldName }): RuleFinding[] => {
      if (oldName.kind !== 'known') return [];
      const match = /^(?:__pfx_|__cfi_(?!slowpath|check))(\w.*)$/.exec(oldName.value);
      if (!match?.[1]) return [];
      return [
        {
          range: oldName.range,
          message: `"${oldName.value}" names the padding in front of ${match[1]}(), not the function. insmod fails with EINVAL.`,
          fixes: [
            {
              title: `Write "${match[1]}"`,
              safety: 'safe',
              edits: [replaceText(oldName.range, `"${match[1]}"`)],
            },
          ],
        },
      ];
    });
  },
};
