import type { LivepatchModule, Parameter, SourceRange } from '../../../../../shared/src/model/index.ts';
import { textOf } from '../edits.ts';
import { perModule } from '../per-module.ts';
import { calledNames, definitionsOf } from '../queries.ts';

const NONE: readonly Parameter[] = [];

/** Names that the module calls and neither defines nor has as a macro, variable or parameter: functions of the kernel, or macros of its headers. */
export const calledKernelNames = perModule((module): readonly string[] => {
  const own = new Set<string | null>();
  for (const { name } of module.macros) own.add(name);
  for (const { name } of module.variables) own.add(name);
  for (const { parameters } of module.functions) for (const { name } of parameters ?? NONE) own.add(name);
  return calledNames(module).filter((name) => definitionsOf(module, name).length === 0 && !own.has(name));
});

/** A function or variable that the module declares itself and does not define. */
export interface OwnDeclaration {
  readonly name: string;
  readonly range: SourceRange;
}

/**
 * Plain declarations of things that are elsewhere: `extern int nr_threads;`. Those with a macro or attribute behind the name,
 * such as a livepatch relocation, are left out.
 */
export const declaredElsewhere = perModule((module): readonly OwnDeclaration[] => {
  const functions = module.declaredFunctions.filter(
    ({ name, static: isStatic, conditions }) =>
      !isStatic && conditions.length === 0 && definitionsOf(module, name).length === 0,
  );
  const defined = new Set(module.variables.filter(({ storage }) => !storage.extern).map(({ name }) => name));
  const variables = module.variables.filter(
    ({ name, storage, conditions }) => storage.extern && conditions.length === 0 && !defined.has(name),
  );
  return [...functions, ...variables]
    .filter(({ nameRange }) => isPlain(module, nameRange))
    .map(({ name, nameRange }) => ({ name, range: nameRange }));
});

function isPlain(module: LivepatchModule, { file, end }: SourceRange): boolean {
  const behind = /^[^;{}]*;/.exec(textOf(module, file).slice(end, end + 2000))?.[0] ?? '';
  return (
    /^\s*(?:\[[^\]]*\]\s*)*;$/.test(behind) || (/^\s*\(.*\)\s*;$/s.test(behind) && !/\)\s*\w+\s*[(;]/.test(behind))
  );
}

/** Names that the bodies of the module's functions use or call. */
export const usedNames = perModule((module): ReadonlySet<string> => {
  const names = new Set(calledNames(module));
  for (const { uses } of module.functions) for (const name of uses) names.add(name);
  return names;
});
