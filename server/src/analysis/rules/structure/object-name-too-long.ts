import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { byteLength, seenObjects } from '../tables.ts';

/** MODULE_NAME_LEN of include/linux/moduleparam.h on 64-bit machines; the final zero counts. */
const MODULE_NAME_LEN = 56;

export const rule: Rule = {
  id: 'object-name-too-long',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'An object name is longer than module names can be.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    text: 'klp_enable_patch() returns -EINVAL without a log line.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Module names have at most 55 bytes on 64-bit machines (`MODULE_NAME_LEN` counts the final zero). ' +
    '`klp_enable_patch()` refuses a longer object name, and the log does not say why.',
  examples: {
    bad: [
      {
        title: '57 letters',
        code: exampleModule({
          objs: `
static struct klp_object objs[] = {
	{
		.name = "a_module_name_that_goes_on_and_on_until_it_does_not_fit_x", //~
		.funcs = funcs,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'vmlinux', code: exampleModule({}) }],
  },
  check(module) {
    return seenObjects(module).flatMap(({ entry }) => {
      const name = entry.name.kind === 'known' ? entry.name.value : null;
      if (name === null || entry.name.kind !== 'known' || byteLength(name) < MODULE_NAME_LEN) return [];
      return [
        {
          range: entry.name.range,
          message:
            `The name has ${byteLength(name)} bytes; module names have at most ${MODULE_NAME_LEN - 1}. ` +
            'klp_enable_patch() returns -EINVAL and the log says nothing.',
        },
      ];
    });
  },
};
