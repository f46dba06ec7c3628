import type { Rule } from '../../rule.ts';
import { addModuleLine } from '../edits.ts';
import { enableCalls } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'missing-livepatch-modinfo',
  severity: 'error',
  severityReason: 'The module does not load.',
  group: 'lifecycle',
  summary: 'The module enables a patch and is not marked as a livepatch.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: 'livepatch: module uptime_fix is not marked as a livepatch module',
    text: 'klp_enable_patch() returns -EINVAL and says that the module is not marked as a livepatch module.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The module loader keeps what livepatch needs later (symbol table, relocations) only for modules that carry the ' +
    'mark `MODULE_INFO(livepatch, "Y")`. `klp_enable_patch()` refuses a patch of any other module.',
  examples: {
    bad: [
      {
        title: 'No mark',
        code: exampleModule({
          init: `
static int __init uptime_fix_init(void)
{
	return klp_enable_patch(&patch); //~
}
module_init(uptime_fix_init);`,
          infos: `
MODULE_DESCRIPTION("Replaces the text of /proc/uptime");
MODULE_LICENSE("GPL");`,
        }),
      },
    ],
    good: [{ title: 'Marked', code: exampleModule({}) }],
  },
  check(module) {
    if (!module.complete || module.moduleInfos.some(({ tag }) => tag === 'livepatch')) return [];
    const [first] = enableCalls(module);
    if (!first) return [];
    return [
      {
        range: first.call.calleeRange,
        message:
          'The module has no MODULE_INFO(livepatch, "Y"). klp_enable_patch() returns -EINVAL: ' +
          `module ${module.name} is not marked as a livepatch module.`,
        fixes: [
          {
            title: 'Add MODULE_INFO(livepatch, "Y")',
            safety: 'safe',
            edits: [addModuleLine(module, first.call.range.file, 'MODULE_INFO(livepatch, "Y");')],
          },
        ],
      },
    ];
  },
};
