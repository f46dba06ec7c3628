import { compareVersions, formatVersion } from '../../../kernel/version.ts';
import type { KernelVersion, Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { type KlpStruct, writtenFields } from './fields.ts';

const SINCE: readonly {
  readonly struct: KlpStruct;
  readonly field: string;
  readonly since: KernelVersion;
}[] = [
  { struct: 'klp_patch', field: 'replace', since: { major: 5, minor: 1 } },
  { struct: 'klp_patch', field: 'states', since: { major: 5, minor: 5 } },
  { struct: 'klp_object', field: 'callbacks', since: { major: 4, minor: 15 } },
  { struct: 'klp_func', field: 'old_sympos', since: { major: 4, minor: 5 } },
];

const OLD_INIT = `
static int __init uptime_fix_init(void)
{
	int ret = klp_register_patch(&patch);

	if (ret)
		return ret;
	ret = klp_enable_patch(&patch);
	if (ret)
		WARN_ON(klp_unregister_patch(&patch));
	return ret;
}
module_init(uptime_fix_init);`;

export const rule: Rule = {
  id: 'version-field-unsupported',
  severity: 'warning',
  severityReason:
    'The module cannot be built for this kernel, unless its distribution has taken the field over from a later one.',
  group: 'versions',
  summary: 'A field is used that the target kernel does not have yet.',
  until: { major: 5, minor: 5 },
  kernel: {
    outcome: 'build-error',
    text: 'The compiler stops: the structure has no member of this name.',
    evidence: 'documentation',
  },
  explanation:
    'The fields came one after another: `.old_sympos` in 4.5, `.callbacks` in 4.15, `.replace` in 5.1 and `.states` in ' +
    '5.5. The setting `livepatch.kernel.version` says which kernel the module is for. For a module that is built for ' +
    'several kernels put the field inside `#if LINUX_VERSION_CODE >= KERNEL_VERSION(…)`: the rule keeps quiet there. Kernels of distributions may have it earlier ' +
    'than their version says: then switch the rule off.',
  examples: {
    bad: [
      {
        title: '.replace for Linux 4.19',
        kernel: { major: 4, minor: 19 },
        code: exampleModule({
          patch: `
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.replace = true, //~
};`,
          init: OLD_INIT,
        }),
      },
    ],
    good: [
      {
        title: 'Only where the kernel has it',
        kernel: { major: 4, minor: 19 },
        code: exampleModule({
          includes: '#include <linux/version.h>',
          patch: `
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 1, 0)
	.replace = true,
#endif
};`,
          init: `
static int __init uptime_fix_init(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 1, 0)
	int ret = klp_register_patch(&patch);

	if (ret)
		return ret;
#endif
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
  },
  check(module, { version }) {
    return SINCE.filter(({ since }) => compareVersions(version, since) < 0).flatMap(({ struct, field, since }) =>
      writtenFields(module, struct, field).map(
        ({ nameRange }): RuleFinding => ({
          range: nameRange,
          message: `struct ${struct} has .${field} since Linux ${formatVersion(since)}. For Linux ${formatVersion(version)} the compiler stops, unless the distribution has backported it.`,
        }),
      ),
    );
  },
};
