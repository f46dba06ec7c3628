/** Writes docs/rules/ from the rules' files: `npm run docs`. A unit test fails when the pages are not up to date. */
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = join(root, '.cache/rule-docs.mjs');

// The rules are TypeScript, which Node 20 does not read by itself.
await build({
  absWorkingDir: root,
  entryPoints: ['scripts/rule-docs/write.ts'],
  outfile: bundle,
  bundle: true,
  platform: 'node',
  format: 'esm',
  packages: 'external',
  logLevel: 'warning',
});
const { writeRuleDocs } = await import(pathToFileURL(bundle).href);
console.log(`docs/rules: ${await writeRuleDocs(root)} pages`);
