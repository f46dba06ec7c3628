/** Writes schemas/klpsim.schema.json: `npm run schema`. A unit test fails when it is not up to date. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = join(root, '.cache/scenario-schema.mjs');

// The schema is TypeScript, which Node 20 does not read by itself.
await build({
  absWorkingDir: root,
  entryPoints: ['shared/src/scenario/schema.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  logLevel: 'warning',
});
const { SCENARIO_SCHEMA } = await import(pathToFileURL(bundle).href);
await writeFile(join(root, 'schemas/klpsim.schema.json'), `${JSON.stringify(SCENARIO_SCHEMA, null, 2)}\n`);
