import type { Rule, RuleFinding } from '../../rule.ts';
import { replaceText } from '../edits.ts';
import { relocationExample, relocations, WITHOUT_CONVERTER } from './relocations.ts';

export const rule: Rule = {
  id: 'klp-reloc-vmlinux-in-module',
  severity: 'warning',
  severityReason: 'The kernel refuses it; but the tool that makes the relocations may change them.',
  group: 'symbols',
  summary: 'A livepatch relocation of a module names a symbol of vmlinux.',
  since: { major: 5, minor: 8 },
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: invalid access to vmlinux symbol 'nr_context_switches' from module-specific livepatch relocation section",
    text: 'Since 5.8 the kernel refuses it with EINVAL, when the livepatch is loaded or when the module comes.',
    evidence: 'edited module on 6.1 and 6.12',
  },
  explanation:
    'Symbols of vmlinux are resolved when the livepatch is loaded, by relocations that belong to vmlinux, even when only the ' +
    'replacement for a module uses them. Those of a module may name symbols of modules only. The example in ' +
    '`module-elf-format.rst` is older than this check.',
  examples: {
    bad: [
      {
        title: 'A function of vmlinux, to be resolved with the module loop',
        code: relocationExample(
          'extern unsigned long long nr_context_switches(void)\n\tKLP_RELOC_SYMBOL(loop, vmlinux, nr_context_switches); //~',
        ),
        otherwise: WITHOUT_CONVERTER,
      },
    ],
    good: [
      {
        title: 'Resolved at once',
        code: relocationExample(
          'extern unsigned long long nr_context_switches(void)\n\tKLP_RELOC_SYMBOL(vmlinux, vmlinux, nr_context_switches);',
        ),
        otherwise: WITHOUT_CONVERTER,
      },
    ],
  },
  check(module) {
    return relocations(module).flatMap(({ patched, owner, symbol }): RuleFinding[] => {
      if (owner.text !== 'vmlinux' || patched.text === 'vmlinux') return [];
      return [
        {
          range: patched.range,
          message: `${symbol.text} is in vmlinux, and this relocation belongs to module "${patched.text}". The kernel refuses that with EINVAL.`,
          fixes: [
            {
              title: 'Write vmlinux',
              safety: 'suggestion',
              edits: [replaceText(patched.range, 'vmlinux')],
            },
          ],
        },
      ];
    });
  },
};
