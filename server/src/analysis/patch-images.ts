import {
  CALLBACK_NAMES,
  type CallbackImage,
  type CallbackName,
  type Condition,
  type FuncImage,
  type FunctionDefinition,
  type KlpFunc,
  type KlpObject,
  type KlpPatch,
  type KlpState,
  type KlpTable,
  type LivepatchModule,
  type ModuleParam,
  type ObjectImage,
  type PatchImage,
  type ShadowUse,
  type SourceRange,
  type StateImage,
  type TableReference,
  type Value,
} from '../../../shared/src/model/index.ts';
import { shadowUses } from './shadow-uses.ts';

/**
 * What the kernel would be given for each klp_patch of the module: every unknown is decided, and `assumptions` says how.
 * Tables end where the loops of include/linux/livepatch.h and kernel/livepatch/ end them: objects at an entry without
 * name and funcs, functions at one without old_name, new_func and old_sympos, states at id 0. Of `#if` groups the first
 * arm counts.
 */
export function patchImages(module: LivepatchModule): PatchImage[] {
  const images: PatchImage[] = [];
  const seen = new Set<string>();
  const functions = new Map<string, FunctionDefinition[]>();
  for (const definition of module.functions) {
    const known = functions.get(definition.name);
    if (known) known.push(definition);
    else functions.set(definition.name, [definition]);
  }
  for (const patch of module.patches) {
    // Definitions of one name in several arms of an #if: the first counts.
    if (patch.storage.extern || seen.has(patch.name)) continue;
    seen.add(patch.name);
    images.push(new ImageBuilder(module, functions).image(patch));
  }
  return images;
}

class ImageBuilder {
  private readonly module: LivepatchModule;
  private readonly functions: ReadonlyMap<string, readonly FunctionDefinition[]>;
  private readonly assumptions = new Set<string>();

  constructor(module: LivepatchModule, functions: ReadonlyMap<string, readonly FunctionDefinition[]>) {
    this.module = module;
    this.functions = functions;
    if (!module.complete) this.assume(`Not all of the module was read: ${module.incompleteBecause.join('; ')}.`);
  }

  image(patch: KlpPatch): PatchImage {
    const { module } = this;
    this.applies(patch.conditions, true);
    const replace = this.decide(patch.replace, `${patch.name}.replace`, false);
    const replaceable =
      patch.replaceable.kind === 'absent' ? null : this.decide(patch.replaceable, `${patch.name}.replaceable`, true);
    return {
      module: module.name,
      variable: patch.name,
      livepatchMark: module.moduleInfos.some(({ tag }) => tag === 'livepatch'),
      hasExit: module.exit.length > 0,
      ...this.exit(),
      replace,
      ...this.replaceParameter(patch),
      replaceable,
      ...this.replaceSet(patch),
      states: this.states(patch.states),
      objects: this.objects(patch),
      assumptions: [...this.assumptions],
      source: patch.nameRange,
    };
  }

  /** Only where it is written: released kernels have no such field. */
  private replaceSet(patch: KlpPatch): { replaceSet?: number } {
    if (patch.replaceSet.kind === 'absent') return {};
    return { replaceSet: this.decide(patch.replaceSet, `${patch.name}.replace_set`, 0) };
  }

  /** `patch.replace = parameter;` in the module's code. */
  private replaceParameter(patch: KlpPatch): { replaceParameter?: string; replace?: boolean } {
    const writes = this.module.runtimeWrites.filter(({ target }) => target === `${patch.name}.replace`);
    const [only] = writes;
    const parameter = writes.length === 1 ? this.parameterIn(only?.valueText) : undefined;
    if (parameter === undefined) return {};
    const { name, initial } = parameter;
    return { replaceParameter: name, ...(initial.kind === 'known' ? { replace: initial.value !== 0 } : {}) };
  }

  /** The module parameter whose variable an expression is, in parentheses or not. */
  private parameterIn(expression: string | undefined): ModuleParam | undefined {
    const text = expression?.replace(/^[\s(]+|[\s)]+$/g, '');
    return this.module.moduleParams.find(({ variable }) => variable === text);
  }

  private assume(sentence: string): void {
    this.assumptions.add(sentence);
  }

  /** Whether what stands under these conditions is part of the image. */
  private applies(conditions: readonly Condition[], always = false): boolean {
    for (const { arm, text } of conditions) {
      if (arm === 0) this.assume(`"#if ${text}" is taken as true.`);
      else if (!always) return false;
    }
    return true;
  }

  private decide<T extends string | number | boolean>(value: Value<T>, what: string, otherwise: T): T {
    if (value.kind === 'known') return value.value;
    if (value.kind === 'absent') return otherwise;
    const decided = typeof value.likely === typeof otherwise ? (value.likely as T) : otherwise;
    this.assume(`${what} is taken as ${JSON.stringify(decided)}: ${value.why}.`);
    return decided;
  }

  private table<T>(reference: TableReference<T>, what: string): KlpTable<T> | null {
    if (reference.kind === 'absent' || reference.kind === 'null') return null;
    const table = reference.kind === 'known' ? reference.table : (reference.likely ?? null);
    if (reference.kind === 'unknown') {
      this.assume(
        table
          ? `${what}: the first definition counts, ${reference.why}.`
          : `${what} is taken as empty: ${reference.why}.`,
      );
    }
    if (table?.open) this.assume(`${what} may have more entries than are written there.`);
    return table;
  }

  /** Visits a table's entries until `visit` says that the kernel stops there. */
  private walk<T extends { readonly conditions: readonly Condition[] }>(
    reference: TableReference<T>,
    what: string,
    visit: (entry: T) => 'ends' | 'goes on',
  ): void {
    const table = this.table(reference, what);
    for (const entry of table?.entries ?? []) {
      if (this.applies(entry.conditions) && visit(entry) === 'ends') return;
    }
    if (table?.terminated === 'no') this.assume(`${what} has no terminating entry; zeros are assumed to follow it.`);
  }

  private states(reference: KlpPatch['states']): StateImage[] {
    const states: StateImage[] = [];
    this.walk<KlpState>(reference, 'The table of states', (state) => {
      const id = this.decide(state.id, 'A state id', 0);
      if (id === 0) return 'ends';
      states.push({ id, version: this.decide(state.version, `The version of state ${id}`, 0) });
      return 'goes on';
    });
    return states;
  }

  private objects(patch: KlpPatch): ObjectImage[] {
    const objects: ObjectImage[] = [];
    this.walk<KlpObject>(patch.objs, `The table of objects of ${patch.name}`, (object) => {
      const named = object.name.kind !== 'absent' && !(object.name.kind === 'known' && object.name.value === null);
      const hasFuncs = object.funcs.kind === 'known' || object.funcs.kind === 'unknown';
      if (named || hasFuncs) {
        objects.push(this.object(object, named));
        return 'goes on';
      }
      if (!object.terminator) {
        this.assume('An object with neither name nor funcs ends the table, as it does in the kernel.');
      }
      return 'ends';
    });
    return objects;
  }

  private object(object: KlpObject, named: boolean): ObjectImage {
    const name = named
      ? this.decide<string>(object.name as Value<string>, 'The name of an object', this.textOf(object.name))
      : null;
    const where = name === null ? 'vmlinux' : `"${name}"`;
    if (object.funcs.kind === 'absent' || object.funcs.kind === 'null') {
      this.assume(`Object ${where} has no funcs; it is shown with an empty table, the kernel rejects it.`);
    }
    const callbacks: { [callback in CallbackName]?: CallbackImage } = {};
    for (const callback of CALLBACK_NAMES) {
      const image = this.callback(object, callback, where);
      if (image) callbacks[callback] = image;
    }
    const source = nameSource(object);
    return { name, funcs: this.funcs(object, where), callbacks, source };
  }

  private funcs(object: KlpObject, where: string): FuncImage[] {
    const funcs: FuncImage[] = [];
    this.walk<KlpFunc>(object.funcs, `The table of functions of ${where}`, (func) => {
      if (func.terminator) return 'ends';
      const oldName = this.decide(func.oldName, 'An old_name', this.textOf(func.oldName));
      const newFunc = func.newFunc.kind === 'known' ? func.newFunc.value.name : this.textOf(func.newFunc);
      if (func.newFunc.kind === 'unknown') {
        this.assume(`The new_func of ${oldName} is taken as ${newFunc}: ${func.newFunc.why}.`);
      }
      funcs.push({
        oldName,
        newFunc,
        oldSympos: this.decide(func.oldSympos, `The old_sympos of ${oldName}`, 0),
        source: func.oldName.kind === 'absent' ? func.range : func.oldName.range,
        newFuncSource: this.definition(newFunc)?.nameRange ?? null,
        ...this.shadow(this.definition(newFunc)),
      });
      return 'goes on';
    });
    return funcs;
  }

  private callback(object: KlpObject, name: CallbackName, where: string): CallbackImage | null {
    const value = object.callbacks[name];
    if (value.kind === 'absent') return null;
    if (value.kind === 'unknown') {
      this.assume(`${name} of ${where} is left out: ${value.why}.`);
      return null;
    }
    const definition = this.definition(value.value.name);
    const source = definition?.nameRange ?? value.range;
    const image = { function: value.value.name, source, ...this.shadow(definition) };
    if (name !== 'pre_patch') return { ...image, returns: 0, returnKnown: true };
    return { ...image, ...this.returnOf(value.value.name, definition) };
  }

  /** What pre_patch returns: its only constant, else a module parameter (by default its variable's initial value), else 0. */
  private returnOf(
    name: string,
    definition: FunctionDefinition | undefined,
  ): { returns: number; returnKnown: boolean; returnsParameter?: string } {
    const values = definition?.returns.map(({ value }) => (value.kind === 'known' ? value.value : null)) ?? [null];
    const [first] = values;
    if (typeof first === 'number' && values.every((value) => value === first))
      return { returns: first, returnKnown: true };
    const parameters = new Set(definition?.returns.map(({ text }) => this.parameterIn(text)));
    const [parameter] = parameters;
    const initial = parameters.size === 1 && parameter?.initial.kind === 'known' ? parameter.initial.value : 0;
    this.assume(`${name}() is taken to return ${initial}.`);
    if (parameters.size !== 1 || !parameter) return { returns: 0, returnKnown: false };
    return { returns: initial, returnKnown: false, returnsParameter: parameter.name };
  }

  private exit(): Pick<PatchImage, 'exit'> {
    const name = this.module.exit[0]?.function;
    const definition = name === undefined ? undefined : this.definition(name);
    const shadow = definition === undefined ? [] : shadowUses(this.module, definition);
    return name === undefined || shadow.length === 0 ? {} : { exit: { function: name, shadow } };
  }

  private shadow(definition: FunctionDefinition | undefined): { shadow?: readonly ShadowUse[] } {
    const shadow = definition === undefined ? [] : shadowUses(this.module, definition);
    return shadow.length === 0 ? {} : { shadow };
  }

  private definition(name: string): FunctionDefinition | undefined {
    const all = this.functions.get(name) ?? [];
    return all.find(({ conditions }) => conditions.every(({ arm }) => arm === 0)) ?? all[0];
  }

  /** What is written where the value stands: the best name for something whose value is not known. */
  private textOf(value: Value<unknown>): string {
    if (value.kind !== 'unknown') return '';
    const { file, start, end } = value.range;
    const text = this.module.files.find((source) => source.file === file)?.text.slice(start, end) ?? '';
    return text.replace(/\s+/g, ' ').trim();
  }
}

function nameSource(object: KlpObject): SourceRange {
  return object.name.kind === 'absent' ? object.range : object.name.range;
}
