import type { KernelKnowledge, KernelSymbol } from './knowledge.ts';

/** More answers than a module asks for; then all are forgotten. */
const MOST_ANSWERS = 20_000;

const remembered = new WeakMap<KernelKnowledge, KernelKnowledge>();

/**
 * The same knowledge, which gives an answer that it has given before without looking again. Many rules ask for the same few
 * symbols, after each edit anew.
 */
export function rememberedKnowledge(knowledge: KernelKnowledge): KernelKnowledge {
  const known = remembered.get(knowledge);
  if (known) return known;
  const lookups = new Answers<readonly KernelSymbol[]>();
  const everywhere = new Answers<readonly KernelSymbol[]>();
  const closest = new Answers<string | null>();
  const result: KernelKnowledge = {
    label: knowledge.label,
    reference: knowledge.reference,
    coverage: (object) => knowledge.coverage(object),
    lookup: (name, object) => lookups.get(`${object ?? ''} ${name}`, () => knowledge.lookup(name, object)),
    everywhere: (name) => everywhere.get(name, () => knowledge.everywhere(name)),
    variants: (name, object) => knowledge.variants(name, object),
    search: (typed, object, limit) => knowledge.search(typed, object, limit),
    closest: (name, object) => closest.get(`${object ?? ''} ${name}`, () => knowledge.closest(name, object)),
    modules: () => knowledge.modules(),
    isBuiltIn: (module) => knowledge.isBuiltIn(module),
    prototype: (name, object) => knowledge.prototype(name, object),
    layout: (structName) => knowledge.layout(structName),
  };
  remembered.set(knowledge, result);
  remembered.set(result, result);
  return result;
}

class Answers<T> {
  private readonly answers = new Map<string, { readonly answer: T }>();

  get(question: string, ask: () => T): T {
    const known = this.answers.get(question);
    if (known) return known.answer;
    const answer = ask();
    if (this.answers.size >= MOST_ANSWERS) this.answers.clear();
    this.answers.set(question, { answer });
    return answer;
  }
}
