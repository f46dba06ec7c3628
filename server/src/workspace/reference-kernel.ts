import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import type { KernelKnowledge } from '../kernel/knowledge.ts';
import { referenceKnowledge } from '../kernel/reference-kernel.ts';
import { inTurns } from './in-turns.ts';

/**
 * Loads the built-in reference kernel from `reference-kernel/` in `folder`, which is beside the bundle.
 *
 * @param asOwn see referenceKnowledge
 * @throws Error when the installation is not complete
 */
export async function loadReferenceKernel(folder: string, { asOwn = false } = {}): Promise<KernelKnowledge> {
  const read = async (name: string) =>
    promisify(brotliDecompress)(await readFile(join(folder, 'reference-kernel', name)));
  const [symbols, types] = await Promise.all([read('symbols.br'), read('types.br')]);
  return inTurns(referenceKnowledge(symbols, types, { asOwn }));
}
