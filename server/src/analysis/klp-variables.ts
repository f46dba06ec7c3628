import type { Token } from './scanner.ts';
import type { VariableFact } from './scope.ts';

/** `klp_func` of a variable that is a structure or an array of them, not a pointer. */
export function structureOf({ specifiers, declarator }: VariableFact): string | null {
  if (declarator.pointer > 0 || declarator.isFunction) return null;
  return /^(?:const )?struct (klp_(?:patch|object|func|state|callbacks))$/.exec(specifiers.type)?.[1] ?? null;
}

/** From the first of the tokens to behind the last; where there are none, where another one stands. */
export function spanOf(tokens: readonly Token[], otherwise: Token): { start: number; end: number } {
  return { start: tokens[0]?.start ?? otherwise.start, end: tokens.at(-1)?.end ?? otherwise.end };
}
