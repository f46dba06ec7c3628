import type { KlpObject, KlpPatch } from '../../../../../shared/src/model/index.ts';
import type { Rule } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { seenEntries } from '../tables.ts';

export const rule: Rule = {
  id: 'empty-patch',
  severity: 'information',
  severityReason: 'The kernel accepts it; it may be meant so, as a patch that replaces others.',
  group: 'structure',
  summary: 'A patch changes no function and has no callback.',
  kernel: {
    outcome: 'accepted',
    text: 'The kernel loads it, says "patching complete", and nothing is different, unless it replaces other patches.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'No object of this patch has a function or a callback. That is useful for one thing only: with `.replace = true` ' +
    'it takes all other livepatches away.',
  examples: {
    bad: [
      {
        title: 'Nothing in it',
        code: exampleModule({
          functions: '',
          funcs: `
static struct klp_func funcs[] = {
	{ }
};`,
          patch: `
static struct klp_patch patch = { //~
	.mod = THIS_MODULE,
	.objs = objs,
};`,
        }),
      },
    ],
    good: [{ title: 'A function', code: exampleModule({}) }],
  },
  check(module) {
    if (!module.complete) return [];
    return module.patches
      .filter((patch) => isEmpty(patch))
      .map((patch) => ({
        range: patch.nameRange,
        message:
          `No object of "${patch.name}" has a function or a callback. ` +
          'The kernel accepts it, and it changes nothing by itself.',
      }));
  },
};

function isEmpty({ objs, replace }: KlpPatch): boolean {
  if (objs.kind !== 'known' || objs.table.open) return false;
  if (replace.kind === 'unknown' || (replace.kind === 'known' && replace.value)) return false;
  return seenEntries(objs.table).every(doesNothing);
}

function doesNothing({ funcs, callbacks }: KlpObject): boolean {
  return (
    funcs.kind === 'known' &&
    !funcs.table.open &&
    seenEntries(funcs.table).length === 0 &&
    Object.values(callbacks).every(({ kind }) => kind === 'absent')
  );
}
