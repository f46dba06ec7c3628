/** npm run fuzz [-- --minutes N --seed S]: breaks whatever the program reads, and looks that it bears it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNpmPackages, requireNode } from './lib/install.mjs';
import { progress, run, runMain } from './lib/terminal.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const here = join(root, '.cache', 'fuzz');

await runMain(async () => {
  requireNode();
  await installNpmPackages(root, root, 'npm packages');
  await progress('Building', async () => {
    const { build } = await import('esbuild');
    await build({
      absWorkingDir: root,
      entryPoints: ['test/fuzz/main.ts'],
      outdir: here,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      sourcemap: 'inline',
      // As in esbuild.mjs: the forms of these packages that a CommonJS bundle can hold.
      alias: {
        'web-tree-sitter': join(root, 'node_modules', 'web-tree-sitter', 'web-tree-sitter.cjs'),
        'jsonc-parser': join(root, 'node_modules', 'jsonc-parser', 'lib', 'esm', 'main.js'),
      },
      logLevel: 'warning',
    });
    const { copyFile } = await import('node:fs/promises');
    for (const file of ['web-tree-sitter/web-tree-sitter.wasm', 'tree-sitter-c/tree-sitter-c.wasm']) {
      await copyFile(join(root, 'node_modules', file), join(here, file.split('/')[1]));
    }
  });
  const flags = process.argv.slice(2);
  return run(process.execPath, ['--enable-source-maps', join(here, 'main.js'), root, here, ...flags]);
});
