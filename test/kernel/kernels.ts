import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Kernels that the suite can run on without more being said. */
export const ALL_KERNELS: readonly string[] = ['6.1', '6.12'];

/** Those that it runs on; the environment variable KLP_KERNELS (`6.12`, or `6.1,6.12`) chooses. */
export const KERNELS: readonly string[] = process.env.KLP_KERNELS?.split(',') ?? ALL_KERNELS;

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Fetched kernels, built modules and guest programs. Outside git. */
export const CACHE = join(ROOT, '.cache', 'kernels');

/** What was measured, for the page that `npm run fidelity` writes. */
export const RESULTS = join(ROOT, '.cache', 'kernels', 'results');

/** Only as much as every change is tested with; `npm run test:kernel` runs everything. See scripts/test.mjs. */
export const SAMPLE = process.env.KLP_SAMPLE === '1';
