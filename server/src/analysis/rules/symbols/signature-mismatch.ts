import type { FunctionDefinition, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import type { KernelKnowledge, Prototype } from '../../../kernel/knowledge.ts';
import type { Fix, Rule, RuleFinding } from '../../rule.ts';
import { exampleModule } from '../example-module.ts';
import { definitionsOf } from '../queries.ts';
import { certainty, sourceText, symbolOf, targets } from '../targets.ts';
import { classOf, contradicts, headOf } from './c-types.ts';

export const rule: Rule = {
  id: 'signature-mismatch',
  severity: 'error',
  severityReason:
    'The replacement gets other values than it expects. Where only the built-in reference kernel is known, a warning.',
  group: 'symbols',
  needs: 'types',
  summary: 'A replacement has other parameters, or another return type, than the function that it replaces.',
  kernel: {
    outcome: 'crash',
    text: 'Nobody compares the two. Callers pass what the old function takes, and the new one reads other registers, or registers that nobody set.',
    evidence: 'loaded on 6.1 and 6.12',
  },
  explanation:
    'Livepatch redirects calls from the first instruction of the old function to that of the new one. Arguments stay where the caller ' +
    'put them, so the replacement must take the same parameters in the same order, and return a value when the original does. Parameters ' +
    'may differ between kernel versions: look them up for each. A parameter that is a `void *` in one of the two is taken as right.',
  examples: {
    bad: [
      {
        title: 'A parameter too many, in front',
        code: exampleModule({
          functions: `
static int fixed_uptime_proc_show(struct file *file, struct seq_file *m, void *v) //~
{
	seq_puts(m, "0.00 0.00\\n");
	return 0;
}`,
        }),
      },
    ],
    good: [{ title: 'The original’s parameters', code: exampleModule({}) }],
  },
  check(module, { knowledge }) {
    if (!knowledge) return [];
    const seen = new Set<FunctionDefinition>();
    return targets(module).flatMap((target): RuleFinding[] => {
      const { func, name, objectName } = target;
      // Of several functions of one name, BTF may have described another one.
      if (!symbolOf(knowledge, target) || knowledge.lookup(name, objectName).length !== 1) return [];
      if (func.newFunc.kind !== 'known' || func.newFunc.value.shape !== 'name') return [];
      const [definition, another] = definitionsOf(module, func.newFunc.value.name);
      if (!definition || another || definition.conditions.length > 0 || seen.has(definition)) return [];
      const original = knowledge.prototype(name, objectName);
      const wrong = original ? difference(knowledge, definition, original) : null;
      if (!original || wrong === null || usesMacros(module, definition)) return [];
      seen.add(definition);
      return [
        {
          range: definition.nameRange,
          message: `${definition.name}() ${wrong}: ${name}() is "${original.text}" (${sourceText(knowledge)}). Callers pass what that one takes.`,
          related: [{ range: func.range, message: 'It is replaced here.' }],
          fixes: withSignature(module, definition, original),
          ...certainty(knowledge),
        },
      ];
    });
  },
};

type Head = Pick<FunctionDefinition, 'parameters' | 'returnType'>;

/** What an original was compared with last: a function that an edit only moves keeps its parameters. */
const compared = new WeakMap<Prototype, { readonly head: Head; readonly wrong: string | null }>();

/** What is wrong with the replacement's signature, were there no macros; null when nothing is, or it cannot be told. */
function difference(knowledge: KernelKnowledge, { parameters, returnType }: Head, original: Prototype): string | null {
  const last = compared.get(original);
  if (last && last.head.parameters === parameters && last.head.returnType === returnType) return last.wrong;
  const head = { parameters, returnType };
  const wrong = compare(knowledge, head, original);
  compared.set(original, { head, wrong });
  return wrong;
}

function compare(knowledge: KernelKnowledge, { parameters, returnType }: Head, original: Prototype): string | null {
  if (parameters === null) return null;
  // A replacement without parameters just looks at none. Those of a variadic function are wherever its caller put them.
  if (parameters.length > 0 && !original.variadic) {
    if (parameters.some(({ type }) => type.includes('...'))) return null;
    if (parameters.length > original.parameters.length) {
      return `takes ${count(parameters.length)}, the original ${count(original.parameters.length)}`;
    }
  }
  for (const [index, { type, name }] of parameters.entries()) {
    const expected = original.parameters[index];
    const own = classOf(type);
    // What BTF does not know by this name is another name, made by a macro: `#define rcu_head callback_head`.
    if (own.kind === 'pointer' && own.to !== null && knowledge.layout(own.to.replace(/^\w+ /, '')) === null) continue;
    if (expected && contradicts(own, classOf(expected.type))) {
      return `takes "${type.trim()}" as parameter ${index + 1}${name === null ? '' : ` (${name})`}, the original "${expected.type}"`;
    }
  }
  if (returnType === '') return null;
  const returns = classOf(returnType);
  const expected = classOf(original.returns);
  if (returns.kind === 'void' && expected.kind !== 'void') return 'returns nothing';
  return expected.kind === 'pointer' && returns.kind === 'small' ? `returns "${returnType}"` : null;
}

function count(parameters: number): string {
  return parameters === 1 ? 'one parameter' : parameters === 0 ? 'none' : `${parameters} parameters`;
}

/** Whether a macro of the module stands in the function's head: it may be anything. */
function usesMacros(module: LivepatchModule, { returnType, parameters }: FunctionDefinition): boolean {
  const texts = [returnType, ...(parameters ?? []).map(({ type }) => type)].join(' ');
  const words = new Set(texts.match(/\w+/g));
  return /\b[A-Z][A-Z0-9_]{2,}\b/.test(texts) || module.macros.some(({ name }) => words.has(name));
}

function withSignature(module: LivepatchModule, definition: FunctionDefinition, original: Prototype): Fix[] {
  const { name, attributes, range, bodyRange } = definition;
  const isDeclared = module.declaredFunctions.some((declared) => declared.name === name);
  if (isDeclared || attributes.length > 0 || original.variadic || definition.inline) return [];
  const head = `${definition.static ? 'static ' : ''}${headOf(original, name)}\n`;
  return [
    {
      title: 'Take the original’s parameters and return type',
      safety: 'suggestion',
      edits: [{ range: { file: range.file, start: range.start, end: bodyRange.start }, newText: head }],
    },
  ];
}
