import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { missingTerminators } from '../missing-terminator.ts';

export const rule: Rule = {
  id: 'states-missing-terminator',
  severity: 'error',
  severityReason: 'The kernel reads memory behind the array, now and whenever another patch is loaded.',
  group: 'structure',
  summary: 'An array of klp_state does not end in an entry with id 0.',
  since: { major: 5, minor: 5 },
  kernel: {
    outcome: 'hazard',
    text: 'The kernel takes what follows the array for more states: a patch may be refused as not compatible, now or later.',
    evidence: 'kernel source',
  },
  explanation:
    'The kernel reads states until one has the id 0. Without such an entry it reads on into whatever the linker has ' +
    'put behind the array, each time a patch is loaded while this one is installed. When zeros follow, nobody ' +
    'notices; when not, it compares ids and versions that nobody wrote.',
  examples: {
    bad: [
      {
        title: 'No end',
        code: exampleModule({
          patch: `
static struct klp_state states[] = {
	{
		.id = 1, //~
		.version = 1,
	},
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
};`,
        }),
      },
    ],
    good: [
      {
        title: 'An empty entry',
        code: exampleModule({
          patch: `
static struct klp_state states[] = {
	{
		.id = 1,
		.version = 1,
	},
	{ }
};

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.states = states,
};`,
        }),
      },
    ],
  },
  check(module) {
    return missingTerminators(
      module,
      module.stateTables,
      'The kernel takes the memory behind it for more states, and may refuse this or a later patch as not compatible.',
    );
  },
};
