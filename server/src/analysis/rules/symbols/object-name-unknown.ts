import { closestName } from '../../closest-name.ts';
import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { exampleCallbackAlone } from '../example-module.ts';
import { replaceString, seenObjects } from '../tables.ts';
import { sourceText } from '../targets.ts';

export const rule: Rule = {
  id: 'object-name-unknown',
  severity: 'warning',
  severityReason: 'The module may come from elsewhere.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'The target kernel has no module of this name, but one that looks much like it.',
  kernel: {
    outcome: 'ignored',
    text: 'The kernel waits for a module of that name, and says nothing: the functions are never replaced.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The kernel cannot know that a module will never come. The patch is enabled, the log says "patching complete", and the object’s ' +
    '`patched` file in sysfs stays 0. `lsmod` shows the names as the kernel spells them.',
  examples: {
    bad: [{ title: 'A letter is missing', code: exampleCallbackAlone('.name = "rationl", //~') }],
    good: [{ title: 'A module of the kernel', code: exampleCallbackAlone('.name = "rational",') }],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    const known = knowledge.modules();
    if (known.length === 0) return [];
    return seenObjects(module).flatMap(({ entry }): RuleFinding[] => {
      if (entry.name.kind !== 'known' || entry.name.value === null || entry.conditions.length > 0) return [];
      const name = entry.name.value;
      // Other rules know more of names that no module can have.
      if (!/^\w{4,}$/.test(name) || name === 'vmlinux' || known.includes(name)) return [];
      if (knowledge.isBuiltIn(name) === true) return [];
      const better = closestName(name, known);
      if (better === null || !isMisspelt(name, better)) return [];
      const edit = replaceString(module, entry.name, better);
      const fixes: Fix[] = edit ? [{ title: `Write "${better}"`, safety: 'suggestion', edits: [edit] }] : [];
      return [
        {
          range: entry.name.range,
          message: `There is no module "${name}" (${sourceText(knowledge)}), so nothing is patched and nobody says so. Did you mean "${better}"?`,
          fixes,
        },
      ];
    });
  },
};

/** Whether a letter is wrong, missing, there twice, or two are swapped: other names of modules are close to each other, too. */
function isMisspelt(written: string, meant: string): boolean {
  if (Math.abs(written.length - meant.length) > 1) return false;
  let start = 0;
  while (start < written.length && written[start] === meant[start]) start++;
  let end = 0;
  while (end < written.length - start && end < meant.length - start && written.at(-1 - end) === meant.at(-1 - end))
    end++;
  const wrong = written.slice(start, written.length - end);
  const right = meant.slice(start, meant.length - end);
  if (/\d/.test(wrong + right)) return false;
  return wrong.length + right.length <= 2 || (wrong.length === 2 && wrong === [...right].toReversed().join(''));
}
