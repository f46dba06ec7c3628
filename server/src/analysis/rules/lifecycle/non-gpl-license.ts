import type { Rule } from '../../rule.ts';
import { replaceText } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { calledNames } from '../queries.ts';

/** What license_is_gpl_compatible() of include/linux/license.h accepts. */
const COMPATIBLE: readonly string[] = [
  'GPL',
  'GPL v2',
  'GPL and additional rights',
  'Dual BSD/GPL',
  'Dual MIT/GPL',
  'Dual MPL/GPL',
];

export const rule: Rule = {
  id: 'non-gpl-license',
  severity: 'error',
  severityReason: 'The module cannot be built.',
  group: 'lifecycle',
  summary: 'The licence is not one that the kernel takes for GPL.',
  kernel: {
    outcome: 'build-error',
    log: "ERROR: modpost: GPL-incompatible module uptime_fix.ko uses GPL-only symbol 'klp_enable_patch'",
    text: 'modpost stops: klp_enable_patch() and the shadow variables are for modules with a GPL-compatible licence only.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    'All of livepatch is exported with `EXPORT_SYMBOL_GPL`. The kernel compares the licence letter by letter with ' +
    '`GPL`, `GPL v2`, `GPL and additional rights`, `Dual BSD/GPL`, `Dual MIT/GPL` and `Dual MPL/GPL`; `GPLv2` or ' +
    '`GPL-2.0` are none of them.',
  examples: {
    bad: [
      {
        title: 'Proprietary',
        code: exampleModule({
          infos: `
MODULE_DESCRIPTION("Replaces the text of /proc/uptime");
MODULE_LICENSE("Proprietary"); //~
MODULE_INFO(livepatch, "Y");`,
        }),
      },
      {
        title: 'Not the word that the kernel knows',
        code: exampleModule({
          infos: `
MODULE_DESCRIPTION("Replaces the text of /proc/uptime");
MODULE_LICENSE("GPL-2.0"); //~
MODULE_INFO(livepatch, "Y");`,
        }),
      },
    ],
    good: [
      { title: 'GPL', code: exampleModule({}) },
      {
        title: 'Dual',
        code: exampleModule({
          infos: `
MODULE_DESCRIPTION("Replaces the text of /proc/uptime");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_INFO(livepatch, "Y");`,
        }),
      },
    ],
  },
  check(module) {
    const usesLivepatch = calledNames(module).some((name) => name.startsWith('klp_'));
    if (!usesLivepatch) return [];
    return module.moduleInfos.flatMap(({ tag, value, valueRange }) =>
      tag === 'license' && value.kind === 'known' && !COMPATIBLE.includes(value.value)
        ? [
            {
              range: valueRange,
              message:
                `The kernel does not take "${value.value}" for a GPL-compatible licence. ` +
                'modpost stops: livepatch functions are GPL-only symbols.',
              fixes: [
                {
                  title: 'Write "GPL"',
                  safety: 'suggestion' as const,
                  edits: [replaceText(valueRange, '"GPL"')],
                },
              ],
            },
          ]
        : [],
    );
  },
};
