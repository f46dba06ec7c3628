import type { KlpInitialiser, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { removeField } from '../edits.ts';
import { exampleModule } from '../example-module.ts';

/** The fields that include/linux/livepatch.h calls internal, of all kernels, by structure. */
const PATCH: ReadonlySet<string> = new Set(['list', 'kobj', 'obj_list', 'enabled', 'forced', 'free_work', 'finish']);
const OBJECT: ReadonlySet<string> = new Set([
  'kobj',
  'func_list',
  'node',
  'mod',
  'dynamic',
  'patched',
  'callbacks.post_unpatch_enabled',
]);
const FUNC: ReadonlySet<string> = new Set([
  'old_func',
  'kobj',
  'node',
  'stack_node',
  'old_size',
  'new_size',
  'nop',
  'patched',
  'transition',
]);

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
      ...internalFields(module, module.patches, PATCH),
      ...module.objectTables.flatMap(({ entries }) => internalFields(module, entries, OBJECT)),
      ...module.funcTables.flatMap(({ entries }) => internalFields(module, entries, FUNC)),
    ];
  },
};

function internalFields(
  module: LivepatchModule,
  initialisers: readonly KlpInitialiser[],
  internal: ReadonlySet<string>,
): RuleFinding[] {
  const found: RuleFinding[] = [];
  for (const { fields } of initialisers) {
    for (const { name, positional, nameRange, valueRange } of fields) {
      if (positional || !internal.has(name)) continue;
      found.push({
        range: nameRange,
        message: `.${name} belongs to the kernel. ${consequence(name)}`,
        fixes: [
          {
            title: `Remove .${name}`,
            safety: name === 'nop' ? 'suggestion' : 'safe',
            edits: [removeField(module, nameRange, valueRange)],
          },
        ],
      });
    }
  }
  return found;
}

function consequence(name: string): string {
  if (name === 'nop') return 'The kernel takes the entry for memory that it has allocated itself, and frees it.';
  if (name.endsWith('post_unpatch_enabled')) return 'post_unpatch then runs though pre_patch never did.';
  return 'klp_enable_patch() sets it itself, and what is written here has no effect.';
}
