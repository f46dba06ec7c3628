import type { LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { Fix, RuleFinding } from '../../rule.ts';
import { callbackUses, type Replacement, removeWord, replacements, wordInHead } from '../queries.ts';

type Use = Pick<Replacement, 'reference' | 'definitions'>;

/**
 * The replacements and callbacks that carry one of the section attributes, each reported once at the attribute.
 * `message` gets "replacement" or "callback", the function's name and the attribute.
 */
export function inSection(
  module: LivepatchModule,
  attributes: readonly string[],
  message: (what: string, name: string, attribute: string) => string,
): RuleFinding[] {
  const seen = new Set<string>();
  const inUse = (what: string, { reference, definitions }: Use): RuleFinding[] =>
    definitions.flatMap((definition): RuleFinding[] => {
      const attribute = attributes.find((candidate) => definition.attributes.includes(candidate));
      const word = attribute === undefined ? null : wordInHead(module, definition, attribute);
      if (attribute === undefined || !word || seen.has(`${word.file}:${word.start}`)) return [];
      seen.add(`${word.file}:${word.start}`);
      // A prototype that carries the attribute too would still put the function there.
      const declared = module.declaredFunctions.some(
        ({ name, attributes: own }) => name === definition.name && own.includes(attribute),
      );
      const fix: Fix = {
        title: `Remove ${attribute}`,
        safety: 'safe',
        edits: [removeWord(module, word)],
      };
      return [
        {
          range: word,
          message: message(what, definition.name, attribute),
          related: [{ range: reference.range, message: `It is used here as a ${what}.` }],
          ...(declared ? {} : { fixes: [fix] }),
        },
      ];
    });
  return [
    ...replacements(module).flatMap((use) => inUse('replacement', use)),
    ...callbackUses(module).flatMap((use) => inUse('callback', use)),
  ];
}
