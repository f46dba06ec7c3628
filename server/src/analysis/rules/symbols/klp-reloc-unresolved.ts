import type { KernelKnowledge } from '../../../kernel/knowledge.ts';
import type { Rule, RuleFinding } from '../../rule.ts';
import { objectText, sourceText } from '../targets.ts';
import { type Relocation, relocationExample, relocations, WITHOUT_CONVERTER } from './relocations.ts';

export const rule: Rule = {
  id: 'klp-reloc-unresolved',
  severity: 'warning',
  severityReason: 'The kernel refuses it; but the tool that makes the relocations may change them.',
  group: 'symbols',
  needs: 'symbols',
  summary: 'A livepatch relocation names a symbol that the target kernel does not have, or has several times.',
  kernel: {
    outcome: 'rejected',
    errno: 'EINVAL',
    log: "livepatch: symbol 'nr_context_switchs' not found in symbol table",
    text: 'The livepatch is not loaded, or the patched module is refused when it comes.',
    evidence: 'edited module on 6.1 and 6.12',
  },
  explanation:
    'Symbols of relocations are looked up as functions to be replaced are: by name and position, in one object, variables ' +
    'included. `KLP_RELOC_SYMBOL_POS()` takes the position of a name that is there several times.',
  examples: {
    bad: [
      {
        title: 'A letter is missing',
        code: relocationExample(
          'extern unsigned long long nr_context_switches(void)\n\tKLP_RELOC_SYMBOL(vmlinux, vmlinux, nr_context_switchs); //~',
        ),
        otherwise: WITHOUT_CONVERTER,
      },
    ],
    good: [
      {
        title: 'A symbol of the kernel',
        code: relocationExample(
          'extern unsigned long long nr_context_switches(void)\n\tKLP_RELOC_SYMBOL(vmlinux, vmlinux, nr_context_switches);',
        ),
        otherwise: WITHOUT_CONVERTER,
      },
    ],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    return relocations(module).flatMap((relocation): RuleFinding[] => {
      const wrong = problem(knowledge, relocation);
      if (wrong === null) return [];
      return [
        {
          range: relocation.symbol.range,
          message: `${wrong} (${sourceText(knowledge)}). The kernel refuses the livepatch, or the module when it comes.`,
        },
      ];
    });
  },
};

function problem(knowledge: KernelKnowledge, { owner, symbol, position }: Relocation): string | null {
  const object = owner.text === 'vmlinux' ? null : owner.text;
  if (position === null || knowledge.coverage(object) !== 'complete') return null;
  const { length } = knowledge.lookup(symbol.text, object);
  const where = objectText(object);
  if (length === 0) return `There is no symbol "${symbol.text}" in ${where}`;
  if (position === 0)
    return length > 1 ? `${where} has ${length} symbols "${symbol.text}", and no position is given` : null;
  return position > length ? `${where} has no symbol "${symbol.text}" at position ${position}` : null;
}
