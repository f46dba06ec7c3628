import type { KlpPatch, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule } from '../../rule.ts';
import { replaceText } from '../edits.ts';
import { enableCalls, enablesOutOfSight } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'missing-enable-call',
  severity: 'error',
  severityReason: 'The module loads and patches nothing, and nothing says so.',
  group: 'lifecycle',
  summary: 'A klp_patch is never passed to klp_enable_patch().',
  kernel: {
    outcome: 'ignored',
    text: 'The module loads. Livepatch is never told of the patch: no log line, no directory in sysfs.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'A `struct klp_patch` does nothing until the init function passes it to `klp_enable_patch()`. Return what that ' +
    'returns, so that the module does not stay loaded when its patch is refused.',
  examples: {
    bad: [
      {
        title: 'Never enabled',
        code: exampleModule({
          patch: `
static struct klp_patch patch = { //~
	.mod = THIS_MODULE,
	.objs = objs,
};`,
          init: `
static int __init uptime_fix_init(void)
{
	pr_info("/proc/uptime: %ps instead of the original\\n", patch.objs->funcs->new_func);
	return 0;
}
module_init(uptime_fix_init);`,
        }),
      },
    ],
    good: [{ title: 'Enabled by init', code: exampleModule({}) }],
  },
  check(module) {
    if (!module.complete || enablesOutOfSight(module)) return [];
    const calls = enableCalls(module);
    // A call with anything but `&patch` may enable any of them.
    if (calls.some(({ patch }) => patch === null)) return [];
    return module.patches
      .filter((patch) => !patch.storage.extern && !calls.some((call) => call.patch === patch))
      .map((patch) => {
        const fix = enableInInit(module, patch);
        return {
          range: patch.nameRange,
          message:
            `"${patch.name}" is never passed to klp_enable_patch(). The module loads, and the kernel patches nothing ` +
            'and says nothing.',
          fixes: fix ? [fix] : [],
        };
      });
  },
};

/** When init does nothing but succeed at its end, it can return what enabling returns. */
function enableInInit(module: LivepatchModule, patch: KlpPatch): Fix | null {
  if (module.patches.length !== 1 || module.init.length !== 1) return null;
  const init = module.functions.find(({ name }) => name === module.init[0]?.function);
  const [only, ...others] = init?.returns ?? [];
  if (!only || others.length > 0 || only.value.kind !== 'known' || only.value.value !== 0) return null;
  if (only.range.file !== patch.declarationRange.file || only.range.start < patch.declarationRange.end) return null;
  return {
    title: `Return klp_enable_patch(&${patch.name})`,
    safety: 'suggestion',
    edits: [replaceText(only.range, `return klp_enable_patch(&${patch.name});`)],
  };
}
