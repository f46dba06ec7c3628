import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import type { KernelKnowledge } from '../kernel/knowledge.ts';
import { referenceKnowledge } from '../kernel/reference-kernel.ts';

/**
 * Loads the built-in reference kernel from `reference-kernel/` in `folder`, which is beside the bundle.
 *
 * @param asOwn see referenceKnowledge
 * @throws Error when the installation is not complete
 */
export async function loadReferenceKernel(folder: string, { asOwn = false } = {}): Promise<KernelKnowledge> {
  const symbols = await readFile(join(folder, 'reference-kernel', 'symbols.br'));
  return referenceKnowledge(await promisify(brotliDecompress)(symbols), { asOwn });
}
