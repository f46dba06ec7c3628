import type { Rule, RuleFinding } from '../../rule.ts';
import { insertAt, textOf } from '../edits.ts';
import { callbackUses } from '../queries.ts';
import { allocates, type ShadowCall, sameId, shadowCalls } from './shadow-calls.ts';
import { shadowExample } from './shadow-example.ts';

export const rule: Rule = {
  id: 'shadow-no-free-all',
  severity: 'warning',
  severityReason: 'The memory is lost, and a patch that is loaded later finds stale data.',
  group: 'shadow',
  summary: 'Shadow variables are allocated, and none of the module’s functions frees them all.',
  since: { major: 4, minor: 15 },
  kernel: {
    outcome: 'hazard',
    text: 'The shadow variables outlive the patch and its module. A module that is loaded later and uses the same id finds the old data.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'When the patch is disabled, the objects that have a shadow variable live on, and the original code does not know ' +
    'that there is something to free. `klp_shadow_free_all()` frees the shadow variables of one id at once. Its place ' +
    'is `post_unpatch`, when no task runs the new code any more; the module’s exit function will do, too.',
  examples: {
    bad: [
      {
        title: 'Nobody frees them',
        code: shadowExample({
          body: `
	reads = klp_shadow_get_or_alloc(&init_uts_ns, UPTIME_READS, sizeof(*reads), GFP_KERNEL, NULL, NULL); //~
	if (reads)
		(*reads)++;`,
          unpatch: '',
        }),
      },
    ],
    good: [{ title: 'post_unpatch frees them', code: shadowExample({}) }],
  },
  check(module) {
    if (!module.complete || module.patches.length === 0 || module.unreadIncludes.length > 0) return [];
    const calls = shadowCalls(module);
    const freed = calls.filter(({ operation }) => operation === 'free_all');
    const reported: ShadowCall[] = [];
    return calls.filter(allocates).flatMap((allocation): RuleFinding[] => {
      if (freed.some(({ id }) => sameId(id, allocation.id) !== 'no')) return [];
      if (reported.some(({ id }) => sameId(id, allocation.id) !== 'no')) return [];
      // The wrapper of a module that allocates and frees for others: which ids are meant can't be seen.
      if (allocation.inFunction.parameters?.some(({ name }) => name === allocation.id.text)) return [];
      reported.push(allocation);
      const unpatch = callbackUses(module).find(({ callback }) => callback === 'post_unpatch')?.definitions[0];
      return [
        {
          range: allocation.call.calleeRange,
          message: `Shadow variables with the id ${allocation.id.text} are allocated, but klp_shadow_free_all() is never called for it. They outlive the patch.`,
          related: unpatch
            ? [{ range: unpatch.nameRange, message: 'post_unpatch is where all of them can be freed.' }]
            : [],
          fixes: unpatch
            ? [
                {
                  title: `Free them in ${unpatch.name}()`,
                  safety: 'suggestion',
                  edits: [
                    insertAt(
                      unpatch.bodyRange.file,
                      lastLineStart(textOf(module, unpatch.bodyRange.file), unpatch.bodyRange.end - 1),
                      `\tklp_shadow_free_all(${allocation.id.text}, NULL);\n`,
                    ),
                  ],
                },
              ]
            : [],
        },
      ];
    });
  },
};

/** Where the line of a closing brace begins, or the brace itself when something stands in front of it. */
function lastLineStart(text: string, brace: number): number {
  const start = text.lastIndexOf('\n', brace - 1) + 1;
  return text.slice(start, brace).trim() === '' ? start : brace;
}
