import type { LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Fix, Rule } from '../../rule.ts';
import { insertAt } from '../edits.ts';
import { enableCalls } from '../enable-calls.ts';
import { exampleModule } from '../example-module.ts';

export const rule: Rule = {
  id: 'missing-module-exit',
  severity: 'warning',
  severityReason: 'The patch works; its module can never be unloaded.',
  group: 'lifecycle',
  summary: 'A livepatch module has no exit function.',
  kernel: {
    outcome: 'hazard',
    text: 'rmmod fails with EBUSY for a module with an init and no exit function, even after the patch is disabled.',
    evidence: 'kernel source',
  },
  explanation:
    'A module with an init function can be unloaded only if it has an exit function too. For a livepatch an empty one ' +
    'is right: while the patch is enabled the kernel holds a reference to the module, and when the exit function runs ' +
    'the patch is gone.',
  examples: {
    bad: [
      {
        title: 'No way out',
        code: exampleModule({
          init: `
static int __init uptime_fix_init(void)
{
	return klp_enable_patch(&patch);
}
module_init(uptime_fix_init); //~`,
          exit: '',
        }),
      },
    ],
    good: [{ title: 'An empty exit function', code: exampleModule({}) }],
  },
  check(module) {
    if (!module.complete || module.exit.length > 0 || module.unknownTopLevelMacros.length > 0) return [];
    if (module.patches.length === 0 && enableCalls(module).length === 0) return [];
    const [init] = module.init;
    if (!init) return [];
    return [
      {
        range: init.range,
        message: 'The module has no module_exit(). rmmod always fails with EBUSY, even when the patch is disabled.',
        fixes: [addExit(module, init.function, init.range)],
      },
    ];
  },
};

function addExit(module: LivepatchModule, init: string, { file, end }: { file: string; end: number }): Fix {
  const name = exitName(module, init);
  return {
    title: 'Add an empty exit function',
    safety: 'safe',
    edits: [insertAt(file, end, `\n\nstatic void __exit ${name}(void)\n{\n}\nmodule_exit(${name});`)],
  };
}

/** `uptime_fix_exit` for `uptime_fix_init`; with a number behind it when there is such a function. */
function exitName(module: LivepatchModule, init: string): string {
  const wanted = /init(?!.*init)/.test(init) ? init.replace(/init(?!.*init)/, 'exit') : `${init}_exit`;
  // init_module and cleanup_module are the loader's own names.
  const base = init === 'init_module' ? `${module.name}_exit` : wanted;
  const taken = new Set([
    ...module.functions.map((definition) => definition.name),
    ...module.declaredFunctions.map((declaration) => declaration.name),
    ...module.variables.map((variable) => variable.name),
  ]);
  let name = base;
  for (let i = 2; taken.has(name); i++) name = `${base}${i}`;
  return name;
}
