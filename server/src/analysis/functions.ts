import type { Argument, CallSite, FunctionDefinition, ResultUse, Value } from '../../../shared/src/model/index.ts';
import { ABSENT } from '../../../shared/src/model/index.ts';
import type { CallFact, ResultFact, Span } from './function-facts.ts';
import type { PlacedFunction } from './run-time-changes.ts';
import type { Token } from './scanner.ts';
import { conditionsAt, type PlacedItem, rangeIn, type Scope, textOf, unknown } from './scope.ts';

/**
 * A function with its ranges in the file. The last result is kept with the item: as long as the item stays at its place
 * and `environment` (what the macros and constants are) is the same, it is the same object.
 */
export function buildFunction(
  { place, content }: PlacedFunction,
  scope: Scope,
  environment: string,
): FunctionDefinition {
  const { conditions } = place.around;
  const key = `${place.unit.file}\n${place.base}\n${JSON.stringify(conditions)}\n${environment}`;
  const memory = place.item.memory;
  if (memory.get('function key') === key) return memory.get('function') as FunctionDefinition;
  const { specifiers, facts } = content;
  const definition: FunctionDefinition = {
    name: content.name,
    nameRange: rangeIn(place, content.nameSpan),
    returnType: specifiers.type,
    parameters: content.parameters,
    static: specifiers.static,
    inline: specifiers.inline,
    attributes: specifiers.attributes,
    conditions: conditionsAt(place, content.nameSpan.start),
    range: rangeIn(place, content.span),
    bodyRange: rangeIn(place, content.body),
    calls: facts.calls.map((call) => buildCall(place, scope, call)),
    returns: facts.returns.map(({ span, value }) => ({
      range: rangeIn(place, span),
      value: value === null ? ABSENT : constant(place, scope, value),
      text: value === null ? '' : textOf(place, value),
    })),
    staticLocals: facts.staticLocals.map(({ name, span }) => ({ name, range: rangeIn(place, span) })),
    uses: facts.uses,
  };
  memory.set('function key', key);
  memory.set('function', definition);
  return definition;
}

function buildCall(place: PlacedItem, scope: Scope, call: CallFact): CallSite {
  return {
    callee: call.callee,
    calleeRange: rangeIn(place, call.calleeSpan),
    range: rangeIn(place, call),
    arguments: call.arguments.map((span): Argument => {
      return { text: textOf(place, span), range: rangeIn(place, span), constant: constant(place, scope, span) };
    }),
    conditions: conditionsAt(place, call.start),
    result: buildResult(place, call.result),
  };
}

function buildResult(place: PlacedItem, result: ResultFact): ResultUse {
  if (result.kind !== 'assigned') return result;
  const { dereferencedFirst } = result;
  return { ...result, dereferencedFirst: dereferencedFirst && rangeIn(place, dereferencedFirst) };
}

function constant(place: PlacedItem, scope: Scope, span: Span): Value<number> {
  const range = rangeIn(place, span);
  const tokens = tokensIn(place.item.cut.tokens, span);
  const [first] = tokens;
  if (first?.kind === 'string') return unknown('a string', range);
  if (first?.text === '&' || tokens.some(({ text }) => text === '->' || text === '.')) {
    return unknown('known only at run time', range);
  }
  return scope.number(tokens, range);
}

/** The tokens of a span; they are in order, so the first one is found by halving. */
function tokensIn(tokens: readonly Token[], { start, end }: Span): readonly Token[] {
  let low = 0;
  let high = tokens.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((tokens[middle] as Token).start < start) low = middle + 1;
    else high = middle;
  }
  let last = low;
  while (last < tokens.length && (tokens[last] as Token).end <= end) last++;
  return tokens.slice(low, last).filter(({ kind }) => kind !== 'directive');
}
