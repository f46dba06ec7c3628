import { compareVersions, formatVersion } from '../../../kernel/version.ts';
import type { KernelVersion, Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { kernelCalls } from './kernel-calls.ts';

const SHADOW: KernelVersion = { major: 4, minor: 15 };
const STATES: KernelVersion = { major: 5, minor: 5 };
const SINCE: { readonly [name: string]: KernelVersion } = {
  klp_shadow_get: SHADOW,
  klp_shadow_alloc: SHADOW,
  klp_shadow_get_or_alloc: SHADOW,
  klp_shadow_free: SHADOW,
  klp_shadow_free_all: SHADOW,
  klp_get_state: STATES,
  klp_get_prev_state: STATES,
};

export const rule: Rule = {
  id: 'api-too-new',
  severity: 'warning',
  severityReason:
    'The module cannot be built for this kernel, unless its distribution has taken the function over from a later one.',
  group: 'versions',
  summary: 'A function is called that the target kernel does not have yet.',
  until: { major: 5, minor: 5 },
  kernel: {
    outcome: 'build-error',
    text: 'The compiler stops: the function is not declared.',
    evidence: 'documentation',
  },
  explanation:
    'Shadow variables came with Linux 4.15, system states with 5.5. The setting `livepatch.kernel.version` says which ' +
    'kernel the module is for. For a module that is built for several kernels put the call inside ' +
    '`#if LINUX_VERSION_CODE >= KERNEL_VERSION(…)`: the rule keeps quiet there. Kernels of distributions may have it earlier ' +
    'than their version says: then switch the rule off.',
  examples: {
    bad: [
      {
        title: 'System states for Linux 5.4',
        kernel: { major: 5, minor: 4 },
        code: exampleModule({
          exit: `
static void __exit uptime_fix_exit(void)
{
	if (klp_get_state(&patch, 1)) //~
		pr_info("the patch had a state\\n");
}
module_exit(uptime_fix_exit);`,
        }),
      },
    ],
    good: [
      {
        title: 'Only where the kernel has it',
        kernel: { major: 5, minor: 4 },
        code: exampleModule({
          includes: '#include <linux/version.h>',
          exit: `
static void __exit uptime_fix_exit(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 5, 0)
	if (klp_get_state(&patch, 1))
		pr_info("the patch had a state\\n");
#endif
}
module_exit(uptime_fix_exit);`,
        }),
      },
    ],
  },
  check(module, { version }) {
    return Object.entries(SINCE)
      .filter(([, since]) => compareVersions(version, since) < 0)
      .flatMap(([name, since]) =>
        kernelCalls(module, name).map(
          ({ calleeRange }): RuleFinding => ({
            range: calleeRange,
            message: `${name}() came with Linux ${formatVersion(since)}, and this module is for ${formatVersion(version)}: the compiler stops, unless the distribution has backported it.`,
          }),
        ),
      );
  },
};
