import { lockPairs, reversedPair } from '../../lock-order.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleReplacing } from '../example-module.ts';
import { definitionsOf } from '../queries.ts';
import { inSource } from '../source-functions.ts';
import { targets } from '../targets.ts';

const INCLUDES = '#include <linux/dcache.h>\n#include <linux/fs.h>\n#include <linux/spinlock.h>';

/** A replacement of d_prune_aliases(), which takes the inode's lock and then that of a dentry. */
function pruning(locks: string): string {
  return `
static void fixed_d_prune_aliases(struct inode *inode)
{
	struct dentry *dentry = d_find_any_alias(inode);

	if (!dentry)
		return;
${locks}
	dput(dentry);
}`;
}

export const rule: Rule = {
  id: 'lock-order-changed',
  severity: 'warning',
  severityReason:
    'Another lock may keep the two from meeting, and the text does not show whether two expressions are one lock.',
  group: 'functions',
  needs: 'source',
  summary: 'The replacement takes two locks in the other order than the original.',
  kernel: {
    outcome: 'hazard',
    text: 'During the transition some tasks run the original and others the replacement. Each can hold the lock that the other waits for.',
    evidence: 'kernel source',
  },
  explanation:
    'Two pieces of code that take two locks in different orders can wait for each other forever. In a new kernel the order can be ' +
    'changed everywhere at once. A livepatch changes it task by task: until the transition is complete, and wherever other code takes ' +
    'these locks, both orders are in use. Keep the order, or give the first lock back before the second is taken.',
  examples: {
    bad: [
      {
        title: 'The dentry before its inode',
        code: exampleReplacing('d_prune_aliases', 'fixed_d_prune_aliases', {
          includes: INCLUDES,
          functions: pruning(`	spin_lock(&dentry->d_lock);
	spin_lock(&inode->i_lock); //~
	spin_unlock(&inode->i_lock);
	spin_unlock(&dentry->d_lock);`),
        }),
      },
    ],
    good: [
      {
        title: 'The order that the kernel has',
        code: exampleReplacing('d_prune_aliases', 'fixed_d_prune_aliases', {
          includes: INCLUDES,
          functions: pruning(`	spin_lock(&inode->i_lock);
	spin_lock(&dentry->d_lock);
	spin_unlock(&dentry->d_lock);
	spin_unlock(&inode->i_lock);`),
        }),
      },
    ],
  },
  check(module, kernel) {
    return targets(module).flatMap((target): RuleFinding[] => {
      const source = inSource(kernel, target);
      const { newFunc } = target.func;
      if (!source || source.locks.length === 0 || newFunc.kind !== 'known' || newFunc.value.shape !== 'name') return [];
      const [definition, another] = definitionsOf(module, newFunc.value.name);
      if (!definition || another || definition.conditions.length > 0) return [];
      const pair = reversedPair(lockPairs(definition.calls), source.locks);
      if (!pair) return [];
      return [
        {
          range: pair.call.range,
          message: `${definition.name}() takes ${pair.second} while it holds ${pair.first}; ${target.name}() takes them the other way round (${source.place}). Both run during the transition, and can wait for each other forever.`,
        },
      ];
    });
  },
};
