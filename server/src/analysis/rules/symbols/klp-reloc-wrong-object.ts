import type { Rule, RuleFinding } from '../../rule.ts';
import { seenObjects } from '../tables.ts';
import { relocationExample, relocations, WITHOUT_CONVERTER } from './relocations.ts';

export const rule: Rule = {
  id: 'klp-reloc-wrong-object',
  severity: 'warning',
  severityReason: 'It goes wrong when the code is reached.',
  group: 'symbols',
  summary: 'A livepatch relocation belongs to a module that the patch has no object for.',
  kernel: {
    outcome: 'hazard',
    text: 'Relocations of a module are applied when its object is patched. Without such an object that never happens, and the code jumps to an address that was never filled in.',
    evidence: 'kernel source',
  },
  explanation:
    'The first argument of `KLP_RELOC_SYMBOL()` says when the relocation is resolved: `vmlinux` at once, a module when ' +
    'that module is patched. It must be the object whose replacement uses the symbol. The second one says where the symbol is.',
  examples: {
    bad: [
      {
        title: 'The patch has an object for loop, not for nbd',
        code: relocationExample(
          'extern unsigned long long nr_context_switches(void)\n\tKLP_RELOC_SYMBOL(nbd, nbd, nr_context_switches); //~',
        ),
        otherwise: WITHOUT_CONVERTER,
      },
    ],
    good: [
      {
        title: 'Resolved when the livepatch is loaded',
        code: relocationExample(
          'extern unsigned long long nr_context_switches(void)\n\tKLP_RELOC_SYMBOL(vmlinux, vmlinux, nr_context_switches);',
        ),
        otherwise: WITHOUT_CONVERTER,
      },
    ],
  },
  check(module) {
    if (relocations(module).length === 0 || !module.complete || module.patches.length === 0) return [];
    if (module.objectTables.some(({ open }) => open)) return [];
    const names = new Set<string>();
    for (const { entry } of seenObjects(module)) {
      if (entry.name.kind === 'unknown') return [];
      if (entry.name.kind === 'known' && entry.name.value !== null) names.add(entry.name.value);
    }
    return relocations(module).flatMap(({ patched, symbol }): RuleFinding[] => {
      if (patched.text === 'vmlinux' || names.has(patched.text)) return [];
      return [
        {
          range: patched.range,
          message: `The patch has no object "${patched.text}", so the relocation of ${symbol.text} is never applied. Code that uses it jumps to a wrong address.`,
        },
      ];
    });
  },
};
