import type { KlpFunc, KlpObject, SourceRange } from '../../../../shared/src/model/index.ts';
import type { KernelKnowledge, KernelSymbol } from '../../kernel/knowledge.ts';
import type { RuleFinding } from '../rule.ts';
import { perModule } from './per-module.ts';
import { isAlwaysThere, isUnnamed, mayHoldMore, seenEntries } from './tables.ts';

/** A function that the module replaces, with all that decides which one the kernel takes. */
export interface Target {
  readonly func: KlpFunc;
  readonly object: KlpObject;
  /** Null: vmlinux. */
  readonly objectName: string | null;
  /** `.old_name`. */
  readonly name: string;
  /** Where it is written. */
  readonly range: SourceRange;
  /** `.old_sympos`; null when it can't be told. */
  readonly sympos: number | null;
}

/**
 * The functions whose name and object are known and which are there in every build. What stands in an `#if` may be for
 * another kernel than the target, and is left out.
 */
export const targets = perModule((module): readonly Target[] => {
  const found: Target[] = [];
  for (const objects of module.objectTables) {
    if (objects.conditions.length > 0) continue;
    for (const object of seenEntries(objects)) {
      if (object.funcs.kind !== 'known' || !isAlwaysThere(object, objects) || mayHoldMore(module, object)) continue;
      const { table } = object.funcs;
      const objectName = nameOf(object);
      if (objectName === undefined || table.conditions.length > 0) continue;
      for (const func of seenEntries(table)) {
        if (func.oldName.kind !== 'known' || !isAlwaysThere(func, table) || mayHoldMore(module, func)) continue;
        if (func.fields.some(({ conditions }) => conditions.length > 0)) continue;
        const sympos =
          func.oldSympos.kind === 'absent' ? 0 : func.oldSympos.kind === 'known' ? func.oldSympos.value : null;
        found.push({ func, object, objectName, name: func.oldName.value, range: func.oldName.range, sympos });
      }
    }
  }
  return found;
});

function nameOf(object: KlpObject): string | null | undefined {
  if (isUnnamed(object)) return null;
  return object.name.kind === 'known' ? object.name.value : undefined;
}

/**
 * The symbol that the kernel takes for a target: null when it finds none or takes none because there are several,
 * undefined when that is not known.
 */
export function symbolOf(knowledge: KernelKnowledge, target: Target): KernelSymbol | null | undefined {
  if (target.sympos === null || knowledge.coverage(target.objectName) !== 'complete') return undefined;
  const symbols = knowledge.lookup(target.name, target.objectName);
  if (target.sympos === 0) return symbols.length === 1 ? symbols[0] : null;
  return symbols[target.sympos - 1] ?? null;
}

/** How messages call where a target is looked for: `vmlinux`, `module "loop"`. */
export function objectText(objectName: string | null): string {
  return objectName === null ? 'vmlinux' : `module "${objectName}"`;
}

/** How messages call what the knowledge comes from: behind "in", "according to" and the like. */
export function sourceText(knowledge: KernelKnowledge): string {
  return knowledge.reference ? `the ${knowledge.label}` : knowledge.label;
}

/** What rests on the built-in reference kernel is at most a warning: the user's kernel may be another. */
export function certainty(knowledge: KernelKnowledge): Pick<RuleFinding, 'severity'> {
  return knowledge.reference ? { severity: 'warning' } : {};
}
