import type { Rule, RuleFinding } from '../../rule.ts';
import { allocates, type ShadowCall, sameId, shadowCalls } from './shadow-calls.ts';
import { shadowExample } from './shadow-example.ts';

export const rule: Rule = {
  id: 'shadow-free-unknown-id',
  severity: 'information',
  severityReason: 'It is right when an earlier patch allocates with this id and this one takes over.',
  group: 'shadow',
  summary: 'A shadow variable is got or freed with an id that the module never allocates.',
  since: { major: 4, minor: 15 },
  kernel: {
    outcome: 'accepted',
    text: 'Unless another patch allocates with this id, klp_shadow_get() returns NULL and klp_shadow_free() does nothing, without a word.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Shadow variables are found by the pair of object and id. An id that nobody allocates finds nothing, and no message ' +
    'says so: often it is a slip, such as the id of another shadow variable. A patch that takes over the shadow ' +
    'variables of the one it replaces does this on purpose.',
  examples: {
    bad: [
      {
        title: 'Freed with another id than allocated',
        code: shadowExample({
          hooks: `
#define UPTIME_ERRORS 2`,
          unpatch: `
static void clean_up(struct klp_object *obj)
{
	klp_shadow_free_all(UPTIME_READS, NULL);
	klp_shadow_free_all(UPTIME_ERRORS, NULL); //~
}`,
        }),
      },
    ],
    good: [{ title: 'One id throughout', code: shadowExample({}) }],
  },
  check(module) {
    if (!module.complete || module.patches.length === 0 || module.unreadIncludes.length > 0) return [];
    const calls = shadowCalls(module);
    const allocations = calls.filter(allocates);
    const reported: ShadowCall[] = [];
    return calls.flatMap((use): RuleFinding[] => {
      if (allocates(use) || use.id.constant.kind !== 'known') return [];
      if (allocations.some(({ id }) => sameId(id, use.id) !== 'no')) return [];
      // Once for each id: an id that is taken over is used in several places.
      if (reported.some(({ id }) => sameId(id, use.id) === 'yes')) return [];
      reported.push(use);
      return [
        {
          range: use.id.range,
          message: `This module never allocates a shadow variable with the id ${use.id.text}. Unless another patch does, ${use.operation === 'get' ? 'there is none to get' : 'nothing is freed'}.`,
        },
      ];
    });
  },
};
