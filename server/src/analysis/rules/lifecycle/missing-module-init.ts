import type { LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule } from '../../rule.ts';
import { insertAt } from '../edits.ts';
import { enableCalls } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'missing-module-init',
  severity: 'error',
  severityReason: 'The module loads and patches nothing, and nothing says so.',
  group: 'lifecycle',
  summary: 'A module with a patch has no init function.',
  kernel: {
    outcome: 'ignored',
    text: 'The module loads and none of its code runs: nothing is patched, and the log says nothing.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Nothing happens with a patch until `klp_enable_patch()` is called, and only the function named by `module_init()` ' +
    'runs by itself. A module without one loads all the same.',
  examples: {
    bad: [
      {
        title: 'module_init() forgotten',
        code: exampleModule({
          patch: `
static struct klp_patch patch = { //~
	.mod = THIS_MODULE,
	.objs = objs,
};`,
          init: `
static int __init __maybe_unused uptime_fix_init(void)
{
	return klp_enable_patch(&patch);
}`,
        }),
      },
    ],
    good: [{ title: 'With module_init()', code: exampleModule({}) }],
  },
  check(module) {
    if (!module.complete || module.init.length > 0 || module.unknownTopLevelMacros.length > 0) return [];
    const [patch] = module.patches.filter(({ storage }) => !storage.extern);
    if (!patch) return [];
    const fix = nameInit(module);
    return [
      {
        range: patch.nameRange,
        message:
          `The module has no module_init(), so nothing enables "${patch.name}". ` +
          'The kernel loads it, patches nothing and says nothing.',
        fixes: fix ? [fix] : [],
      },
    ];
  },
};

/** When one function enables the patch and looks like an init function, it is the one that was meant. */
function nameInit(module: LivepatchModule): Fix | null {
  const [found, ...others] = new Set(enableCalls(module).map(({ inFunction }) => inFunction));
  if (!found || others.length > 0) return null;
  if (found.returnType !== 'int' || found.parameters?.length !== 0) return null;
  return {
    title: `Add module_init(${found.name})`,
    safety: 'safe',
    edits: [insertAt(found.range.file, found.range.end, `\nmodule_init(${found.name});`)],
  };
}
