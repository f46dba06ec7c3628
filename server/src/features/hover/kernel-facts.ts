import { type KlpObject, knownValue } from '../../../../shared/src/model/index.ts';
import type { KernelKnowledge, Prototype } from '../../kernel/knowledge.ts';
import { symbolText } from '../kernel-symbol-text.ts';
import { code, plain } from './markdown.ts';

/**
 * What the target kernel has under a name, with its prototype where types are known; null when nothing is known of it.
 *
 * @param sympos as in `.old_sympos`: 0 and 1 both mean the first
 */
export function kernelFacts(
  name: string,
  object: KlpObject | null,
  sympos: number,
  knowledge: KernelKnowledge,
): string | null {
  if (object?.name.kind === 'unknown') return null;
  const where = object ? (knownValue(object.name) ?? null) : null;
  const symbols = knowledge.lookup(name, where);
  const from = `In ${plain(knowledge.label)}`;
  const symbol = symbols[Math.max(1, sympos) - 1];
  if (!symbol) {
    if (knowledge.coverage(where) !== 'complete') return null;
    const elsewhere = knowledge.everywhere(name);
    if (elsewhere.length === 0) return `${from} there is no ${code(name)}.`;
    const places = [...new Set(elsewhere.map(({ module }) => module ?? 'vmlinux'))];
    return `${from} there is no such ${code(name)} in ${code(where ?? 'vmlinux')}, but in ${places.slice(0, 5).map(code).join(', ')}.`;
  }
  const prototype = knowledge.prototype(name, where);
  const declared = prototype === null ? '' : `\n\n\`\`\`c\n${declaration(name, prototype)}\n\`\`\``;
  return `${from}: ${symbolText(symbol, knowledge)}.${declared}`;
}

/** `static int version_proc_show(struct seq_file *m, void *v);` */
function declaration(name: string, { returns, parameters, variadic, linkage }: Prototype): string {
  const list = parameters.map((parameter) =>
    // A function pointer's name stands inside its type.
    parameter.name === null || parameter.type.includes('(') ? parameter.type : named(parameter.type, parameter.name),
  );
  if (variadic) list.push('...');
  return `${linkage === 'static' ? 'static ' : ''}${named(returns, name)}(${list.join(', ') || 'void'});`;
}

const named = (type: string, name: string): string => `${type}${type.endsWith('*') ? '' : ' '}${name}`;
