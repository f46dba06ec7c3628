import type { KlpInitialiser, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { removeField } from '../edits.ts';
import { exampleModule } from '../example-module.ts';

/** The fields that include/linux/livepatch.h calls internal, of all kernels. */
const INTERNAL = {
  'struct klp_patch': ['list', 'kobj', 'obj_list', 'enabled', 'forced', 'free_work', 'finish'],
  'struct klp_object': ['kobj', 'func_list', 'node', 'mod', 'dynamic', 'patched', 'callbacks.post_unpatch_enabled'],
  'struct klp_func': ['old_func', 'kobj', 'node', 'stack_node', 'old_size', 'new_size', 'nop', 'patched', 'transition'],
} as const;

export const rule: Rule = {
  id: 'internal-field-initialised',
  severity: 'error',
  severityReason: 'What is written has no effect, or makes the kernel free memory that is not its own.',
  group: 'structure',
  summary: 'A field is set that belongs to the kernel.',
  kernel: {
    outcome: 'hazard',
    text: 'The kernel overwrites most of these fields; .nop and .post_unpatch_enabled it believes.',
    evidence: 'kernel source',
  },
  explanation:
    'The fields below the comment "internal" in `include/linux/livepatch.h` are the kernel\'s. Most are set by ' +
    '`klp_enable_patch()`, whatever was written there. `.nop = true` makes the kernel take the entry for one that it ' +
    'has allocated itself, and free it. `.post_unpatch_enabled = true` makes `post_unpatch` run for an object whose ' +
    '`pre_patch` never ran.',
  examples: {
    bad: [
      {
        title: 'Enabled from the start',
        code: exampleModule({
          patch: `
static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objs,
	.enabled = true, //~
};`,
        }),
      },
    ],
    good: [{ title: "Only what is the author's", code: exampleModule({}) }],
  },
  check(module) {
    return [
      ...module.patches.flatMap((patch) => internalFields(module, patch, 'struct klp_patch')),
      ...module.objectTables.flatMap(({ entries }) =>
        entries.flatMap((entry) => internalFields(module, entry, 'struct klp_object')),
      ),
      ...module.funcTables.flatMap(({ entries }) =>
        entries.flatMap((entry) => internalFields(module, entry, 'struct klp_func')),
      ),
    ];
  },
};

function internalFields(
  module: LivepatchModule,
  initialiser: KlpInitialiser,
  type: keyof typeof INTERNAL,
): RuleFinding[] {
  return initialiser.fields
    .filter(({ name, positional }) => !positional && INTERNAL[type].some((internal) => internal === name))
    .map(({ name, nameRange, valueRange }) => ({
      range: nameRange,
      message: `.${name} belongs to the kernel. ${consequence(name)}`,
      fixes: [
        {
          title: `Remove .${name}`,
          safety: name === 'nop' ? ('suggestion' as const) : ('safe' as const),
          edits: [removeField(module, nameRange, valueRange)],
        },
      ],
    }));
}

function consequence(name: string): string {
  if (name === 'nop') return 'The kernel takes the entry for memory that it has allocated itself, and frees it.';
  if (name.endsWith('post_unpatch_enabled')) return 'post_unpatch then runs though pre_patch never did.';
  return 'klp_enable_patch() sets it itself, and what is written here has no effect.';
}
