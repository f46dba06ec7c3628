import type { Rule } from '../../rule.ts';
import { replaceText } from '../edits.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'livepatch-modinfo-value',
  severity: 'information',
  severityReason: 'It works; it may not say what was meant.',
  group: 'lifecycle',
  summary: 'The livepatch mark has another value than "Y".',
  kernel: {
    outcome: 'accepted',
    text: 'The module loader looks only whether the mark is there: "N" marks a livepatch as well.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Only the presence of `MODULE_INFO(livepatch, …)` counts. `"N"` does not switch anything off, and misleads who ' +
    'reads it.',
  examples: {
    bad: [
      {
        title: 'N marks it too',
        code: exampleModule({
          infos: `
MODULE_DESCRIPTION("Replaces the text of /proc/uptime");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "N"); //~`,
        }),
      },
    ],
    good: [{ title: 'Y', code: exampleModule({}) }],
  },
  check(module) {
    return module.moduleInfos.flatMap(({ tag, value, valueRange }) =>
      tag === 'livepatch' && value.kind === 'known' && value.value !== 'Y'
        ? [
            {
              range: valueRange,
              message: `The value "${value.value}" means nothing: the kernel only looks whether the mark is there.`,
              fixes: [{ title: 'Write "Y"', safety: 'safe' as const, edits: [replaceText(valueRange, '"Y"')] }],
            },
          ]
        : [],
    );
  },
};
