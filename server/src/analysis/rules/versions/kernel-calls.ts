import type { CallSite, FunctionDefinition, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import { withoutCommentsAndStrings } from '../c-text.ts';
import { bodyOf, definitionsOf } from '../queries.ts';

/**
 * The calls of the kernel's own function of that name: outside of any `#if`, and not where the module has a function,
 * macro, variable or parameter of this name, or declares it itself (for a livepatch relocation, say).
 */
export function kernelCalls(module: LivepatchModule, name: string): CallSite[] {
  const calls = module.functions
    .filter(({ conditions }) => conditions.length === 0)
    .flatMap((inFunction) => inFunction.calls.map((call) => ({ call, inFunction })))
    .filter(({ call }) => call.callee === name && call.conditions.length === 0);
  if (calls.length === 0 || isOwnName(module, name)) return [];
  return calls.filter(({ inFunction }) => !isLocalName(module, inFunction, name)).map(({ call }) => call);
}

function isOwnName(module: LivepatchModule, name: string): boolean {
  return (
    definitionsOf(module, name).length > 0 ||
    module.declaredFunctions.some((declared) => declared.name === name) ||
    [...module.macros, ...module.variables].some((other) => other.name === name)
  );
}

/** Whether the function has a parameter or a variable of this name: a pointer that was found in another way. */
function isLocalName(module: LivepatchModule, definition: FunctionDefinition, name: string): boolean {
  if (definition.parameters?.some((parameter) => parameter.name === name)) return true;
  const body = withoutCommentsAndStrings(bodyOf(module, definition));
  return new RegExp(`\\b${name}\\s*(?:=(?!=)|;|,|\\)\\s*\\()|[\\w*]\\s+\\**${name}\\s*[=;,)]`).test(body);
}
