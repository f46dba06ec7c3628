import type { Rule, RuleFinding } from '../../rule.ts';
import { replaceText } from '../edits.ts';
import { isLocal } from '../local-variable.ts';
import { runAsReplacements } from '../queries.ts';
import { shadowCalls } from './shadow-calls.ts';
import { shadowExample } from './shadow-example.ts';

export const rule: Rule = {
  id: 'shadow-alloc-duplicate',
  severity: 'warning',
  severityReason: 'The second call fails, and the code may handle that.',
  group: 'shadow',
  summary: 'A replacement allocates a shadow variable of one and the same object each time it is called.',
  kernel: {
    outcome: 'hazard',
    text: 'From the second call on, klp_shadow_alloc() warns in the log about a duplicate and returns NULL.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`klp_shadow_alloc()` is for objects that have just been made. A global object has the variable from the first call ' +
    'on. `klp_shadow_get_or_alloc()` returns it when it is there and makes it when it is not.',
  examples: {
    bad: [
      {
        title: 'A global object',
        code: shadowExample({
          body: `
	reads = klp_shadow_alloc(&init_uts_ns, UPTIME_READS, sizeof(*reads), GFP_KERNEL, NULL, NULL); //~
	if (reads)
		(*reads)++;`,
        }),
      },
    ],
    good: [{ title: 'Found or made', code: shadowExample({}) }],
  },
  check(module) {
    const calls = shadowCalls(module);
    if (!calls.some(({ operation }) => operation === 'alloc')) return [];
    const often = new Set(runAsReplacements(module));
    return calls.flatMap(({ operation, call, parent, inFunction }): RuleFinding[] => {
      if (operation !== 'alloc' || !parent || !often.has(inFunction)) return [];
      const name = /^&\s*(\w+)$/.exec(parent.text)?.[1];
      // A variable on the stack is another one each time; a macro may stand for anything.
      if (name === undefined || name === name.toUpperCase() || isLocal(module, inFunction, name)) return [];
      if (module.macros.some((macro) => macro.name === name)) return [];
      const looksFirst = calls.some(
        (other) =>
          other.inFunction === inFunction && other.operation !== 'alloc' && other.call.range.start < call.range.start,
      );
      if (looksFirst) return [];
      return [
        {
          range: call.calleeRange,
          message: `${name} has this shadow variable from the first call on. Later calls of klp_shadow_alloc() warn in the log and return NULL.`,
          fixes: [
            {
              title: 'Call klp_shadow_get_or_alloc()',
              safety: 'suggestion',
              edits: [replaceText(call.calleeRange, 'klp_shadow_get_or_alloc')],
            },
          ],
        },
      ];
    });
  },
};
