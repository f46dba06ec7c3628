import type { Rule } from '../rule.ts';
import * as callbacks from './callbacks/index.ts';
import * as functions from './functions/index.ts';
import * as lifecycle from './lifecycle/index.ts';
import * as replace from './replace/index.ts';
import * as shadow from './shadow/index.ts';
import * as state from './state/index.ts';
import * as structure from './structure/index.ts';
import * as symbols from './symbols/index.ts';
import * as versions from './versions/index.ts';

/**
 * All rules, group by group. To add one: write `<group>/<rule-id>.ts` that exports `rule`, and export it by a line in
 * the group's `index.ts`. Tests, pages, settings and the kernel suite take it from here.
 */
export const RULES: readonly Rule[] = [
  structure,
  lifecycle,
  symbols,
  functions,
  callbacks,
  shadow,
  state,
  replace,
  versions,
].flatMap((group): Rule[] => Object.values(group));

/** The rule of that name. */
export function ruleById(id: string): Rule | undefined {
  return RULES.find((rule) => rule.id === id);
}
