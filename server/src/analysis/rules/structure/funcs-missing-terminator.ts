import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { missingTerminators } from '../missing-terminator.ts';

export const rule: Rule = {
  id: 'funcs-missing-terminator',
  severity: 'error',
  severityReason: 'The kernel crashes when the module is loaded.',
  group: 'structure',
  summary: 'An array of klp_func does not end in an empty entry.',
  kernel: {
    outcome: 'crash',
    text: 'The kernel takes what follows the array in memory for more functions and corrupts it.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The kernel is not told how many functions there are: it reads entries until one has no `.old_name`, no ' +
    '`.new_func` and no `.old_sympos`. Without an empty entry at the end it initialises whatever the linker has put ' +
    'behind the array. Each time we loaded such a module the machine was lost.',
  examples: {
    bad: [
      {
        title: 'No end',
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "uptime_proc_show", //~
		.new_func = fixed_uptime_proc_show,
	},
};`,
        }),
      },
    ],
    good: [{ title: 'An empty entry', code: exampleModule({}) }],
  },
  check(module) {
    return missingTerminators(
      module,
      module.funcTables,
      'The kernel takes the memory behind it for more functions and corrupts it: the machine is lost.',
    );
  },
};
