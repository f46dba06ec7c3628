import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';
import { referenceKnowledge } from '../../server/src/kernel/reference-kernel.ts';

const symbols = brotliDecompressSync(readFileSync(new URL('../../data/reference-kernel/symbols.br', import.meta.url)));

/** The built-in reference kernel, Linux 6.12, as if it were the user's own: rules say of it what they say of others. */
export const REFERENCE_KERNEL = referenceKnowledge(symbols, { asOwn: true });
