import type { Rule } from '../../rule.ts';
import { addField, replaceText, textOf } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { mayHoldMore } from '../tables.ts';

export const rule: Rule = {
  id: 'patch-mod-unset',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'A klp_patch does not say which module it belongs to.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    text: 'klp_enable_patch() returns -EINVAL before it writes anything to the log.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`.mod` names the module that holds the patch: the kernel takes its name for the sysfs directory and holds a ' +
    'reference to it while the patch is in use. It is always `THIS_MODULE`. `klp_enable_patch()` refuses a patch ' +
    'without it, and the log does not say why.',
  examples: {
    bad: [
      {
        title: 'Forgotten',
        code: exampleModule({
          patch: `
static struct klp_patch patch = { //~
	.objs = objs,
};`,
        }),
      },
      {
        title: 'NULL',
        code: exampleModule({
          patch: `
static struct klp_patch patch = {
	.mod = NULL, //~
	.objs = objs,
};`,
        }),
      },
    ],
    good: [{ title: 'THIS_MODULE', code: exampleModule({}) }],
  },
  check(module) {
    return module.patches.flatMap((patch) => {
      if (mayHoldMore(module, patch)) return [];
      if (patch.mod.kind === 'known' && patch.mod.value === 'NULL') {
        return [
          {
            range: patch.mod.range,
            message: '.mod is NULL. klp_enable_patch() returns -EINVAL and the log says nothing.',
            fixes: [
              {
                title: 'Set it to THIS_MODULE',
                safety: 'safe' as const,
                edits: [replaceText(patch.mod.range, 'THIS_MODULE')],
              },
            ],
          },
        ];
      }
      if (patch.mod.kind !== 'absent') return [];
      const written = textOf(module, patch.range.file)[patch.range.start] === '{';
      return [
        {
          range: patch.nameRange,
          message: `"${patch.name}" has no .mod. klp_enable_patch() returns -EINVAL and the log says nothing.`,
          fixes: written
            ? [
                {
                  title: 'Add .mod = THIS_MODULE',
                  safety: 'safe' as const,
                  edits: [addField(module, patch, '.mod = THIS_MODULE')],
                },
              ]
            : [],
        },
      ];
    });
  },
};
