import type { Argument, CallSite, FunctionDefinition, ResultUse, Value } from '../../../shared/src/model/index.ts';
import { ABSENT } from '../../../shared/src/model/index.ts';
import type { CallFact, ExpressionFact, ResultFact } from './function-facts.ts';
import { movedFunction } from './moved.ts';
import type { PlacedFunction } from './run-time-changes.ts';
import { conditionsAt, type PlacedItem, rangeIn, recalled, remember, type Scope, unknown } from './scope.ts';

/**
 * A function with its ranges in the file. The last result is kept with the item, for as long as `environment` (what the
 * macros and constants are) is the same.
 */
export function buildFunction(fact: PlacedFunction, scope: Scope, environment: string): FunctionDefinition {
  return (
    recalled(fact.place, SLOT, environment, movedFunction) ??
    remember(fact.place, SLOT, environment, readFunction(fact, scope))
  );
}

const SLOT = 'function';

function readFunction({ place, content }: PlacedFunction, scope: Scope): FunctionDefinition {
  const { specifiers, facts } = content;
  return {
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
      text: value?.text ?? '',
    })),
    staticLocals: facts.staticLocals.map(({ name, span }) => ({ name, range: rangeIn(place, span) })),
    uses: facts.uses,
  };
}

function buildCall(place: PlacedItem, scope: Scope, call: CallFact): CallSite {
  return {
    callee: call.callee,
    calleeRange: rangeIn(place, call.calleeSpan),
    range: rangeIn(place, call),
    arguments: call.arguments.map((argument): Argument => {
      return { text: argument.text, range: rangeIn(place, argument), constant: constant(place, scope, argument) };
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

function constant(place: PlacedItem, scope: Scope, { start, end, tokens }: ExpressionFact): Value<number> {
  const range = rangeIn(place, { start, end });
  return tokens === null ? unknown('known only at run time', range) : scope.number(tokens, range);
}
