import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleEmptyObject } from '../example-module.ts';
import { entryLabel, isAlwaysThere, mayHoldMore, objectLabel, seenEntries } from '../tables.ts';

export const rule: Rule = {
  id: 'object-without-effect',
  severity: 'information',
  severityReason: 'The kernel takes it, and it may be left for later.',
  group: 'structure',
  summary: 'An object has neither functions nor callbacks.',
  kernel: {
    outcome: 'accepted',
    text: 'The object appears in sysfs and changes nothing.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'An object with an empty array of functions is allowed: it can carry callbacks. Without those it does nothing. ' +
    'Most likely its functions were forgotten.',
  examples: {
    bad: [
      {
        title: 'Nothing for the module loop',
        code: exampleEmptyObject('.name = "loop", //~'),
      },
    ],
    good: [
      {
        title: 'Callbacks alone',
        code: exampleEmptyObject('.name = "loop",', true),
      },
    ],
  },
  check(module) {
    if (!module.complete) return [];
    return module.objectTables.flatMap((table) => {
      const entries = seenEntries(table);
      // A patch of one such object is for empty-patch.
      if (entries.length < 2) return [];
      return entries.flatMap((object): RuleFinding[] => {
        if (!isAlwaysThere(object, table) || mayHoldMore(module, object) || object.funcs.kind !== 'known') return [];
        const { table: funcs } = object.funcs;
        const isEmpty = !funcs.open && funcs.entries.every(({ terminator }) => terminator);
        if (!isEmpty || Object.values(object.callbacks).some(({ kind }) => kind !== 'absent')) return [];
        return [
          {
            range: entryLabel(object),
            message: `The object ${objectLabel(object)} has neither functions nor callbacks. The kernel takes it, and it changes nothing.`,
          },
        ];
      });
    });
  },
};
