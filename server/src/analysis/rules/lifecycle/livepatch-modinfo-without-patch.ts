import type { Rule } from '../../rule.ts';
import { removeText } from '../edits.ts';
import { enableCalls, enablesOutOfSight } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'livepatch-modinfo-without-patch',
  severity: 'warning',
  severityReason: 'The kernel accepts it, taints itself, and patches nothing.',
  group: 'lifecycle',
  summary: 'The module is marked as a livepatch and has no patch.',
  kernel: {
    outcome: 'accepted',
    text: 'The module loads, the kernel is tainted as live patched, and nothing is patched.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'The mark tells the module loader to keep the symbol table and to taint the kernel. Without a `klp_patch` that is ' +
    'enabled it does nothing else. Take it out of modules that are no livepatch, or enable a patch.',
  examples: {
    bad: [
      {
        title: 'Marked for nothing',
        code: exampleModule({
          functions: '',
          funcs: '',
          objs: '',
          patch: '',
          init: `
static int __init uptime_fix_init(void)
{
	return 0;
}
module_init(uptime_fix_init);`,
          infos: `
MODULE_DESCRIPTION("Patches nothing");
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y"); //~`,
        }),
      },
    ],
    good: [{ title: 'With a patch', code: exampleModule({}) }],
  },
  check(module) {
    if (!module.complete || module.patches.length > 0) return [];
    if (enableCalls(module).length > 0 || enablesOutOfSight(module)) return [];
    return module.moduleInfos
      .filter(({ tag }) => tag === 'livepatch')
      .map(({ range }) => ({
        range,
        message:
          'The module is marked as a livepatch and has no klp_patch. The kernel loads it, is tainted, and patches nothing.',
        fixes: [{ title: 'Remove the mark', safety: 'suggestion' as const, edits: [removeText(module, range)] }],
      }));
  },
};
