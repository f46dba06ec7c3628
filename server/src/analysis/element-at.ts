import {
  CALLBACK_NAMES,
  type CallbackName,
  type CallSite,
  type FieldInitialiser,
  type FunctionDefinition,
  type FunctionReference,
  type KlpCallbacks,
  type KlpFunc,
  type KlpInitialiser,
  type KlpObject,
  type KlpPatch,
  type KlpState,
  knownValue,
  type LivepatchModule,
  type SourceRange,
} from '../../../shared/src/model/index.ts';
import type { KlpStruct } from '../kernel/klp-fields.ts';

/** What stands at a place in the source, as far as livepatch is concerned. `range` is what a hover underlines. */
export type ModuleElement = { readonly range: SourceRange } & (
  | { readonly kind: 'patch'; readonly patch: KlpPatch }
  | { readonly kind: 'object'; readonly object: KlpObject }
  | {
      readonly kind: 'field';
      readonly struct: KlpStruct;
      readonly field: FieldInitialiser;
      /** The initialiser that it stands in: a patch, or a table's entry. */
      readonly owner: KlpPatch | KlpObject | KlpFunc | KlpState;
    }
  /** An entry of a funcs table, its `.old_name` or `.new_func` value, or the definition of its replacement. */
  | { readonly kind: 'func'; readonly func: KlpFunc }
  | { readonly kind: 'callback'; readonly uses: readonly CallbackUse[] }
  | { readonly kind: 'call'; readonly call: CallSite; readonly function: FunctionDefinition }
);

export interface CallbackUse {
  readonly name: CallbackName;
  readonly reference: FunctionReference;
  /** Null for a `struct klp_callbacks` that no object of the module uses. */
  readonly object: KlpObject | null;
}

/** The innermost thing that livepatch has something to say about; null when there is none. Offsets are UTF-16. */
export function elementAt(module: LivepatchModule, file: string, offset: number): ModuleElement | null {
  const holds = (range: SourceRange): boolean => range.file === file && range.start <= offset && offset <= range.end;
  return (
    initialiserElementAt(module, holds) ??
    functionElementAt(module, holds) ??
    patchElementAt(module.patches, holds) ??
    null
  );
}

type Holds = (range: SourceRange) => boolean;

function initialiserElementAt(module: LivepatchModule, holds: Holds): ModuleElement | null {
  // Tables first: a compound literal stands inside the initialiser that refers to it.
  for (const table of module.funcTables) {
    for (const func of table.entries) {
      if (func.terminator || !holds(func.range)) continue;
      const field = fieldAt(func, holds);
      if (field && holds(field.nameRange) && !field.positional) {
        return { kind: 'field', struct: 'klp_func', field, owner: func, range: field.nameRange };
      }
      if (field?.name === 'old_sympos') {
        return { kind: 'field', struct: 'klp_func', field, owner: func, range: field.valueRange };
      }
      return { kind: 'func', func, range: field?.valueRange ?? func.range };
    }
  }
  for (const table of module.stateTables) {
    for (const state of table.entries) {
      const field = fieldAt(state, holds);
      if (field) return { kind: 'field', struct: 'klp_state', field, owner: state, range: shownRange(field, holds) };
    }
  }
  const uses = callbackUses(module);
  const here = uses.filter(({ reference }) => holds(reference.range));
  if (here[0]) return { kind: 'callback', uses: here, range: here[0].reference.range };
  for (const table of module.objectTables) {
    for (const object of table.entries) {
      const field = fieldAt(object, holds);
      if (field) {
        // The name of a callback's field asks the same as its value: when does it run?
        const set = uses.filter(({ reference }) => isCallbackField(field) && within(reference.range, field.valueRange));
        if (set.length > 0) return { kind: 'callback', uses: set, range: shownRange(field, holds) };
        return { kind: 'field', struct: structOfField(field), field, owner: object, range: shownRange(field, holds) };
      }
      if (!object.terminator && holds(object.range)) return { kind: 'object', object, range: object.range };
    }
  }
  for (const patch of module.patches) {
    const field = fieldAt(patch, holds);
    if (field) return { kind: 'field', struct: 'klp_patch', field, owner: patch, range: shownRange(field, holds) };
  }
  return null;
}

function functionElementAt(module: LivepatchModule, holds: Holds): ModuleElement | null {
  for (const definition of module.functions) {
    if (holds(definition.nameRange)) {
      const uses = callbackUses(module).filter(({ reference }) => reference.name === definition.name);
      if (uses.length > 0) return { kind: 'callback', uses, range: definition.nameRange };
      const func = module.funcTables
        .flatMap((table) => table.entries)
        .find((entry) => knownValue(entry.newFunc)?.name === definition.name);
      if (func) return { kind: 'func', func, range: definition.nameRange };
    }
    if (!holds(definition.bodyRange)) continue;
    const call = definition.calls.find(({ calleeRange }) => holds(calleeRange));
    if (call) return { kind: 'call', call, function: definition, range: call.calleeRange };
  }
  return null;
}

function patchElementAt(patches: readonly KlpPatch[], holds: Holds): ModuleElement | null {
  const patch = patches.find(({ declarationRange }) => holds(declarationRange));
  return patch ? { kind: 'patch', patch, range: patch.nameRange } : null;
}

/** Every place where a function is named as a callback, whether in an object or in callbacks that stand on their own. */
export function callbackUses(module: LivepatchModule): CallbackUse[] {
  const objects = module.objectTables.flatMap((table) => table.entries);
  const inObjects = objects.flatMap((object) => usesOf(object.callbacks, object));
  const known = new Set(inObjects.map(({ reference }) => reference.range.start));
  const alone = module.callbackSets
    .flatMap((callbacks) => usesOf(callbacks, null))
    .filter(({ reference }) => !known.has(reference.range.start));
  return [...inObjects, ...alone];
}

function usesOf(callbacks: KlpCallbacks, object: KlpObject | null): CallbackUse[] {
  return CALLBACK_NAMES.flatMap((name) => {
    const reference = knownValue(callbacks[name]);
    return reference ? [{ name, reference, object }] : [];
  });
}

function fieldAt({ fields }: KlpInitialiser, holds: Holds): FieldInitialiser | null {
  const found = fields.filter(({ nameRange, valueRange }) => holds(nameRange) || holds(valueRange));
  // The innermost: `.callbacks = { … }` may be listed beside `callbacks.pre_patch`.
  return found.sort((a, b) => length(a.valueRange) - length(b.valueRange))[0] ?? null;
}

function shownRange({ nameRange, valueRange }: FieldInitialiser, holds: Holds): SourceRange {
  return holds(nameRange) ? nameRange : valueRange;
}

function isCallbackField({ name }: FieldInitialiser): boolean {
  return name.startsWith('callbacks.');
}

function structOfField(field: FieldInitialiser): KlpStruct {
  return isCallbackField(field) ? 'klp_callbacks' : 'klp_object';
}

function within(inner: SourceRange, outer: SourceRange): boolean {
  return inner.file === outer.file && outer.start <= inner.start && inner.end <= outer.end;
}

function length({ start, end }: SourceRange): number {
  return end - start;
}
