import type { Rule } from '../../rule.ts';
import { addModuleLine } from '../edits.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'missing-module-license',
  severity: 'error',
  severityReason: 'The module cannot be built.',
  group: 'lifecycle',
  summary: 'The module has no MODULE_LICENSE().',
  kernel: {
    outcome: 'build-error',
    log: 'ERROR: modpost: missing MODULE_LICENSE()',
    text: 'modpost stops: every module must say its licence.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    'Every module names its licence with `MODULE_LICENSE()`; without it modpost stops the build. ' +
    'A livepatch needs a licence that is compatible with the GPL, because `klp_enable_patch()` is exported with ' +
    '`EXPORT_SYMBOL_GPL`.',
  examples: {
    bad: [
      {
        title: 'No licence',
        code: exampleModule({
          init: `
static int __init uptime_fix_init(void)
{
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init); //~`,
          infos: `
MODULE_DESCRIPTION("Replaces the text of /proc/uptime");
MODULE_INFO(livepatch, "Y");`,
        }),
      },
    ],
    good: [{ title: 'GPL', code: exampleModule({}) }],
  },
  check(module) {
    if (module.role !== 'livepatch' || !module.complete) return [];
    if (module.moduleInfos.some(({ tag }) => tag === 'license')) return [];
    const range = module.init[0]?.range ?? module.patches[0]?.nameRange;
    if (!range) return [];
    return [
      {
        range,
        message: 'The module has no MODULE_LICENSE(). modpost stops the build.',
        fixes: [
          {
            title: 'Add MODULE_LICENSE("GPL")',
            safety: 'suggestion',
            edits: [addModuleLine(module, range.file, 'MODULE_LICENSE("GPL");')],
          },
        ],
      },
    ];
  },
};
