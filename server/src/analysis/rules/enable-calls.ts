import type { CallSite, FunctionDefinition, KlpPatch, LivepatchModule } from '../../../../shared/src/model/index.ts';
import { perModule } from './per-module.ts';
import { callsOf, codeOf, definitionsOf } from './queries.ts';

/** A call of klp_enable_patch(). */
export interface EnableCall {
  readonly call: CallSite;
  readonly inFunction: FunctionDefinition;
  /** The patch that is enabled; null when the argument is anything but `&patch`. */
  readonly patch: KlpPatch | null;
}

/** All calls of klp_enable_patch() in the module, in source order. */
export const enableCalls = perModule((module): readonly EnableCall[] =>
  callsOf(module, 'klp_enable_patch').map(({ call, inFunction }) => ({
    call,
    inFunction,
    patch: patchOf(module, call),
  })),
);

function patchOf(module: LivepatchModule, call: CallSite): KlpPatch | null {
  const name = /^&\s*\(?\s*(\w+)\s*\)?$/.exec(call.arguments[0]?.text.trim() ?? '')?.[1];
  return module.patches.find((patch) => patch.name === name) ?? null;
}

/** Whether klp_enable_patch() may be called where no call of it is seen: through a macro or a pointer. */
export const enablesOutOfSight = perModule(
  (module) =>
    module.macros.some(({ body }) => /\bklp_(enable|register)_patch\b/.test(body)) ||
    callsOf(module, 'klp_register_patch').length > 0 ||
    // Each mention is a call in nearly all modules: the functions need not be looked at then.
    (mentionsIn(module, 'klp_enable_patch') !== enableCalls(module).length &&
      module.functions.some(
        (definition) =>
          definition.uses.includes('klp_enable_patch') &&
          !enableCalls(module).some(({ inFunction }) => inFunction === definition),
      )),
);

/** How often a text stands in the module's files. */
function mentionsIn(module: LivepatchModule, text: string): number {
  return module.files.reduce((total, file) => total + file.text.split(text).length - 1, 0);
}

/** The functions that module init calls, directly or through others, init itself included. */
export const functionsCalledByInit = perModule((module): ReadonlySet<string> => {
  const reached = new Set<string>();
  const open = module.init.map((entry) => entry.function);
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (reached.has(name)) continue;
    reached.add(name);
    // Of several definitions, in arms of an `#if`, the last one counts.
    for (const { callee } of definitionsOf(module, name).at(-1)?.calls ?? []) open.push(callee);
  }
  return reached;
});

/**
 * Whether `second` is reached whenever the statement of `first` is done and nothing left the function in between: both
 * stand in one block of the function, neither under an `if`, `else`, `case` or loop of its own.
 */
export function follows(
  module: LivepatchModule,
  inFunction: FunctionDefinition,
  first: CallSite,
  second: CallSite,
): boolean {
  if (first.range.end > second.range.start) return false;
  const code = codeOf(module, inFunction);
  const { start } = inFunction.bodyRange;
  let depth = 0;
  for (const character of code.slice(first.range.end - start, second.range.start - start)) {
    if (character === '{') depth++;
    else if (character === '}' && --depth < 0) return false;
  }
  return depth === 0 && [first, second].every(({ range }) => !isGuarded(code.slice(0, range.start - start)));
}

/** Whether what follows this code of a function hangs on an `if`, `else`, label or loop without braces. */
function isGuarded(before: string): boolean {
  const start = Math.max(before.lastIndexOf(';'), before.lastIndexOf('{'), before.lastIndexOf('}')) + 1;
  const head = before.slice(start);
  if (/\b(?:else|case|default|for|while|do|switch)\b|\?|&&|\|\|/.test(head)) return true;
  // `if (` that is still open holds the call in its condition, which is no guard.
  const condition = /\bif\b\s*/.exec(head);
  if (!condition) return false;
  const rest = head.slice(condition.index + condition[0].length);
  return count(rest, '(') <= count(rest, ')');
}

function count(text: string, character: string): number {
  return text.split(character).length - 1;
}
