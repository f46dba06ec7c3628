import {
  areExclusive,
  CALLBACK_NAMES,
  type CallbackName,
  type CallSite,
  type FieldInitialiser,
  type FunctionDefinition,
  type KlpFunc,
  type KlpInitialiser,
  type KlpObject,
  type KlpPatch,
  type KlpTable,
} from '../../shared/src/model/index.ts';
import { type Base, type Edit, remove, type Span } from './mutator.ts';

/** An entry that is surely there, and its table. */
export interface Entry<T> {
  readonly table: KlpTable<T>;
  readonly entry: T;
}

const isPlain = (initialiser: KlpInitialiser): boolean =>
  initialiser.conditions.length === 0 && initialiser.fields.every(({ conditions }) => conditions.length === 0);

/** Tables that say all there is to say: no macros, no `#if`. */
export function plainTables<T extends KlpInitialiser>(tables: readonly KlpTable<T>[]): readonly KlpTable<T>[] {
  return tables.filter((table) => !table.open && table.conditions.length === 0 && table.entries.every(isPlain));
}

function entriesOf<T extends KlpInitialiser & { readonly terminator: boolean }>(
  tables: readonly KlpTable<T>[],
): Entry<T>[] {
  return plainTables(tables).flatMap((table) =>
    table.entries.filter(({ terminator }) => !terminator).map((entry) => ({ table, entry })),
  );
}

/** Functions with a name and a replacement that are written out, in tables that patches use. */
export function funcs({ module }: Base): Entry<KlpFunc>[] {
  return entriesOf(module.funcTables).filter(
    ({ entry }) => fieldOf(entry, 'old_name') !== null && fieldOf(entry, 'new_func') !== null,
  );
}

export function objects({ module }: Base): Entry<KlpObject>[] {
  return entriesOf(module.objectTables);
}

/** Objects with a `.name` that is a string. */
export function namedObjects(base: Base): { readonly object: Entry<KlpObject>; readonly name: FieldInitialiser }[] {
  return objects(base).flatMap((object) => {
    const name = fieldOf(object.entry, 'name');
    return name && /^"[^"]+"$/.test(name.valueText) ? [{ object, name }] : [];
  });
}

export function patches({ module }: Base): KlpPatch[] {
  return module.patches.filter(
    (patch) => isPlain(patch) && patch.fields.every(({ positional }) => !positional) && patch.storage.static,
  );
}

/** The designated field of that name. */
export function fieldOf(initialiser: KlpInitialiser, name: string): FieldInitialiser | null {
  return initialiser.fields.find((field) => field.name === name && !field.positional) ?? null;
}

/** Takes `.name = value,` out, with its line when it has one of its own. */
export function dropField({ text }: Base, field: FieldInitialiser): Edit {
  let start = text.lastIndexOf('.', field.nameRange.start);
  let end = field.valueRange.end;
  end += /^\s*,?/.exec(text.slice(end))?.[0].length ?? 0;
  const line = text.lastIndexOf('\n', start - 1);
  if (text.slice(line + 1, start).trim() === '') start = line + 1;
  const rest = /^[ \t]*(?:\/\/[^\n]*)?\n/.exec(text.slice(end));
  if (start === line + 1 && rest) end += rest[0].length;
  return remove({ start, end });
}

/** A function used by its name as `.new_func`, with its definition and the entry. */
export interface Replacement {
  readonly func: Entry<KlpFunc>;
  readonly definition: FunctionDefinition;
}

/** Replacements with one definition, each function once. */
export function replacements(base: Base): Replacement[] {
  const seen = new Set<string>();
  return funcs(base).flatMap((func) => {
    const { newFunc } = func.entry;
    if (newFunc.kind !== 'known' || newFunc.value.shape !== 'name' || seen.has(newFunc.value.name)) return [];
    seen.add(newFunc.value.name);
    const definition = only(base, newFunc.value.name);
    return definition ? [{ func, definition }] : [];
  });
}

export interface CallbackUse {
  readonly callback: CallbackName;
  readonly field: FieldInitialiser;
  readonly object: KlpObject;
  readonly definition: FunctionDefinition;
}

/** Callbacks with one definition that objects name. */
export function callbacks(base: Base): CallbackUse[] {
  return objects(base).flatMap(({ entry: object }) =>
    CALLBACK_NAMES.flatMap((callback) => {
      const value = object.callbacks[callback];
      const field = fieldOf(object, `callbacks.${callback}`);
      const definition = value.kind === 'known' ? only(base, value.value.name) : null;
      return field && definition ? [{ callback, field, object, definition }] : [];
    }),
  );
}

/** The only definition of a function, under no `#if`, written with `static` in front. */
export function only({ module, text }: Base, name: string): FunctionDefinition | null {
  const [definition, ...others] = module.functions.filter((one) => one.name === name);
  if (!definition || others.length > 0 || definition.conditions.length > 0) return null;
  return text.startsWith('static ', definition.range.start) ? definition : null;
}

/** Calls of a function outside of `#if`, with where they stand. */
export function calls(
  { module }: Base,
  name: string,
): { readonly call: CallSite; readonly inFunction: FunctionDefinition }[] {
  return module.functions.flatMap((inFunction) =>
    inFunction.calls
      .filter(({ callee, conditions }) => callee === name && !areExclusive(conditions, []) && conditions.length === 0)
      .map((call) => ({ call, inFunction })),
  );
}

/** The module's only `return klp_enable_patch(&patch);` in module init: the statement, and what it enables. */
export function enabling(base: Base): { statement: Span; call: string; init: FunctionDefinition; patch: KlpPatch }[] {
  const all = base.module.functions.flatMap((inFunction) => inFunction.calls);
  if (all.filter(({ callee }) => callee === 'klp_enable_patch').length !== 1) return [];
  return calls(base, 'klp_enable_patch').flatMap(({ call, inFunction }) => {
    const statement = inFunction.returns.find(
      ({ range }) => range.start < call.range.start && call.range.end <= range.end,
    );
    const variable = /^&(\w+)$/.exec(call.arguments[0]?.text ?? '')?.[1];
    const patch = patches(base).find(({ name }) => name === variable);
    const isInit = base.module.init.some((entry) => entry.function === inFunction.name);
    const written = statement && base.text.slice(statement.range.start, statement.range.end);
    if (!statement || !patch || !isInit || written !== `return klp_enable_patch(&${variable});`) return [];
    return [{ statement: statement.range, call: `klp_enable_patch(&${variable})`, init: inFunction, patch }];
  });
}

/** The macro calls at file scope with this tag: MODULE_LICENSE is "license". */
export function infos({ module }: Base, tag: string) {
  return module.moduleInfos.filter((info) => info.tag === tag && info.conditions.length === 0);
}

/** Behind the `{` of a function's body. */
export const bodyStart = ({ bodyRange }: FunctionDefinition): number => bodyRange.start + 1;

/** Behind the declarations at the top of a body: where its first statement starts. */
export function firstStatement({ text }: Base, { bodyRange }: FunctionDefinition): number {
  const body = text.slice(bodyRange.start + 1, bodyRange.end);
  const declarations =
    /^(?:\s*(?:static |const |struct |unsigned |int |long |char |u\d+ |void |bool |ktime_t |size_t )[^;{}()]*(?:=[^;{}]*)?;)+[ \t]*(?=\n)/.exec(
      body,
    );
  return bodyRange.start + 1 + (declarations?.[0].length ?? 0);
}
