import type { Rule, RuleFinding } from '../../rule.ts';
import { isLocal } from '../local-variable.ts';
import { allocates, shadowCalls } from './shadow-calls.ts';
import { shadowExample } from './shadow-example.ts';

export const rule: Rule = {
  id: 'shadow-key-stack-address',
  severity: 'warning',
  severityReason: 'Nothing happens at once: the wrong data is found later.',
  group: 'shadow',
  summary: 'A shadow variable is attached to a local variable.',
  since: { major: 4, minor: 15 },
  kernel: {
    outcome: 'hazard',
    text: 'The kernel remembers the address. When the function has returned, it belongs to something else, which then has this shadow variable.',
    evidence: 'kernel source',
  },
  explanation:
    'A shadow variable belongs to an address, and nobody but the module knows how long what is there lives. A local ' +
    'variable is gone when the function returns: the shadow variable can’t be found again, is never freed by its ' +
    'object, and the next call that happens to have a variable at this place finds old data. Attach it to the object ' +
    'that the local variable points to.',
  examples: {
    bad: [
      {
        title: 'The address of a pointer in place of the pointer',
        code: shadowExample({
          body: `
	reads = klp_shadow_get_or_alloc(&m, UPTIME_READS, sizeof(*reads), GFP_KERNEL, NULL, NULL); //~
	if (reads)
		(*reads)++;`,
        }),
      },
    ],
    good: [{ title: 'The object itself', code: shadowExample({}) }],
  },
  check(module) {
    const calls = shadowCalls(module);
    return calls.filter(allocates).flatMap(({ call, parent, inFunction }): RuleFinding[] => {
      if (!parent) return [];
      const name = /^&\s*(\w+)(?:\s*\.\s*\w+)*$/.exec(parent.text)?.[1];
      if (name === undefined || !isLocal(module, inFunction, name)) return [];
      // Freed before the function returns: a short life, but a right one.
      if (calls.some((other) => other.inFunction === inFunction && other.operation.startsWith('free'))) return [];
      return [
        {
          range: parent.range,
          message: `${name} is a local variable of ${inFunction.name}(). ${call.callee}() keeps its address, which belongs to something else after the function has returned.`,
        },
      ];
    });
  },
};
