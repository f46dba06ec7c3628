import type { FunctionDefinition, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { braceDepths } from '../c-text.ts';
import { replaceText } from '../edits.ts';
import { codeOf } from '../queries.ts';
import { maySleep, shadowCalls } from './shadow-calls.ts';
import { shadowExample } from './shadow-example.ts';

/** What makes code atomic, with what ends it. */
const LOCKS: readonly { readonly take: RegExp; readonly drop: RegExp }[] = [
  {
    take: /^(?:raw_)?spin_lock(?:_irq|_irqsave|_bh|_nested)?$/,
    drop: /^(?:raw_)?spin_unlock/,
  },
  { take: /^(?:read|write)_lock(?:_irq|_irqsave|_bh)?$/, drop: /^(?:read|write)_unlock/ },
  { take: /^rcu_read_lock$/, drop: /^rcu_read_unlock/ },
  { take: /^preempt_disable$/, drop: /^preempt_enable/ },
  { take: /^local_irq_(?:disable|save)$/, drop: /^local_irq_(?:enable|restore)/ },
];

export const rule: Rule = {
  id: 'shadow-gfp-in-atomic',
  severity: 'error',
  severityReason: 'Sleeping in atomic context is a bug wherever it happens.',
  group: 'shadow',
  summary: 'A shadow variable is allocated with GFP_KERNEL where sleeping is forbidden.',
  since: { major: 4, minor: 15 },
  kernel: {
    outcome: 'hazard',
    text: 'When memory is short the allocation sleeps with the lock held: "scheduling while atomic", or a deadlock.',
    evidence: 'kernel source',
  },
  explanation:
    'The flags given to `klp_shadow_alloc()` and `klp_shadow_get_or_alloc()` are those of an allocation that the kernel ' +
    'makes in the caller’s context. Between taking and dropping a spinlock, within an RCU read section and with ' +
    'preemption or interrupts off it must not sleep. Use `GFP_NOWAIT` or `GFP_ATOMIC` there, and be ready for NULL.',
  examples: {
    bad: [
      {
        title: 'With a spinlock held',
        code: shadowExample({
          includes: '\n#include <linux/spinlock.h>',
          hooks: `
static DEFINE_SPINLOCK(reads_lock);`,
          body: `
	spin_lock(&reads_lock);
	reads = klp_shadow_get_or_alloc(&init_uts_ns, UPTIME_READS, sizeof(*reads), GFP_KERNEL, NULL, NULL); //~
	if (reads)
		(*reads)++;
	spin_unlock(&reads_lock);`,
        }),
      },
    ],
    good: [
      {
        title: 'Flags that never sleep',
        code: shadowExample({
          includes: '\n#include <linux/spinlock.h>',
          hooks: `
static DEFINE_SPINLOCK(reads_lock);`,
          body: `
	spin_lock(&reads_lock);
	reads = klp_shadow_get_or_alloc(&init_uts_ns, UPTIME_READS, sizeof(*reads), GFP_NOWAIT, NULL, NULL);
	if (reads)
		(*reads)++;
	spin_unlock(&reads_lock);`,
        }),
      },
    ],
  },
  check(module) {
    return shadowCalls(module).flatMap(({ call, gfp, inFunction }): RuleFinding[] => {
      if (!gfp || !maySleep(gfp.text)) return [];
      const lock = heldAt(module, inFunction, call.range.start);
      if (!lock) return [];
      return [
        {
          range: gfp.range,
          message: `${lock.callee}() stands before this, and nothing ends it in between. An allocation with ${gfp.text} may sleep, which is forbidden there.`,
          related: [{ range: lock.range, message: 'From here on sleeping is forbidden.' }],
          fixes: [{ title: 'Use GFP_ATOMIC', safety: 'suggestion', edits: [replaceText(gfp.range, 'GFP_ATOMIC')] }],
        },
      ];
    });
  },
};

/**
 * The call that surely makes the place atomic: it stands in a block that is still open there, nothing that could end it
 * stands in between, and no label or jump makes the order of the text doubtful.
 */
function heldAt(module: LivepatchModule, definition: FunctionDefinition, place: number) {
  const { calls, bodyRange } = definition;
  const body = codeOf(module, definition);
  const depths = braceDepths(body);
  return calls.find((call) => {
    const pair = LOCKS.find(({ take }) => take.test(call.callee));
    if (!pair || call.range.start >= place || call.conditions.length > 0) return false;
    const from = call.range.end - bodyRange.start;
    const between = body.slice(from, place - bodyRange.start);
    const outside = depths.slice(from, place - bodyRange.start).some((depth) => depth < (depths[from] ?? 0));
    const ended = calls.some(
      ({ callee, range }) =>
        range.start > call.range.start &&
        range.start < place &&
        (pair.drop.test(callee) || /unlock|enable/.test(callee)),
    );
    // `if (x) spin_lock(…)` without braces is taken only sometimes.
    const statement = body
      .slice(0, call.range.start - bodyRange.start)
      .trimEnd()
      .at(-1);
    const label = /(?:^|[;{}\n])\s*(?:\w+|case[^:;]*)\s*:(?!:)/.test(between);
    return (statement === ';' || statement === '{' || statement === '}') && !outside && !ended && !label;
  });
}
