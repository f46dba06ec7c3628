import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { missingTerminators } from '../missing-terminator.ts';

export const rule: Rule = {
  id: 'objects-missing-terminator',
  severity: 'error',
  severityReason: 'The kernel reads memory behind the array.',
  group: 'structure',
  summary: 'An array of klp_object does not end in an empty entry.',
  kernel: {
    outcome: 'crash',
    text: 'The kernel takes what follows the array in memory for more objects: an Oops, unless zeros happen to follow.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The kernel is not told how many objects there are: it reads entries until one has neither name nor functions. ' +
    'Without an empty entry at the end it reads on into whatever the linker has put there. With one object this often ' +
    'goes unnoticed, because zeros follow; with four the kernels we loaded it on stopped with an Oops.',
  examples: {
    bad: [
      {
        title: 'Four objects and no end',
        code: exampleModule({
          objs: `
static struct klp_func no_funcs[] = {
	{ }
};

static struct klp_object objs[] = {
	{
		.funcs = funcs,
	},
	{
		.name = "loop",
		.funcs = no_funcs,
	},
	{
		.name = "nbd",
		.funcs = no_funcs,
	},
	{
		.name = "brd", //~
		.funcs = no_funcs,
	},
};`,
        }),
      },
    ],
    good: [
      { title: 'An empty entry', code: exampleModule({}) },
      {
        title: 'Zeros by the length',
        code: exampleModule({
          objs: `
static struct klp_object objs[2] = {
	{
		.funcs = funcs,
	},
};`,
        }),
      },
    ],
  },
  check(module) {
    return missingTerminators(
      module,
      module.objectTables,
      'The kernel takes the memory behind it for more objects, which ends in an Oops or in -EINVAL.',
    );
  },
};
