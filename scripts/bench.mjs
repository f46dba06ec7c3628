/**
 * npm run bench [-- --quick | --write]: builds for production and prints how fast it is beside what it can't be faster than,
 * and beside clangd. `--write` puts the figures into docs/performance.md.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNpmPackages, requireNode } from './lib/install.mjs';
import { writeSection } from './lib/sections.mjs';
import { progress, runLogged, runMain } from './lib/terminal.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const here = join(root, '.cache', 'bench');
/** Built apart: `dist` may be in use. */
const dist = '.cache/bench/dist';

await runMain(async () => {
  requireNode();
  await installNpmPackages(root, root, 'npm packages');
  await progress('Building', async () => {
    const log = join(root, '.cache', 'logs', 'build.log');
    await runLogged(process.execPath, ['esbuild.mjs', '--production', `--out=${dist}`], log, { cwd: root });
    const { build } = await import('esbuild');
    const programs = ['main', 'echo-server', 'parse-server'];
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
  const quick = process.argv.includes('--quick');
  const { status, output } = await runBench(quick ? ['--quick'] : []);
  if (status === 0 && !quick && process.argv.includes('--write')) {
    writeSection(join(root, 'docs', 'performance.md'), {
      title: 'How fast it is',
      name: 'the server',
      command: 'npm run bench -- --write',
      text: `## The server\n\n${output}`,
    });
  }
  return status;
});

/** What it prints is shown while it runs and returned. */
function runBench(flags) {
  const program = [join(here, 'main.js'), join(root, dist), here, join(root, '.cache', 'kernels'), ...flags];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    process.stdout.write(text);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status: status ?? 1, output }));
  });
}
