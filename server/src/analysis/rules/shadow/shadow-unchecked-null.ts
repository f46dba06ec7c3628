import type { Rule, RuleFinding } from '../../rule.ts';
import { shadowCalls } from './shadow-calls.ts';
import { shadowExample } from './shadow-example.ts';

export const rule: Rule = {
  id: 'shadow-unchecked-null',
  severity: 'warning',
  severityReason:
    'Whether the shadow variable is there depends on what runs: the module may know more than can be seen.',
  group: 'shadow',
  summary: 'The result of a shadow variable call is used without testing for NULL.',
  since: { major: 4, minor: 15 },
  kernel: {
    outcome: 'hazard',
    text: 'The call returns NULL when memory is short, and klp_shadow_get() for every object that is older than the patch. Using it oopses.',
    evidence: 'kernel source',
  },
  explanation:
    'Objects that were created before the patch was enabled have no shadow variable, and there are always some. ' +
    '`klp_shadow_alloc()` returns NULL as well when the pair exists already or the constructor fails. ' +
    'Test the pointer, and go on as the original code did when there is none.',
  examples: {
    bad: [
      {
        title: 'Used as if it were always there',
        code: shadowExample({
          body: `
	reads = klp_shadow_get_or_alloc(&init_uts_ns, UPTIME_READS, sizeof(*reads), GFP_KERNEL, NULL, NULL);
	(*reads)++; //~`,
        }),
      },
    ],
    good: [{ title: 'Tested first', code: shadowExample({}) }],
  },
  check(module) {
    return shadowCalls(module).flatMap(({ operation, call }): RuleFinding[] => {
      if (operation === 'free' || operation === 'free_all') return [];
      if (call.result.kind !== 'assigned' || !call.result.dereferencedFirst) return [];
      const why = operation === 'get' ? 'for objects that have no shadow variable' : 'when memory is short';
      return [
        {
          range: call.result.dereferencedFirst,
          message: `${call.callee}() returns NULL ${why}, and nothing tests ${call.result.to} before this. The kernel then oopses here.`,
          related: [{ range: call.range, message: `${call.result.to} comes from here.` }],
        },
      ];
    });
  },
};
