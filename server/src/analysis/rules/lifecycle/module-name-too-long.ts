import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { byteLength } from '../tables.ts';

/** MODULE_NAME_LEN of include/linux/moduleparam.h on 64-bit machines; the final zero counts. */
const MODULE_NAME_LEN = 56;

export const rule: Rule = {
  id: 'module-name-too-long',
  severity: 'error',
  severityReason: 'The module cannot be built.',
  group: 'lifecycle',
  summary: 'The name of the module is longer than module names can be.',
  kernel: {
    outcome: 'build-error',
    text: 'modpost stops: module names have at most 55 bytes on 64-bit machines.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    'The module is called after its file, or after its object in the Kbuild file. Names have at most 55 bytes on 64-bit ' +
    'machines (`MODULE_NAME_LEN` counts the final zero). Use a shorter file or object name.',
  examples: {
    bad: [
      {
        title: 'A long file name',
        file: 'a_fix_for_the_uptime_file_whose_name_goes_on_and_on_for_ever.c',
        code: exampleModule({
          patch: `
static struct klp_patch patch = { //~
	.mod = THIS_MODULE,
	.objs = objs,
};`,
        }),
      },
    ],
    good: [{ title: 'A short one', code: exampleModule({}) }],
  },
  check(module) {
    const [patch] = module.patches;
    const length = byteLength(module.name);
    if (!patch || length < MODULE_NAME_LEN) return [];
    return [
      {
        range: patch.nameRange,
        message:
          `The module's name "${module.name}" has ${length} bytes, and at most ${MODULE_NAME_LEN - 1} are possible. ` +
          'modpost stops the build.',
      },
    ];
  },
};
