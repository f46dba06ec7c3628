import { compareVersions, formatVersion } from '../../../kernel/version.ts';
import type { KernelVersion, Rule, RuleFinding } from '../../rule.ts';
import { removeField } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { type KlpStruct, writtenFields } from './fields.ts';

const REMOVED: readonly {
  readonly struct: KlpStruct;
  readonly field: string;
  readonly from: KernelVersion;
  readonly instead: string;
  /** Whether the module means the same without it. */
  readonly needless: boolean;
}[] = [
  {
    struct: 'klp_patch',
    field: 'immediate',
    from: { major: 4, minor: 16 },
    instead: 'Every task is switched at a safe moment',
    needless: true,
  },
  {
    struct: 'klp_func',
    field: 'immediate',
    from: { major: 4, minor: 16 },
    instead: 'Every task is switched at a safe moment',
    needless: true,
  },
  {
    struct: 'klp_func',
    field: 'old_addr',
    from: { major: 4, minor: 5 },
    instead: 'The kernel looks the name up, and .old_sympos tells functions of one name apart',
    needless: false,
  },
  {
    struct: 'klp_object',
    field: 'relocs',
    from: { major: 4, minor: 7 },
    instead: 'Relocations are in ELF sections (.klp.rela.)',
    needless: false,
  },
];

export const rule: Rule = {
  id: 'removed-field',
  severity: 'error',
  severityReason: 'The module cannot be built for this kernel.',
  group: 'versions',
  summary: 'A field is used that the target kernel does not have any more.',
  since: { major: 4, minor: 5 },
  kernel: {
    outcome: 'build-error',
    text: 'The compiler stops: the structure has no member of this name.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    '`.old_addr` is gone since 4.5, `.relocs` since 4.7 and `.immediate` since 4.16. Delete the field, or put it inside ' +
    '`#if LINUX_VERSION_CODE < KERNEL_VERSION(…)` for a module that is also built for old kernels: the rule keeps quiet ' +
    'there.',
  examples: {
    bad: [
      {
        title: 'A patch written for Linux 4.14',
        code: exampleModule({
          patch: `
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.immediate = true, //~
};`,
        }),
      },
    ],
    good: [
      {
        title: 'Only for kernels that have it',
        code: exampleModule({
          includes: '#include <linux/version.h>',
          patch: `
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
#if LINUX_VERSION_CODE < KERNEL_VERSION(4, 16, 0)
	.immediate = true,
#endif
};`,
        }),
      },
    ],
  },
  check(module, { version }) {
    return REMOVED.filter(({ from }) => compareVersions(version, from) >= 0).flatMap((removed) => {
      const { struct, field, from, instead, needless } = removed;
      return writtenFields(module, struct, field).map(
        ({ nameRange, valueRange }): RuleFinding => ({
          range: nameRange,
          message: `struct ${struct} has no .${field} since Linux ${formatVersion(from)}: the compiler stops. ${instead}.`,
          fixes: [
            {
              title: `Remove .${field}`,
              safety: needless ? 'safe' : 'suggestion',
              edits: [removeField(module, nameRange, valueRange)],
            },
          ],
        }),
      );
    });
  },
};
