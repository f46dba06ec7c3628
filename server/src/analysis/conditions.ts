import type { Condition } from '../../../shared/src/model/index.ts';
import type { DirectiveFact } from './item-facts.ts';

/** The arms of `#if` around a place in a file. Immutable: each directive gives the next one. */
export class ConditionStack {
  static readonly EMPTY = new ConditionStack(null, null, false);
  private readonly outer: ConditionStack | null;
  private readonly innermost: Condition | null;
  /** The other arm of an `#if 0`: it is always compiled, as if nothing stood around it. */
  private readonly always: boolean;
  private list: readonly Condition[] | null = null;

  private constructor(outer: ConditionStack | null, innermost: Condition | null, always: boolean) {
    this.outer = outer;
    this.innermost = innermost;
    this.always = always;
  }

  /** Outermost first; the same array each time. */
  get conditions(): readonly Condition[] {
    if (this.list) return this.list;
    const list: Condition[] = [];
    for (let at: ConditionStack | null = this; at; at = at.outer) {
      if (at.innermost && !at.always) list.push(at.innermost);
    }
    this.list = list.reverse();
    return this.list;
  }

  /** After the directive, which stands at `offset` in the file. An `#endif` or `#else` too many changes nothing. */
  after(directive: DirectiveFact, offset: number): ConditionStack {
    const { word } = directive;
    const text = conditionText(directive);
    if (word === 'if' || word === 'ifdef' || word === 'ifndef') {
      return new ConditionStack(this, { group: offset, arm: 0, text }, false);
    }
    const { outer, innermost } = this;
    if (!outer || !innermost) return this;
    if (word === 'endif') return outer;
    const always = innermost.arm === 0 && innermost.text === '0' && word === 'else';
    return new ConditionStack(outer, { group: innermost.group, arm: innermost.arm + 1, text }, always);
  }
}

function conditionText({ word, rest }: DirectiveFact): string {
  if (word === 'ifdef') return `defined(${rest})`;
  if (word === 'ifndef') return `!defined(${rest})`;
  return word === 'else' ? 'else' : rest;
}
