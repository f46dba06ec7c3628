import type {
  CallbackImage,
  CallbackName,
  FuncImage,
  ObjectImage,
  PatchImage,
  ShadowUse,
  StateImage,
} from '../model/index.ts';

/**
 * The kernel's own structures of a loaded patch (include/linux/livepatch.h), with the internal fields that
 * klp_enable_patch() fills in.
 */
export interface KlpPatch {
  readonly module: string;
  readonly replace: boolean;
  /** Hybrid mode RFC only: whether an atomic replace may remove it. */
  replaceable: boolean;
  /** Proposals of 2026 only: the set or tag that it is in; null when it says none. */
  readonly replaceSet: number | null;
  /** Talk of June 2026 only: further sets that it replaces. */
  readonly namedSets: readonly number[];
  readonly states: readonly StateImage[];
  /** Static objects in the order written, then dynamic ones. */
  objects: KlpObject[];
  enabled: boolean;
  forced: boolean;
}

export interface KlpObject {
  readonly patch: KlpPatch;
  /** Null is vmlinux. */
  readonly name: string | null;
  funcs: KlpFunc[];
  readonly callbacks: { readonly [name in CallbackName]?: CallbackImage };
  /** `obj->mod`: for a module, whether it is loaded. Vmlinux always is. */
  loaded: boolean;
  /** Its functions are registered. */
  patched: boolean;
  /** Made by the kernel to hold nops. */
  readonly dynamic: boolean;
  /** pre_patch returned 0 and post_unpatch has not run since. */
  postUnpatchEnabled: boolean;
  /** Its directory is in sysfs. */
  added: boolean;
  /** Names of its functions' directories there. */
  readonly entries: Set<string>;
}

export interface KlpFunc {
  readonly object: KlpObject;
  readonly oldName: string;
  readonly newFunc: string;
  readonly oldSympos: number;
  /** A nop of an atomic replace: runs the original. */
  readonly nop: boolean;
  readonly nullFields: readonly ('old_name' | 'new_func')[];
  readonly newFuncIsData: boolean;
  patched: boolean;
  transition: boolean;
  /** The frame that the original shows on a stack; null while its object is not loaded (`old_func`). */
  oldFrame: string | null;
  /** The frame that the replacement shows on a stack. For a nop it is the original's. */
  newFrame: string | null;
  /** False when ftrace finds no place in the original. */
  traceable: boolean;
  /** Somebody else than livepatch has the original (FTRACE_OPS_FL_IPMODIFY). */
  taken: boolean;
  /** What the replacement does with shadow variables. */
  readonly shadow: readonly ShadowUse[];
  added: boolean;
}

/** The stack of replacements of one function (`struct klp_ops`), newest first. */
export interface KlpOps {
  readonly object: string | null;
  readonly oldName: string;
  readonly oldFrame: string;
  readonly funcStack: KlpFunc[];
}

/** The patch that klp_enable_patch() gets, from the image of its source. */
export function makePatch(image: PatchImage): KlpPatch {
  const patch: KlpPatch = {
    module: image.module,
    replace: image.replace,
    replaceable: image.replaceable ?? false,
    replaceSet: image.replaceSet ?? null,
    namedSets: image.namedSets ?? [],
    states: image.states,
    objects: [],
    enabled: false,
    forced: false,
  };
  for (const object of image.objects) patch.objects.push(makeObject(patch, object));
  return patch;
}

function makeObject(patch: KlpPatch, image: ObjectImage): KlpObject {
  const object = emptyObject(patch, image.name, image.callbacks, false);
  for (const func of image.funcs) object.funcs.push(makeFunc(object, func));
  return object;
}

/** klp_alloc_object_dynamic(): an object that holds nops only. */
export function makeDynamicObject(patch: KlpPatch, name: string | null): KlpObject {
  return emptyObject(patch, name, {}, true);
}

function emptyObject(
  patch: KlpPatch,
  name: string | null,
  callbacks: KlpObject['callbacks'],
  dynamic: boolean,
): KlpObject {
  return {
    patch,
    name,
    funcs: [],
    callbacks,
    loaded: false,
    patched: false,
    dynamic,
    postUnpatchEnabled: false,
    added: false,
    entries: new Set(),
  };
}

function makeFunc(object: KlpObject, image: FuncImage): KlpFunc {
  return {
    object,
    oldName: image.oldName,
    newFunc: image.newFunc,
    oldSympos: image.oldSympos,
    nop: false,
    nullFields: image.nullFields ?? [],
    newFuncIsData: image.newFuncIsData === true,
    patched: false,
    transition: false,
    oldFrame: null,
    newFrame: null,
    traceable: true,
    taken: false,
    shadow: image.shadow ?? [],
    added: false,
  };
}

/** klp_alloc_func_nop(): runs the original again where the replaced patch changed it. */
export function makeNop(object: KlpObject, old: KlpFunc): KlpFunc {
  return {
    object,
    oldName: old.oldName,
    newFunc: old.oldName,
    oldSympos: old.oldSympos,
    nop: true,
    nullFields: [],
    newFuncIsData: false,
    patched: false,
    transition: false,
    oldFrame: null,
    newFrame: null,
    traceable: true,
    taken: false,
    shadow: [],
    added: false,
  };
}

/** klp_is_object_loaded() */
export function isObjectLoaded(object: KlpObject): boolean {
  return object.name === null || object.loaded;
}

/** As the log and sysfs name an object. */
export function objectName(object: { readonly name: string | null }): string {
  return object.name ?? 'vmlinux';
}

/** As sysfs names a function: `name,position`; position 0 and 1 are the same. */
export function funcEntryName(func: KlpFunc): string {
  return `${func.oldName},${func.oldSympos === 0 ? 1 : func.oldSympos}`;
}

/** As /proc/PID/stack shows a function, without offsets: `name`, or `name [module]`. */
export function frameOf(name: string, module: string | null): string {
  return module === null ? name : `${name} [${module}]`;
}
