import type { KernelKnowledge, KernelSymbol, Prototype } from './knowledge.ts';

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
  const prototypes = new Answers<Prototype | null>();
  let modules: readonly string[] | null = null;
  const result: KernelKnowledge = {
    label: knowledge.label,
    reference: knowledge.reference,
    coverage: (object) => knowledge.coverage(object),
    lookup: (name, object) => lookups.get(name, object, () => knowledge.lookup(name, object)),
    everywhere: (name) => everywhere.get(name, null, () => knowledge.everywhere(name)),
    variants: (name, object) => knowledge.variants(name, object),
    search: (typed, object, limit) => knowledge.search(typed, object, limit),
    closest: (name, object) => closest.get(name, object, () => knowledge.closest(name, object)),
    modules: () => {
      modules ??= knowledge.modules();
      return modules;
    },
    isBuiltIn: (module) => knowledge.isBuiltIn(module),
    prototype: (name, object) => prototypes.get(name, object, () => knowledge.prototype(name, object)),
    layout: (structName) => knowledge.layout(structName),
  };
  remembered.set(knowledge, result);
  remembered.set(result, result);
  return result;
}

/** Answers by object and name: put together, the two would make a new string for each of some thousand questions. */
class Answers<T> {
  private readonly answers = new Map<string | null, Map<string, { readonly answer: T }>>();
  private count = 0;

  get(name: string, object: string | null, ask: () => T): T {
    const known = this.answers.get(object)?.get(name);
    if (known) return known.answer;
    const answer = ask();
    if (this.count >= MOST_ANSWERS) {
      this.answers.clear();
      this.count = 0;
    }
    let ofObject = this.answers.get(object);
    if (!ofObject) {
      ofObject = new Map();
      this.answers.set(object, ofObject);
    }
    ofObject.set(name, { answer });
    this.count++;
    return answer;
  }
}
