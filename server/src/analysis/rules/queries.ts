import {
  CALLBACK_NAMES,
  type CallbackName,
  type CallSite,
  type FunctionDefinition,
  type FunctionReference,
  type KlpCallbacks,
  type KlpFunc,
  type KlpObject,
  type LivepatchModule,
  type SourceRange,
} from '../../../../shared/src/model/index.ts';
import type { TextEdit } from '../rule.ts';
import { withoutCommentsAndStrings } from './c-text.ts';
import { textOf } from './edits.ts';
import { perModule } from './per-module.ts';

/** The entries of all klp_func tables, without those that end them. */
export const funcEntries = perModule((module): readonly KlpFunc[] =>
  module.funcTables.flatMap(({ entries }) => entries.filter(({ terminator }) => !terminator)),
);

/** The entries of all klp_object tables, without those that end them. */
export const objectEntries = perModule((module): readonly KlpObject[] =>
  module.objectTables.flatMap(({ entries }) => entries.filter(({ terminator }) => !terminator)),
);

const functionsByName = perModule((module) => byName(module.functions));

/** The definitions of a function: several when each arm of an `#if` has one, none when it is not in the module. */
export function definitionsOf(module: LivepatchModule, name: string): readonly FunctionDefinition[] {
  return functionsByName(module).get(name) ?? [];
}

const callsByName = perModule((module) => {
  const calls = new Map<string, CallIn[]>();
  for (const inFunction of module.functions) {
    for (const call of inFunction.calls) {
      const known = calls.get(call.callee);
      if (known) known.push({ call, inFunction });
      else calls.set(call.callee, [{ call, inFunction }]);
    }
  }
  return calls;
});

/** A call and the function in which it stands. */
export interface CallIn {
  readonly call: CallSite;
  readonly inFunction: FunctionDefinition;
}

/** All calls of a function by its name, in source order. Ask this instead of walking over all calls. */
export function callsOf(module: LivepatchModule, name: string): readonly CallIn[] {
  return callsByName(module).get(name) ?? [];
}

/** The names of all functions and macros that the module's functions call, each once. */
export const calledNames = perModule((module): readonly string[] => [...callsByName(module).keys()]);

const otherNames = perModule((module): ReadonlySet<string> => {
  const all = [...module.declaredFunctions, ...module.macros, ...module.variables];
  return new Set(all.map(({ name }) => name));
});

/** Whether the module defines or declares something of this name: a function, a macro or a variable. */
export function isOwnName(module: LivepatchModule, name: string): boolean {
  return functionsByName(module).has(name) || otherNames(module).has(name);
}

function byName<T extends { readonly name: string }>(list: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const result = new Map<string, T[]>();
  for (const one of list) {
    const known = result.get(one.name);
    if (known) known.push(one);
    else result.set(one.name, [one]);
  }
  return result;
}

/** A function that stands as `.new_func` in a table. */
export interface Replacement {
  readonly func: KlpFunc;
  readonly reference: FunctionReference;
  readonly definitions: readonly FunctionDefinition[];
}

/** Every use of a function by its name as `.new_func`. */
export const replacements = perModule((module): readonly Replacement[] =>
  funcEntries(module).flatMap((func) => {
    if (func.newFunc.kind !== 'known' || func.newFunc.value.shape !== 'name') return [];
    const reference = func.newFunc.value;
    return [{ func, reference, definitions: definitionsOf(module, reference.name) }];
  }),
);

/** A function that stands as a callback in an object or in a `struct klp_callbacks` of its own. */
export interface CallbackUse {
  readonly callback: CallbackName;
  readonly reference: FunctionReference;
  readonly definitions: readonly FunctionDefinition[];
  readonly set: KlpCallbacks;
  /** Null when the set stands on its own. */
  readonly object: KlpObject | null;
}

/** Every use of a function by its name as a callback, once each. */
export const callbackUses = perModule((module): readonly CallbackUse[] => {
  const inObjects = objectEntries(module).map((object) => ({ set: object.callbacks, object }));
  const alone = module.callbackSets.map((set) => ({ set, object: null }));
  const seen = new Set<string>();
  return [...inObjects, ...alone].flatMap(({ set, object }) =>
    CALLBACK_NAMES.flatMap((callback): CallbackUse[] => {
      const value = set[callback];
      if (value.kind !== 'known' || value.value.shape !== 'name') return [];
      const reference = value.value;
      const { file, start } = reference.range;
      const place = `${file}:${start}:${callback}`;
      // A set of its own that an object uses is there twice, with the same ranges.
      if (object === null && seen.has(place)) return [];
      seen.add(place);
      return [{ callback, reference, definitions: definitionsOf(module, reference.name), set, object }];
    }),
  );
});

/** The given functions and all functions of the module that they call, directly or not. */
export function reachable(module: LivepatchModule, from: readonly FunctionDefinition[]): FunctionDefinition[] {
  const found = new Set(from);
  for (const definition of found) {
    for (const { callee } of definition.calls) {
      for (const called of definitionsOf(module, callee)) found.add(called);
    }
  }
  return [...found];
}

/** The replacements and all functions of the module that they call, directly or not. */
export const runAsReplacements = perModule((module): readonly FunctionDefinition[] =>
  reachable(
    module,
    replacements(module).flatMap(({ definitions }) => definitions),
  ),
);

/** Where a word stands in a function's head (return type, name, parameters), the first time; null when it does not. */
export function wordInHead(module: LivepatchModule, definition: FunctionDefinition, word: string): SourceRange | null {
  const { file, start } = definition.range;
  const head = textOf(module, file).slice(start, definition.bodyRange.start);
  const match = new RegExp(`\\b${word}\\b`).exec(head);
  return match ? { file, start: start + match.index, end: start + match.index + word.length } : null;
}

/** Takes a word and the blanks behind it out. */
export function removeWord(module: LivepatchModule, word: SourceRange): TextEdit {
  const text = textOf(module, word.file);
  const blanks = /^\s*/.exec(text.slice(word.end))?.[0].length ?? 0;
  return { range: { ...word, end: word.end + blanks }, newText: '' };
}

const codes = new WeakMap<FunctionDefinition, string>();

/** A function's body, braces included, with blanks in place of comments, strings and characters. */
export function codeOf(module: LivepatchModule, definition: FunctionDefinition): string {
  const known = codes.get(definition) ?? withoutCommentsAndStrings(bodyOf(module, definition));
  codes.set(definition, known);
  return known;
}

/** The text of a function's body, braces included. */
export function bodyOf(module: LivepatchModule, definition: FunctionDefinition): string {
  const { file, start, end } = definition.bodyRange;
  return textOf(module, file).slice(start, end);
}
