import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { certainty, objectText, sourceText, symbolOf, targets } from '../targets.ts';

export const rule: Rule = {
  id: 'variable-as-target',
  severity: 'error',
  severityReason: 'The kernel always refuses it. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'What is to be replaced is a variable.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: failed to find location for function 'init_uts_ns'",
    text: 'A variable has no place where ftrace could hook in: insmod fails with EINVAL.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Livepatch replaces functions. To change a variable, write to it in a callback: in `post_patch` when all tasks run the ' +
    'new code, with the old value put back in `pre_unpatch`. To change a table of operations, replace the functions that ' +
    'it points to.',
  examples: {
    bad: [
      {
        title: 'A structure of the kernel',
        code: exampleModule({}).replace('"uptime_proc_show",', '"init_uts_ns", //~'),
      },
    ],
    good: [{ title: 'A function', code: exampleModule({}) }],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    return targets(module).flatMap((target): RuleFinding[] => {
      const { name, objectName, range } = target;
      if (symbolOf(knowledge, target)?.kind !== 'data') return [];
      if (knowledge.lookup(name, objectName).some(({ kind }) => kind === 'function')) return [];
      return [
        {
          range,
          message: `"${name}" is a variable of ${objectText(objectName)} (${sourceText(knowledge)}). Only functions can be replaced: insmod fails with EINVAL.`,
          ...certainty(knowledge),
        },
      ];
    });
  },
};
