/** npm run bench [-- --quick]: builds for production and prints how fast it is beside what it can't be faster than. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNpmPackages, requireNode } from './lib/install.mjs';
import { progress, run, runLogged, runMain } from './lib/terminal.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const here = join(root, '.cache', 'bench');

await runMain(async () => {
  requireNode();
  await installNpmPackages(root, root, 'npm packages');
  await progress('Building', async () => {
    const log = join(root, '.cache', 'logs', 'build.log');
    await runLogged(process.execPath, ['esbuild.mjs', '--production'], log, { cwd: root });
    const { build } = await import('esbuild');
    const programs = ['main', 'echo-server', 'bare-parse'];
    await build({
      absWorkingDir: root,
      entryPoints: programs.map((name) => `test/bench/${name}.ts`),
      outdir: here,
      bundle: true,
      minify: true,
      platform: 'node',
      format: 'cjs',
      target: 'node20',
      // Its ES module asks for import.meta.url, which a CommonJS bundle does not have.
      alias: { 'web-tree-sitter': join(root, 'node_modules', 'web-tree-sitter', 'web-tree-sitter.cjs') },
      logLevel: 'warning',
    });
  });
  const rounds = process.argv.includes('--quick') ? 1 : 9;
  return run(process.execPath, [join(here, 'main.js'), join(root, 'dist'), here, String(rounds)]);
});
