/**
 * What is known about the target kernel, as rules and features ask for it. Pure and in memory: loading, watching and
 * combining the sources is for the hosts. Every answer may be "not known": nothing is ever concluded from a source
 * that was not given.
 */
export interface KernelKnowledge {
  /** For people: "kallsyms of 6.12.117+deb12-cloud-amd64" or "built-in reference kernel, Debian 6.12.117". */
  readonly label: string;
  /**
   * True when all of it is the built-in reference kernel, not the user's: findings that rest on it say so and are never
   * errors.
   */
  readonly reference: boolean;
  /**
   * How far a name that is not listed for this object is known not to exist: `complete` when the source lists every
   * symbol of the object, `partial` when it lists some (only traceable functions, only exports), `none` when the
   * object's symbols are not known at all (a module that was not loaded when /proc/kallsyms was copied).
   * `object` is null for vmlinux.
   */
  coverage(object: string | null): 'complete' | 'partial' | 'none';
  /**
   * All symbols of exactly this name in the object, data included, in the order in which `old_sympos` counts them
   * (vmlinux: ascending address; modules: symbol table): the first has sympos 1. Empty when there is none.
   *
   * What is known of a module from its file has its `__init` symbols, too, and counts them: so does the kernel while the
   * module loads. Once it is loaded they are gone, and what kallsyms tells does not have them.
   */
  lookup(name: string, object: string | null): readonly KernelSymbol[];
  /** The same name wherever it is: vmlinux first, then modules by name. */
  everywhere(name: string): readonly KernelSymbol[];
  /** What the compiler made of this function: `name.isra.0`, `name.constprop.0`, `name.part.0`, `name.cold`… */
  variants(name: string, object: string | null): readonly KernelSymbol[];
  /** Functions whose name matches what somebody has typed so far, best first (exact, prefix, word starts, subsequence). */
  search(typed: string, object: string | null, limit: number): readonly KernelSymbol[];
  /** The listed function whose name looks most like this one; null when none is near. */
  closest(name: string, object: string | null): string | null;
  /** Modules that this kernel has, loaded or as files, sorted, in the spelling of `mod->name` (with `_`). */
  modules(): readonly string[];
  /** Whether the kernel has code of that module built in: `true`, `false`, or null when not known. */
  isBuiltIn(module: string): boolean | null;
  /** The C prototype from BTF; null when BTF is not there or has no such function (or several that differ). */
  prototype(name: string, object: string | null): Prototype | null;
  /** Size and members of a struct or union from BTF; null when not known. */
  layout(structName: string): StructLayout | null;
}

export interface KernelSymbol {
  readonly name: string;
  /** Null: vmlinux. */
  readonly module: string | null;
  /** What `old_sympos` must be to mean this one: counts all symbols of the name in the object, from 1. */
  readonly position: number;
  /** `function` for type letters t, T, w, W; `data` for the others. */
  readonly kind: 'function' | 'data';
  /** Bytes; null when not known. */
  readonly size: number | null;
  /** Global as opposed to static; null when not known. */
  readonly global: boolean | null;
  /** Whether it is `__init` code or data, which is freed once the kernel or the module has started; null when not known. */
  readonly init: boolean | null;
  /** Whether ftrace can hook it (available_filter_functions lists it); null when that list was not given. */
  readonly traceable: boolean | null;
  /** EXPORT_SYMBOL, EXPORT_SYMBOL_GPL or not exported; null when not known. */
  readonly exported: 'yes' | 'gpl' | 'no' | null;
  /** EXPORT_SYMBOL_NS; null when none or not known. */
  readonly namespace: string | null;
}

export interface Prototype {
  /** As C writes it, without the name: `struct page *(struct folio *, unsigned int)`. */
  readonly text: string;
  readonly returns: string;
  readonly parameters: readonly Parameter[];
  readonly variadic: boolean;
  /** Static functions have none of the header's guarantees; null when not known. */
  readonly linkage: 'static' | 'global' | null;
}

export interface Parameter {
  /** Null when BTF gives none. */
  readonly name: string | null;
  /** As C writes it: `const struct path *`. */
  readonly type: string;
}

export interface StructLayout {
  readonly name: string;
  readonly kind: 'struct' | 'union';
  /** Bytes. */
  readonly size: number;
  readonly members: readonly StructMember[];
}

export interface StructMember {
  /** Null for anonymous members. */
  readonly name: string | null;
  readonly type: string;
  /** Bits from the struct's start. */
  readonly offset: number;
}
