import type { Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { certainty, sourceText } from '../targets.ts';
import { declaredElsewhere, usedNames } from './kernel-names.ts';
import { listsRelocations } from './relocations.ts';

export const rule: Rule = {
  id: 'unexported-symbol-direct',
  severity: 'error',
  severityReason: 'The module cannot be built. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'The module uses something that the kernel does not export.',
  kernel: {
    outcome: 'build-error',
    log: 'undefined!',
    text: 'modpost stops: modules can use exported functions and variables only.',
    evidence: 'built on 6.1 and 6.12',
  },
  explanation:
    'A function copied from the kernel often calls others that are not exported. Declaring them lets the compiler pass, ' +
    'but not modpost. A livepatch reaches them by a livepatch relocation, which klp-build, kpatch-build or klp-convert ' +
    'writes: with klp-convert, append `KLP_RELOC_SYMBOL(OBJECT, OBJECT, NAME)` to the declaration. Or copy the function, too.',
  examples: {
    bad: [
      {
        title: 'A function that is not exported',
        code: exampleModule({
          functions: `
extern unsigned long long nr_context_switches(void); //~

static int fixed_uptime_proc_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%llu\\n", nr_context_switches());
	return 0;
}`,
        }),
      },
    ],
    good: [{ title: 'Exported functions', code: exampleModule({}) }],
  },
  check(module, { knowledge }) {
    if (!knowledge || module.role !== 'livepatch' || listsRelocations(module)) return [];
    return declaredElsewhere(module).flatMap(({ name, range }): RuleFinding[] => {
      const symbols = knowledge.everywhere(name);
      if (symbols.length === 0 || symbols.some(({ exported }) => exported !== 'no')) return [];
      // Asked last: it takes a look at all functions.
      if (!usedNames(module).has(name)) return [];
      return [
        {
          range,
          message: `"${name}" is not exported (${sourceText(knowledge)}): modpost stops the build. Use a livepatch relocation.`,
          ...certainty(knowledge),
        },
      ];
    });
  },
};
