import type { LivepatchModule } from '../../../../shared/src/model/index.ts';

/**
 * A question about a module that many rules ask: answered once for each module and kept as long as the module is. The answer
 * must follow from the module alone, and nobody may change it.
 */
export function perModule<T>(answer: (module: LivepatchModule) => T): (module: LivepatchModule) => T {
  const answers = new WeakMap<LivepatchModule, { readonly answer: T }>();
  return (module) => {
    let known = answers.get(module);
    if (!known) {
      known = { answer: answer(module) };
      answers.set(module, known);
    }
    return known.answer;
  };
}
