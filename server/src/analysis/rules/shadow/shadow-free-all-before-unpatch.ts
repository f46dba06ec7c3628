import type { Rule, RuleFinding } from '../../rule.ts';
import { callbackUses, reachable } from '../queries.ts';
import { sameId, shadowCalls } from './shadow-calls.ts';
import { shadowExample } from './shadow-example.ts';

export const rule: Rule = {
  id: 'shadow-free-all-before-unpatch',
  severity: 'warning',
  severityReason: 'It goes wrong only when a task uses the data at that moment.',
  group: 'shadow',
  summary: 'pre_unpatch frees shadow variables that tasks still use.',
  since: { major: 4, minor: 15 },
  kernel: {
    outcome: 'hazard',
    text: 'pre_unpatch runs before the transition: all tasks still run the new code, which goes on using freed data and allocates new ones.',
    evidence: 'kernel source',
  },
  explanation:
    'When `pre_unpatch` runs, every task is still in the new code, and some stay there until the end of the ' +
    'transition. Data that a replacement has got hold of is freed under its feet, and what it allocates from then on is ' +
    'never freed. In `post_unpatch` no task runs the new code any more.',
  examples: {
    bad: [
      {
        title: 'Freed before the transition',
        code: shadowExample({
          callbacks: '.pre_unpatch = clean_up,',
          unpatch: `
static void clean_up(struct klp_object *obj)
{
	klp_shadow_free_all(UPTIME_READS, NULL); //~
}`,
        }),
      },
    ],
    good: [{ title: 'Freed after the transition', code: shadowExample({}) }],
  },
  check(module) {
    const calls = shadowCalls(module);
    const uses = callbackUses(module);
    const before = new Set(functionsOf('pre_unpatch'));
    const inCallbacks = new Set(uses.flatMap(({ definitions }) => reachable(module, definitions)));
    return calls.flatMap(({ operation, call, id, inFunction }): RuleFinding[] => {
      if (operation !== 'free_all' || !before.has(inFunction) || functionsOf('post_unpatch').includes(inFunction)) {
        return [];
      }
      const user = calls.find(
        (other) =>
          other.operation !== 'free_all' &&
          other.operation !== 'free' &&
          !inCallbacks.has(other.inFunction) &&
          sameId(other.id, id) === 'yes',
      );
      if (!user) return [];
      return [
        {
          range: call.calleeRange,
          message: `pre_unpatch frees the shadow variables with the id ${id.text} while tasks still run ${user.inFunction.name}(), which uses them. Free them in post_unpatch.`,
          related: [{ range: user.call.range, message: 'They are used here.' }],
        },
      ];
    });

    function functionsOf(wanted: string) {
      return uses
        .filter(({ callback }) => callback === wanted)
        .flatMap(({ definitions }) => reachable(module, definitions));
    }
  },
};
