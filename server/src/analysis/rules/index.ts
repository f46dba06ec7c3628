import type { Rule } from '../rule.ts';
import * as lifecycle from './lifecycle/index.ts';
import * as structure from './structure/index.ts';

/**
 * All rules, group by group. To add one: write `<group>/<rule-id>.ts` that exports `rule`, and export it by a line in
 * the group's `index.ts`. Tests, pages, settings and the kernel suite take it from here.
 */
export const RULES: readonly Rule[] = [structure, lifecycle].flatMap((group) => Object.values(group));

/** The rule of that name. */
export function ruleById(id: string): Rule | undefined {
  return RULES.find((rule) => rule.id === id);
}
