import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { referenceKnowledge } from '../../server/src/kernel/reference-kernel.ts';
import { finish } from '../../server/src/kernel/steps.ts';

/** A file of the built-in reference kernel, decompressed. */
export function referenceFile(name: 'symbols' | 'types'): Uint8Array {
  return brotliDecompressSync(readFileSync(new URL(`../../data/reference-kernel/${name}.br`, import.meta.url)));
}

/** The built-in reference kernel, Linux 6.12, as if it were the user's own: rules say of it what they say of others. */
export const REFERENCE_KERNEL = finish(
  referenceKnowledge(referenceFile('symbols'), referenceFile('types'), { asOwn: true }),
);
