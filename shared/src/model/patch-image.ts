import type { CallbackName } from './livepatch-module.ts';
import type { SourceRange } from './value.ts';

/**
 * What the kernel would be given when the module's init function calls klp_enable_patch(): plain values, all unknowns
 * decided. The simulator's input. `assumptions` says, for people, what had to be assumed to get here.
 */
export interface PatchImage {
  /** Module name: the name of the sysfs directory and of the log lines. */
  readonly module: string;
  /** The klp_patch variable, null when the module has none. */
  readonly variable: string | null;
  /** MODULE_INFO(livepatch, …) is there. */
  readonly livepatchMark: boolean;
  /** A module_exit function is there: without one rmmod always fails. */
  readonly hasExit: boolean;
  /** What that function does with shadow variables. Absent: nothing. */
  readonly exit?: { readonly function: string; readonly shadow: readonly ShadowUse[] };
  /** Pointers that are NULL, for which klp_enable_patch() returns -EINVAL at once. Absent: none. */
  readonly nullFields?: readonly ('mod' | 'objs')[];
  readonly replace: boolean;
  /** Module parameter that the module's code writes into `.replace` before it enables the patch; `replace` is then its default. */
  readonly replaceParameter?: string;
  /** Hybrid mode RFC: false keeps this patch when another one replaces. Released kernels ignore it. Null when not written. */
  readonly replaceable: boolean | null;
  /** Proposals of 2026: the set that this patch replaces and is replaced in (or, in drafts, the tag). Absent or null: not written. */
  readonly replaceSet?: number | null;
  /** Talk of June 2026: sets that it replaces beside its own, as a module parameter names them. Absent: none. */
  readonly namedSets?: readonly number[];
  readonly states: readonly StateImage[];
  readonly objects: readonly ObjectImage[];
  /** Livepatch relocations, in the order of their sections. Absent: none are known. */
  readonly relocations?: readonly RelocationImage[];
  readonly assumptions: readonly string[];
  /** The klp_patch variable's name in the source; null for images that no source stands behind. */
  readonly source: SourceRange | null;
}

/** One entry of a `.klp.rela.OBJECT.SECTION` section. */
export interface RelocationImage {
  /** OBJECT; null is vmlinux. */
  readonly object: string | null;
  /** `.klp.sym.OBJECT.NAME,SYMPOS` */
  readonly symbol: { readonly object: string | null; readonly name: string; readonly sympos: number };
  /** What the tool that built the module got wrong, with the name as it stands there. Absent: nothing. */
  readonly fault?: { readonly of: 'section' | 'symbol' | 'mark'; readonly name: string };
}

export interface StateImage {
  readonly id: number;
  readonly version: number;
}

export interface ObjectImage {
  /** Null is vmlinux. */
  readonly name: string | null;
  readonly funcs: readonly FuncImage[];
  /** `.funcs` is NULL. Absent: it is not. */
  readonly nullFields?: readonly 'funcs'[];
  readonly callbacks: { readonly [name in CallbackName]?: CallbackImage };
  readonly source: SourceRange | null;
}

export interface FuncImage {
  readonly oldName: string;
  readonly newFunc: string;
  readonly oldSympos: number;
  /** Pointers that are NULL. Absent: none. */
  readonly nullFields?: readonly ('old_name' | 'new_func')[];
  /** `.new_func` points to no code: a string, a variable. Absent: it does. */
  readonly newFuncIsData?: true;
  /** The entry's `.old_name` value. */
  readonly source: SourceRange | null;
  /** The replacement's definition. */
  readonly newFuncSource: SourceRange | null;
  /** What the replacement does with shadow variables, in source order. Absent: nothing. */
  readonly shadow?: readonly ShadowUse[];
}

/** A call of the shadow variable API (kernel/livepatch/shadow.c). */
export interface ShadowUse {
  readonly call: 'get' | 'alloc' | 'get_or_alloc' | 'free' | 'free_all';
  /** The number; what is written there when that can't be evaluated (the same text is taken as the same number). */
  readonly id: number | string;
  /** An object of the kernel that is always there (`&init_task`); null when it is not known which one. */
  readonly object: string | null;
  /** What the constructor returns; absent: 0, or there is none. */
  readonly constructs?: number;
  readonly source: SourceRange | null;
}

export interface CallbackImage {
  readonly function: string;
  /** What it returns (pre_patch only; 0 for the others). */
  readonly returns: number;
  /** Module parameter whose value it returns; `returns` is then its default. */
  readonly returnsParameter?: string;
  /** False when `returns` is an assumption. */
  readonly returnKnown: boolean;
  /** What it does with shadow variables, in source order. Absent: nothing. */
  readonly shadow?: readonly ShadowUse[];
  readonly source: SourceRange | null;
}
