import type { Condition } from '../../../shared/src/model/index.ts';
import type { DirectiveFact } from './item-facts.ts';

interface Arm extends Condition {
  /** The other arm of an `#if 0`: it is always compiled, as if nothing stood around it. */
  readonly always: boolean;
}

/** The arms of `#if` around a place in a file. Immutable: each directive gives the next one. */
export class ConditionStack {
  static readonly EMPTY = new ConditionStack([]);
  readonly conditions: readonly Condition[];
  private readonly arms: readonly Arm[];

  private constructor(arms: readonly Arm[]) {
    this.arms = arms;
    this.conditions = arms.filter(({ always }) => !always).map(({ group, arm, text }) => ({ group, arm, text }));
  }

  /** After the directive, which stands at `offset` in the file. An `#endif` or `#else` too many changes nothing. */
  after(directive: DirectiveFact, offset: number): ConditionStack {
    const { word } = directive;
    if (word === 'if' || word === 'ifdef' || word === 'ifndef') {
      const arm = { group: offset, arm: 0, text: conditionText(directive), always: false };
      return new ConditionStack([...this.arms, arm]);
    }
    const last = this.arms.at(-1);
    if (!last) return this;
    const outer = this.arms.slice(0, -1);
    if (word === 'endif') return new ConditionStack(outer);
    const always = last.arm === 0 && last.text === '0' && word === 'else';
    return new ConditionStack([
      ...outer,
      { group: last.group, arm: last.arm + 1, text: conditionText(directive), always },
    ]);
  }
}

function conditionText({ word, rest }: DirectiveFact): string {
  if (word === 'ifdef') return `defined(${rest})`;
  if (word === 'ifndef') return `!defined(${rest})`;
  return word === 'else' ? 'else' : rest;
}
