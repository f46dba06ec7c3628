import type { Rule } from '../../rule.ts';
import { removeText } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { keptStructures, wordInHead } from '../tables.ts';

export const rule: Rule = {
  id: 'patch-struct-const',
  severity: 'error',
  severityReason: 'The kernel crashes when the module is loaded.',
  group: 'structure',
  summary: 'A patch, object or function that the kernel writes to is const.',
  kernel: {
    outcome: 'crash',
    text: 'klp_enable_patch() writes to read-only memory: insmod is killed and the module stays in the state "Loading".',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The kernel keeps its own data in `struct klp_patch`, `klp_object` and `klp_func`: lists, sysfs objects, addresses. ' +
    'Constants are in read-only memory once a module is loaded. The compiler only warns that a qualifier is discarded, ' +
    'and with a cast it says nothing.',
  examples: {
    bad: [
      {
        title: 'const functions',
        code: exampleModule({
          funcs: `
static const struct klp_func funcs[] = { //~
	{
		.old_name = "uptime_proc_show",
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`,
          objs: `
static struct klp_object objs[] = {
	{
		.funcs = (struct klp_func *)funcs,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'Not const', code: exampleModule({}) }],
  },
  check(module) {
    return keptStructures(module)
      .filter(({ storage, type }) => storage.const && type !== 'struct klp_state')
      .map((structure) => {
        const word = wordInHead(module, structure, 'const');
        return {
          range: word ? { ...word, end: word.start + 'const'.length } : structure.label,
          message:
            `The kernel writes to a ${structure.type}, and this one is const. ` +
            'insmod is killed by a fault on read-only memory, and the module stays loaded half-way.',
          fixes: word ? [{ title: 'Remove const', safety: 'safe' as const, edits: [removeText(module, word)] }] : [],
        };
      });
  },
};
