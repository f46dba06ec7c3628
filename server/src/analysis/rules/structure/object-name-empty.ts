import type { Rule } from '../../rule.ts';
import { removeField } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { seenObjects } from '../tables.ts';

export const rule: Rule = {
  id: 'object-name-empty',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'An object name is the empty string.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: 'attempted to be registered with empty name!',
    text: 'The kernel cannot make a sysfs directory without a name: a WARNING, and klp_enable_patch() returns -EINVAL.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'An object without a name stands for the kernel itself. An empty string is a name: the kernel takes it for a ' +
    'module and fails to make its directory in `/sys/kernel/livepatch`. Leave the name out for vmlinux.',
  examples: {
    bad: [
      {
        title: 'An empty string for vmlinux',
        code: exampleModule({
          objs: `
static struct klp_object objs[] = {
	{
		.name = "", //~
		.funcs = funcs,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'No name', code: exampleModule({}) }],
  },
  check(module) {
    return seenObjects(module).flatMap(({ entry }) => {
      if (entry.name.kind !== 'known' || entry.name.value !== '') return [];
      const field = entry.fields.find(({ name, positional }) => name === 'name' && !positional);
      return [
        {
          range: entry.name.range,
          message:
            'An empty name is no module and not vmlinux. The kernel warns "attempted to be registered with empty ' +
            'name!" and klp_enable_patch() returns -EINVAL.',
          fixes: field
            ? [
                {
                  title: 'Remove the name: no name means vmlinux',
                  safety: 'suggestion' as const,
                  edits: [removeField(module, field.nameRange, field.valueRange)],
                },
              ]
            : [],
        },
      ];
    });
  },
};
