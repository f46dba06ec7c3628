import type { RuntimeWrite } from '../../../shared/src/model/index.ts';
import type { FunctionContent } from './item-facts.ts';
import { conditionsAt, type PlacedItem, rangeIn, type Scope, textOf } from './scope.ts';

/** What run-time code does to one variable of the module. */
export interface RunTimeChange {
  /** Why all of it is unknown; null when only single fields are written. */
  whole: string | null;
  /** Field name to the reason: "set at run time in livepatch_init()". */
  readonly fields: Map<string, string>;
}

/** A function of the module at its place. */
export interface PlacedFunction {
  readonly place: PlacedItem;
  readonly content: FunctionContent;
}

/** Functions and macros that get a klp structure's address and change nothing that its author wrote. */
const HARMLESS =
  /^(?:klp_\w+|ARRAY_SIZE|sizeof|printk|pr_\w+|dev_\w+|WARN\w*|BUG\w*|IS_ERR\w*|strcmp|strncmp|memcmp|READ_ONCE|likely|unlikely|kgr_\w+)$/;
const KLP_TYPE = /^(?:const )?struct (klp_\w+)/;

/** What run-time code changes in klp structures, by the variable's name, and the single writes in source order. */
export interface RunTimeChanges {
  readonly byVariable: ReadonlyMap<string, RunTimeChange>;
  readonly writes: readonly RuntimeWrite[];
}

export function findRunTimeChanges(scope: Scope, functions: readonly PlacedFunction[]): RunTimeChanges {
  const byVariable = new Map<string, RunTimeChange>();
  const writes: RuntimeWrite[] = [];
  /** Whether a function of the module leaves the structures that it gets as they are. */
  const onlyReads = (callee: string): boolean => {
    const definitions = functions.filter(({ content }) => content.name === callee);
    return (
      definitions.length > 0 &&
      !definitions.some(({ content }) => content.facts.writes.some(({ variable }) => content.klpPointers.has(variable)))
    );
  };
  const changeOf = (variable: string): RunTimeChange => {
    const known = byVariable.get(variable);
    if (known) return known;
    const change: RunTimeChange = { whole: null, fields: new Map() };
    byVariable.set(variable, change);
    return change;
  };
  const klpVariables = klpVariablesOf(scope);
  for (const { place, content } of functions) {
    if (!content.changesOrPasses) continue;
    const { name, facts, klpPointers } = content;
    for (const write of facts.writes) {
      if (!klpPointers.has(write.variable) && !klpVariables.has(write.variable)) continue;
      writes.push({
        target: write.target,
        variable: write.variable,
        field: write.field,
        valueText: textOf(place, write.value),
        range: rangeIn(place, write),
        inFunction: name,
        conditions: conditionsAt(place, write.start),
      });
      const why = `set at run time in ${name}()`;
      const aliases = facts.aliases.filter(({ to }) => to === write.variable).map(({ of }) => of);
      for (const variable of [write.variable, ...aliases]) {
        const change = changeOf(variable);
        change.fields.set(write.field, why);
        if (write.field === '') change.whole ??= why;
      }
    }
    for (const { callee, variable } of facts.passed) {
      if (!klpVariables.has(variable)) continue;
      if (HARMLESS.test(callee) || onlyReads(callee)) continue;
      changeOf(variable).whole ??= `passed to ${callee}() in ${name}()`;
    }
  }
  return { byVariable, writes };
}

/** The names of variables of which one is a klp structure, a table of them or a pointer to one. */
function klpVariablesOf(scope: Scope): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [name, facts] of scope.variables) {
    if (facts.some(({ specifiers }) => KLP_TYPE.test(specifiers.type))) names.add(name);
  }
  return names;
}
