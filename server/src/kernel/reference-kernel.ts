import type { KernelKnowledge } from './knowledge.ts';
import { decodeReference } from './reference-format.ts';
import { type Coverage, TableKnowledge } from './table-knowledge.ts';

/**
 * What the built-in reference kernel knows.
 *
 * @param symbols its file of symbols, decompressed
 * @param asOwn whether to treat it as the user's own kernel: tests do, so that rules say of it what they say of others
 * @throws Error when the bytes are something else: they are a part of the program
 */
export function referenceKnowledge(symbols: Uint8Array, { asOwn = false } = {}): KernelKnowledge {
  const { label, table, objects } = decodeReference(symbols);
  return new TableKnowledge({
    label: `built-in reference kernel, ${label}`,
    reference: !asOwn,
    tables: new Map(objects.map((object) => [object, table])),
    details: new Map(),
    coverage: new Map<string | null, Coverage>(objects.map((object) => [object, 'complete'])),
    modules: new Set(objects.filter((object) => object !== null)),
    builtIn: null,
    types: new Map(),
  });
}
