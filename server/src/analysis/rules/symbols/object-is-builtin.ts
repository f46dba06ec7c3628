import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { removeField } from '../edits.ts';
import { exampleCallbackAlone } from '../example-module.ts';
import { seenObjects } from '../tables.ts';
import { certainty, sourceText } from '../targets.ts';

export const rule: Rule = {
  id: 'object-is-builtin',
  severity: 'error',
  severityReason: 'The kernel silently does nothing. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'The module is built into the target kernel.',
  kernel: {
    outcome: 'ignored',
    text: 'The functions are in vmlinux. The kernel waits for a module of that name, which never comes, and says nothing.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Whether a part of the kernel is a module or built in is decided by the configuration, and differs between ' +
    'distributions and their kernel flavours. What is built in belongs to the object without name, vmlinux. ' +
    '`modules.builtin` in `/lib/modules/VERSION` lists it.',
  examples: {
    bad: [
      {
        title: 'jbd2 is built into Debian’s cloud kernels',
        code: exampleCallbackAlone('.name = "jbd2", //~'),
      },
    ],
    good: [{ title: 'The object of vmlinux', code: exampleCallbackAlone(null) }],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    return seenObjects(module).flatMap(({ entry }): RuleFinding[] => {
      if (entry.name.kind !== 'known' || entry.name.value === null || entry.conditions.length > 0) return [];
      if (knowledge.isBuiltIn(entry.name.value) !== true) return [];
      const written = entry.fields.find(({ name, positional }) => name === 'name' && !positional);
      const fixes: Fix[] = written
        ? [
            {
              title: 'Make it the object of vmlinux',
              safety: 'suggestion',
              edits: [removeField(module, written.nameRange, written.valueRange)],
            },
          ]
        : [];
      return [
        {
          range: entry.name.range,
          message: `"${entry.name.value}" is built into the kernel (${sourceText(knowledge)}). The kernel waits for a module that never comes: nothing is patched, and nobody says so.`,
          fixes,
          ...certainty(knowledge),
        },
      ];
    });
  },
};
