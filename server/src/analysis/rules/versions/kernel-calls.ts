import type { CallSite, FunctionDefinition, LivepatchModule } from '../../../../../shared/src/model/index.ts';
import { callsOf, codeOf, isOwnName } from '../queries.ts';

/**
 * The calls of the kernel's own function of that name: outside of any `#if`, and not where the module has a function,
 * macro, variable or parameter of this name, or declares it itself (for a livepatch relocation, say).
 */
export function kernelCalls(module: LivepatchModule, name: string): CallSite[] {
  const calls = callsOf(module, name).filter(
    ({ call, inFunction }) => inFunction.conditions.length === 0 && call.conditions.length === 0,
  );
  if (calls.length === 0 || isOwnName(module, name)) return [];
  return calls.filter(({ inFunction }) => !isLocalName(module, inFunction, name)).map(({ call }) => call);
}

/** Whether the function has a parameter or a variable of this name: a pointer that was found in another way. */
function isLocalName(module: LivepatchModule, definition: FunctionDefinition, name: string): boolean {
  if (definition.parameters?.some((parameter) => parameter.name === name)) return true;
  const body = codeOf(module, definition);
  return new RegExp(`\\b${name}\\s*(?:=(?!=)|;|,|\\)\\s*\\()|[\\w*]\\s+\\**${name}\\s*[=;,)]`).test(body);
}
