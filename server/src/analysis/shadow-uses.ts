import type { FunctionDefinition, LivepatchModule, ShadowUse } from '../../../shared/src/model/index.ts';
import { codeOf, definitionsOf, reachable } from './rules/queries.ts';
import { allocates, type ShadowCall, shadowCalls } from './rules/shadow/shadow-calls.ts';

/** What a function of the module does with shadow variables, in the functions that it calls, too. */
export function shadowUses(module: LivepatchModule, definition: FunctionDefinition): ShadowUse[] {
  const calls = shadowCalls(module);
  if (calls.length === 0) return [];
  return reachable(module, [definition]).flatMap((each) =>
    calls.filter(({ inFunction }) => inFunction === each).map((call) => shadowUse(module, call)),
  );
}

function shadowUse(module: LivepatchModule, shadow: ShadowCall): ShadowUse {
  const { operation, id, call } = shadow;
  const constructs = constructed(module, shadow);
  return {
    call: operation,
    id: id.constant.kind === 'known' ? id.constant.value : id.text,
    object: kernelObject(module, shadow),
    ...(constructs === 0 ? {} : { constructs }),
    source: call.calleeRange,
  };
}

/** Null when it is not certain that this call reaches an object that is the same each time. */
function kernelObject(module: LivepatchModule, { parent, inFunction, call }: ShadowCall): string | null {
  const name = /^&\s*(\w+)$/.exec(parent?.text ?? '')?.[1];
  if (name === undefined || module.variables.some((variable) => variable.name === name)) return null;
  if (inFunction.parameters === null || inFunction.parameters.some((parameter) => parameter.name === name)) return null;
  const before = codeOf(module, inFunction).slice(0, call.range.start - inFunction.bodyRange.start);
  const isCertain = !/[?]|\b(?:if|for|while|switch|return|goto|klp_shadow_\w+)\b/.test(before);
  return isCertain && !new RegExp(`\\b${name}\\s*[;=,]`).test(before) ? `&${name}` : null;
}

/** What the constructor returns when that is one number; 0 otherwise: it is taken to succeed. */
function constructed(module: LivepatchModule, shadow: ShadowCall): number {
  if (!allocates(shadow) || shadow.hook === null) return 0;
  const returns = definitionsOf(module, shadow.hook.text.replace(/^&\s*/, '')).flatMap((each) => each.returns);
  const values = new Set(returns.map(({ value }) => (value.kind === 'known' ? value.value : 0)));
  return values.size === 1 ? ([...values][0] ?? 0) : 0;
}
