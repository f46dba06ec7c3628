import type { Rule } from '../../rule.ts';
import { removeText } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { keptStructures, wordInHead } from '../tables.ts';

/** Memory that is given back when module init has returned. */
const INIT_SECTION = /^__(?:net_)?init(?:data|const|data_or_module)?$|\.init\.(?:data|rodata)/;

export const rule: Rule = {
  id: 'patch-struct-initdata',
  severity: 'error',
  severityReason: 'The kernel crashes, now or at the next look into sysfs.',
  group: 'structure',
  summary: 'A structure that the kernel keeps is in memory that is freed after init.',
  kernel: {
    outcome: 'crash',
    text: 'The memory is freed when module init returns. The kernel uses it on: Oops when sysfs is read or a function is called.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'What is marked `__initdata` is freed as soon as the init function has returned. The kernel goes on using the patch, ' +
    'its objects, functions and states until the patch is disabled: the transition itself goes on after init has returned. ' +
    'With `__initdata` on the `klp_patch` all looks well until somebody reads `/sys/kernel/livepatch`; with it on the ' +
    'functions the kernel crashes at once.',
  examples: {
    bad: [
      {
        title: 'The patch',
        code: exampleModule({
          patch: `
static struct klp_patch patch __initdata = { //~
	.mod = THIS_MODULE,
	.objs = objs,
};`,
        }),
      },
      {
        title: 'The functions',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] __initdata = { //~
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'Ordinary data', code: exampleModule({}) }],
  },
  check(module) {
    return keptStructures(module).flatMap((structure) => {
      const attribute = structure.storage.attributes.find((written) => INIT_SECTION.test(written));
      if (attribute === undefined) return [];
      const word = wordInHead(module, structure, attribute);
      return [
        {
          range: word ? { ...word, end: word.start + attribute.length } : structure.label,
          message:
            `The kernel uses this ${structure.type} as long as the patch is installed, and ${attribute} frees it ` +
            'after init. The kernel crashes on the freed memory.',
          fixes: word
            ? [{ title: `Remove ${attribute}`, safety: 'safe' as const, edits: [removeText(module, word)] }]
            : [],
        },
      ];
    });
  },
};
