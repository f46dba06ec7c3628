import { describe, expect, it } from 'vitest';
import { EXAMPLE_KERNEL, EXAMPLE_NAMES } from '../../../server/src/analysis/rules/example-kernel.ts';
import type { KernelSymbol } from '../../../server/src/kernel/knowledge.ts';
import { REFERENCE_KERNEL } from '../../support/reference-kernel.ts';

// What the rules' examples are judged against must be so on a real kernel: the built-in one was read from one that ran.
describe('the kernel of the rules’ examples has what Linux 6.12 has', () => {
  it.each(EXAMPLE_NAMES.symbols)('$name of $object', ({ name, object }) => {
    const ours = EXAMPLE_KERNEL.lookup(name, object);
    const theirs = REFERENCE_KERNEL.lookup(name, object);
    expect(ours.map(claims)).toEqual(theirs.map((symbol, index) => only(claims(symbol), claims(ours[index]))));
    expect(ours).not.toEqual([]);
  });

  it.each(EXAMPLE_NAMES.prototypes)('the prototype of %s', (name) => {
    const { linkage, ...ours } = EXAMPLE_KERNEL.prototype(name, null) ?? {};
    expect(linkage).toBeNull();
    expect(REFERENCE_KERNEL.prototype(name, null)).toMatchObject(ours);
  });

  it.each(EXAMPLE_NAMES.structures)('the layout of struct %s', (name) => {
    expect(EXAMPLE_KERNEL.layout(name)).toEqual(REFERENCE_KERNEL.layout(name));
  });

  it.each(EXAMPLE_NAMES.builtIn)('%s as a part of vmlinux', (name) => {
    expect(REFERENCE_KERNEL.isBuiltIn(name)).toBe(true);
  });
});

/** What is said of a symbol: null says nothing, and of data nobody asks whether ftrace could hook it. */
function claims(symbol: KernelSymbol | undefined): Record<string, unknown> {
  const said = Object.entries(symbol ?? {}).filter(([key, value]) => {
    if (key === 'namespace') return symbol?.exported !== null;
    if (key === 'traceable') return symbol?.kind === 'function' && value !== null;
    return value !== null || key === 'module';
  });
  return Object.fromEntries(said);
}

/** Those of `facts` of which `ours` says something. */
function only(facts: Record<string, unknown>, ours: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).filter(([key]) => key in ours));
}
