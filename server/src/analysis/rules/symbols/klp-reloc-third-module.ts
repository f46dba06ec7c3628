import type { Rule, RuleFinding } from '../../rule.ts';
import { relocationExample, relocations, WITHOUT_CONVERTER } from './relocations.ts';

export const rule: Rule = {
  id: 'klp-reloc-third-module',
  severity: 'information',
  severityReason: 'It works when the patched module needs the other one anyway.',
  group: 'symbols',
  summary: 'A livepatch relocation names a symbol of another module than the patched one.',
  kernel: {
    outcome: 'hazard',
    text: 'When the patched module comes and the other one is not loaded, the symbol is not found and the kernel refuses the patched module.',
    evidence: 'kernel source',
  },
  explanation:
    'The relocation is resolved when the patched module is loaded. Nobody makes sure that the other module is there by then. ' +
    'If the patched module depends on it, all is well: the loader brings it in first.',
  examples: {
    bad: [
      {
        title: 'A symbol of nbd in a patch for loop',
        code: relocationExample(
          'extern unsigned long long nr_context_switches(void)\n\tKLP_RELOC_SYMBOL(loop, nbd, nr_context_switches); //~',
        ),
        otherwise: WITHOUT_CONVERTER,
      },
    ],
    good: [
      {
        title: 'A symbol of vmlinux, which is always there',
        code: relocationExample(
          'extern unsigned long long nr_context_switches(void)\n\tKLP_RELOC_SYMBOL(vmlinux, vmlinux, nr_context_switches);',
        ),
        otherwise: WITHOUT_CONVERTER,
      },
    ],
  },
  check(module) {
    return relocations(module).flatMap(({ patched, owner, symbol }): RuleFinding[] => {
      if (owner.text === 'vmlinux' || patched.text === 'vmlinux' || owner.text === patched.text) return [];
      return [
        {
          range: owner.range,
          message: `${symbol.text} is in module "${owner.text}". If it is not loaded when "${patched.text}" comes, the kernel refuses "${patched.text}".`,
        },
      ];
    });
  },
};
