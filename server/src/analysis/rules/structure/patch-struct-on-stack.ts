import type { Rule } from '../../rule.ts';
import { insertAt } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { keptStructures } from '../tables.ts';

export const rule: Rule = {
  id: 'patch-struct-on-stack',
  severity: 'error',
  severityReason: 'The kernel goes on using stack memory that soon belongs to others.',
  group: 'structure',
  summary: 'A structure that the kernel keeps is a local variable.',
  kernel: {
    outcome: 'crash',
    text: 'The variable is gone when the function returns. The kernel uses its memory on: Oops when sysfs is read.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The kernel keeps pointers to the patch, its objects, functions and states until the patch is disabled. A local ' +
    'variable ends with its function, and other data take its place on the stack. All looks well until sysfs is read. ' +
    'Put it outside of the function, or make it `static`.',
  examples: {
    bad: [
      {
        title: 'A patch in init',
        code: exampleModule({
          patch: '',
          init: `
static int __init uptime_fix_init(void)
{
	struct klp_patch patch = { //~
		.mod = THIS_MODULE,
		.objs = objs,
	};

	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
    good: [
      {
        title: 'static',
        code: exampleModule({
          patch: '',
          init: `
static int __init uptime_fix_init(void)
{
	static struct klp_patch patch = {
		.mod = THIS_MODULE,
		.objs = objs,
	};

	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
  },
  check(module) {
    return keptStructures(module)
      .filter(({ storage }) => storage.automatic)
      .map(({ type, name, label, declarationRange }) => ({
        range: label,
        message:
          `The kernel uses this ${type} as long as the patch is installed, and a local variable ends with its ` +
          'function. The kernel crashes on what the stack holds later.',
        fixes:
          name === null
            ? []
            : [
                {
                  title: 'Make it static',
                  safety: 'suggestion' as const,
                  edits: [insertAt(declarationRange.file, declarationRange.start, 'static ')],
                },
              ],
      }));
  },
};
