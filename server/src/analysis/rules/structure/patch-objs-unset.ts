import type { LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule } from '../../rule.ts';
import { addField, textOf } from '../edits.ts';
import { exampleModule } from '../example-module.ts';
import { isNull, mayHoldMore } from '../tables.ts';

export const rule: Rule = {
  id: 'patch-objs-unset',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'structure',
  summary: 'A klp_patch has no array of objects.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    text: 'klp_enable_patch() returns -EINVAL before it writes anything to the log.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    '`.objs` points to the array of `struct klp_object` that says what is patched. `klp_enable_patch()` refuses a ' +
    'patch without it, and the log does not say why.',
  examples: {
    bad: [
      {
        title: 'Forgotten',
        code: exampleModule({
          patch: `
static struct klp_patch patch = { //~
	.mod = THIS_MODULE,
};`,
        }),
      },
    ],
    good: [{ title: 'An array of objects', code: exampleModule({}) }],
  },
  check(module) {
    return module.patches
      .filter((patch) => isNull(patch.objs) && !mayHoldMore(module, patch))
      .map((patch) => {
        const fix = patch.objs.kind === 'absent' ? useOnlyTable(module, patch) : null;
        return {
          range: patch.objs.kind === 'null' ? patch.objs.range : patch.nameRange,
          message: `"${patch.name}" has no .objs. klp_enable_patch() returns -EINVAL and the log says nothing.`,
          fixes: fix ? [fix] : [],
        };
      });
  },
};

/** When the module has one array of objects and nobody uses it, it is the one that was meant. */
function useOnlyTable(module: LivepatchModule, patch: LivepatchModule['patches'][number]): Fix | null {
  const [table, ...others] = module.objectTables.filter(({ name }) => name !== null);
  if (!table || others.length > 0) return null;
  if (module.patches.some(({ objs }) => objs.kind === 'known')) return null;
  if (textOf(module, patch.range.file)[patch.range.start] !== '{') return null;
  return {
    title: `Add .objs = ${table.name}`,
    safety: 'safe',
    edits: [addField(module, patch, `.objs = ${table.name}`)],
  };
}
