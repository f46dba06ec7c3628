import type { Condition, SourceRange, Storage, Unknown, Value } from '../../../shared/src/model/index.ts';
import { ABSENT } from '../../../shared/src/model/index.ts';
import { ConditionStack } from './conditions.ts';
import type { Declarator, Specifiers } from './declarators.ts';
import { type Evaluation, evaluateNumber, evaluateString, stripCasts } from './evaluate.ts';
import type { Span } from './function-facts.ts';
import type { ItemFacts } from './item-facts.ts';
import { expand, MacroTable } from './macros.ts';
import type { Move } from './moved.ts';
import type { Token } from './scanner.ts';
import type { SourceUnit, UnitItem } from './source-unit.ts';

/** A top-level item at its place in a file. */
export interface PlacedItem {
  readonly unit: SourceUnit;
  readonly item: UnitItem;
  readonly facts: ItemFacts;
  /** Where the item starts in its file. */
  readonly base: number;
  /** The arms of `#if` around its start. */
  readonly around: ConditionStack;
  /** The arms behind each of its directives. */
  readonly behind: readonly ConditionStack[];
}

/** A variable's declaration, at file scope or in a function. */
export interface VariableFact {
  readonly place: PlacedItem;
  readonly specifiers: Specifiers;
  readonly declarator: Declarator;
  /** The declaration with its semicolon. */
  readonly span: Span;
  /** In a function's body. */
  readonly local: boolean;
}

const NOTHING_BEHIND: readonly ConditionStack[] = [];

/** The items of a file with what stands around each. */
export function placeItems(unit: SourceUnit): PlacedItem[] {
  const result: PlacedItem[] = [];
  let base = 0;
  let around = ConditionStack.EMPTY;
  for (const item of unit.items) {
    const facts = unit.facts(item);
    const start = around;
    let behind = NOTHING_BEHIND;
    if (facts.directives.length > 0) {
      behind = facts.directives.map((directive) => {
        around = around.after(directive, base + directive.start);
        return around;
      });
    }
    result.push({ unit, item, facts, base, around: start, behind });
    base += item.cut.text.length;
  }
  return result;
}

export function rangeIn(place: PlacedItem, span: Span): SourceRange {
  return { file: place.unit.file, start: place.base + span.start, end: place.base + span.end };
}

export function textOf(place: PlacedItem, span: Span): string {
  return place.item.cut.text.slice(span.start, span.end);
}

/** All arms of `#if` around an offset of the item. */
export function conditionsAt(place: PlacedItem, offset: number): readonly Condition[] {
  let last = -1;
  while ((place.facts.directives[last + 1]?.start ?? offset) < offset) last++;
  return (place.behind[last] ?? place.around).conditions;
}

export function storageOf({ specifiers, declarator, local }: VariableFact): Storage {
  return {
    static: specifiers.static,
    extern: specifiers.extern,
    const: specifiers.const,
    automatic: local && !specifiers.static,
    attributes: [...specifiers.attributes, ...declarator.attributes],
  };
}

/** What the module's files say about names: macros, enumerators, variables. Evaluates expressions with them. */
export class Scope {
  readonly macros = new MacroTable();
  readonly constants = new Map<string, number>();
  readonly variables = new Map<string, VariableFact[]>();
  /** Names of functions that are defined or declared. */
  readonly functions = new Set<string>();

  addVariable(fact: VariableFact): void {
    const name = fact.declarator.name.text;
    const known = this.variables.get(name);
    if (known) known.push(fact);
    else this.variables.set(name, [fact]);
  }

  expand(tokens: readonly Token[]): readonly Token[] {
    return expand(tokens, this.macros);
  }

  number(tokens: readonly Token[], range: SourceRange): Value<number> {
    const expanded = tokens.some(({ kind }) => kind === 'name') ? this.expand(tokens) : tokens;
    return settle(evaluateNumber(expanded, this.constants), expanded, range);
  }

  string(tokens: readonly Token[], range: SourceRange): Value<string | null> {
    const expanded = this.expand(tokens);
    return settle(evaluateString(expanded), expanded, range);
  }

  /** The single name that an expression is, casts, parentheses and `&` before it taken off. */
  name(tokens: readonly Token[]): string | null {
    let rest = stripCasts(this.expand(tokens));
    if (rest[0]?.text === '&') rest = stripCasts(rest.slice(1));
    return rest.length === 1 && rest[0]?.kind === 'name' ? rest[0].text : null;
  }
}

/** Makes a value of an evaluation; what hangs on a doubtful macro is unknown. */
export function settle<T extends string | number | boolean | null>(
  evaluation: Evaluation<T>,
  tokens: readonly Token[],
  range: SourceRange,
): Value<T> {
  if (!('value' in evaluation)) return { kind: 'unknown', why: evaluation.why, range };
  const doubt = tokens.find((token) => token.doubt !== undefined)?.doubt;
  if (doubt === undefined) return { kind: 'known', value: evaluation.value, range };
  return doubt.endsWith('is not defined in this module')
    ? { kind: 'unknown', why: doubt, range }
    : { kind: 'unknown', why: doubt, range, likely: evaluation.value };
}

/** Null as absent: for pointers, where `= NULL` says no more than nothing. */
export function withoutNull<T>(value: Value<T | null>): Value<T> {
  return value.kind === 'known' && value.value === null ? ABSENT : (value as Value<T>);
}

export function unknown(why: string, range: SourceRange): Unknown {
  return { kind: 'unknown', why, range };
}

interface Remembered {
  readonly file: string;
  readonly base: number;
  readonly conditions: readonly Condition[];
  /** What it depends on outside the item. */
  readonly environment: string;
  readonly result: unknown;
}

/**
 * What was remembered of an item, for as long as `environment` is the same: the same object while the item stays at its place
 * under the same arms of `#if`, a moved copy when it only went to another place, else undefined.
 */
export function recalled<T>(
  place: PlacedItem,
  slot: string,
  environment: string,
  move: (last: T, move: Move) => T,
): T | undefined {
  const { base, facts, unit } = place;
  const { conditions } = place.around;
  const last = place.item.memory.get(slot) as Remembered | undefined;
  if (!last || last.file !== unit.file || last.environment !== environment) return undefined;
  if (last.base === base && areSame(last.conditions, conditions)) return last.result as T;
  if (facts.directives.length > 0) return undefined;
  return remember(place, slot, environment, move(last.result as T, { by: base - last.base, conditions }));
}

/** Keeps what was made of an item with it; returns it. */
export function remember<T>(place: PlacedItem, slot: string, environment: string, result: T): T {
  const { base, item, unit } = place;
  const { conditions } = place.around;
  item.memory.set(slot, { file: unit.file, base, conditions, environment, result } satisfies Remembered);
  return result;
}

function areSame(a: readonly Condition[], b: readonly Condition[]): boolean {
  if (a === b) return true;
  return (
    a.length === b.length &&
    a.every((condition, i) => {
      const { group, arm, text } = b[i] as Condition;
      return condition.group === group && condition.arm === arm && condition.text === text;
    })
  );
}
