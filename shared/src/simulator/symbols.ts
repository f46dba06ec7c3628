/**
 * What is known about the symbols of the machine's kernel. Without it every `old_name` is taken to exist once and to be
 * traceable, which a run lists among its assumptions.
 */
export interface SymbolTable {
  /**
   * The symbols called `name` in vmlinux (`object` null) or in a module, in the order that `old_sympos` counts. Null when
   * the table knows nothing about that object.
   */
  find(object: string | null, name: string): readonly SymbolMatch[] | null;
}

export interface SymbolMatch {
  /** Whether ftrace has a place in it (`ftrace_location()`): false for notrace, noinstr, assembly and data. */
  readonly traceable: boolean;
  /** Somebody else changes where its calls go already (a kprobe with a post_handler): ftrace lets one do that. */
  readonly taken?: boolean;
}
