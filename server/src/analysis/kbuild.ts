/** A module that a Kbuild file or Makefile builds, with the names of its C files without suffix. */
export interface KbuildModule {
  readonly name: string;
  readonly units: readonly string[];
}

/**
 * Reads `obj-m += foo.o`, `foo-y := a.o b.o` and `foo-objs := a.o b.o` (also `obj-$(CONFIG_X)` and `foo-$(CONFIG_X)`).
 * A module without a list of its own is made of the file with its name. Everything else is passed over. Units keep a
 * folder in front of them: `sub/a`.
 */
export function readKbuild(text: string): { modules: { name: string; units: string[] }[] } {
  const lists = new Map<string, string[]>();
  const modules = new Set<string>();
  const lines = text.replace(/\\\r?\n/g, ' ').split(/\r?\n/);
  for (const line of lines) {
    const match = /^[ \t]*([\w./-]+)-(m|y|objs|\$[({]\w+[)}])[ \t]*[:+?]?:?=[ \t]*([^#]*)/.exec(line);
    if (!match?.[1] || match[2] === undefined) continue;
    const objects = [...(match[3] ?? '').matchAll(/(?:^|\s)([\w./-]+)\.o(?=\s|$)/g)].map((found) => found[1] as string);
    if (match[1] === 'obj') {
      // obj-y is built into the kernel, where a livepatch can't be.
      if (match[2] !== 'y') for (const object of objects) modules.add(object);
    } else lists.set(match[1], [...(lists.get(match[1]) ?? []), ...objects]);
  }
  return {
    modules: [...modules].map((name) => ({ name, units: lists.get(name) ?? [name] })),
  };
}
