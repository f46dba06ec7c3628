import { compareVersions, formatVersion } from '../../../kernel/version.ts';
import type { KernelVersion, Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { byteLength, seenFuncs } from '../tables.ts';

const LONG_NAME = `a_${'very_'.repeat(101)}long_name`;

export const rule: Rule = {
  id: 'func-name-too-long',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'A function name is longer than symbol names can be.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    text: 'klp_enable_patch() returns -EINVAL without a log line.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Symbol names have at most 511 bytes since 6.1 and 127 before (`KSYM_NAME_LEN` counts the final zero). ' +
    '`klp_enable_patch()` refuses a longer `.old_name`, and the log does not say why.',
  examples: {
    bad: [
      {
        title: `${LONG_NAME.length} letters`,
        code: exampleModule({
          funcs: `
static struct klp_func funcs[] = {
	{
		.old_name = "${LONG_NAME}", //~
		.new_func = fixed_uptime_proc_show,
	},
	{ }
};`,
        }),
      },
    ],
    good: [{ title: 'An ordinary name', code: exampleModule({}) }],
  },
  check(module, kernel) {
    const limit = symbolNameLength(kernel.version);
    return seenFuncs(module).flatMap(({ entry: { oldName } }) => {
      if (oldName.kind !== 'known' || byteLength(oldName.value) < limit) return [];
      return [
        {
          range: oldName.range,
          message:
            `The name has ${byteLength(oldName.value)} bytes; symbols have at most ${limit - 1} in ` +
            `${formatVersion(kernel.version)}. klp_enable_patch() returns -EINVAL and the log says nothing.`,
        },
      ];
    });
  },
};

/** KSYM_NAME_LEN of include/linux/kallsyms.h; the final zero counts. */
function symbolNameLength(version: KernelVersion): number {
  return compareVersions(version, { major: 6, minor: 1 }) < 0 ? 128 : 512;
}
