/**
 * npm run bench [-- --quick | --write] [--server | --simulator | --comparison | --fleet | --panel | --kernel]: builds for production and
 * prints how fast the server is beside what it can't be faster than and beside clangd, how fast the simulator is, how
 * long comparing models takes, how smoothly the panel draws and how soon it follows an edit, and how fast the target
 * kernel's symbols are read and searched. `--write` puts the
 * figures into docs/performance.md.
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
    // It drives a browser with packages that are not to be bundled.
    await build({
      absWorkingDir: root,
      entryPoints: ['test/bench/panel.ts'],
      outfile: join(here, 'panel.mjs'),
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      packages: 'external',
      logLevel: 'warning',
    });
    const programs = ['main', 'twin', 'comparison', 'fleet', 'echo-server', 'parse-server', 'symbols'];
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
  const flags = new Set(process.argv.slice(2));
  const quick = flags.has('--quick') ? ['--quick'] : [];
  const places = [join(root, dist), here, join(root, '.cache', 'kernels')];
  const parts = [
    { flag: '--server', name: 'the server', title: 'The server', program: [join(here, 'main.js'), ...places] },
    {
      flag: '--simulator',
      name: 'the simulator',
      title: 'The simulator',
      program: ['--expose-gc', join(here, 'twin.js')],
    },
    {
      flag: '--comparison',
      name: 'comparing models',
      title: 'Comparing models',
      program: [join(here, 'comparison.js')],
    },
    {
      flag: '--fleet',
      name: 'a fleet',
      title: 'A fleet',
      program: [
        join(here, 'fleet.js'),
        join(root, dist),
        join(root, 'test', 'fixtures', 'captures', 'guest.6.12.json'),
        join(root, 'samples', 'first-look.c'),
      ],
    },
    { flag: '--panel', name: 'the panel', title: 'The panel', program: [join(here, 'panel.mjs'), join(root, dist)] },
    {
      flag: '--kernel',
      name: 'the target kernel',
      title: 'The target kernel',
      program: ['--expose-gc', join(here, 'symbols.js'), join(root, dist)],
    },
  ];
  const asked = parts.filter(({ flag }) => flags.has(flag));
  for (const { name, title, program } of asked.length > 0 ? asked : parts) {
    const { status, output } = await runBench([...program, ...quick]);
    if (status !== 0) return status;
    if (quick.length > 0 || !flags.has('--write')) continue;
    writeSection(join(root, 'docs', 'performance.md'), {
      title: 'How fast it is',
      name,
      command: 'npm run bench -- --write',
      text: `## ${title}\n\n${output}`,
    });
  }
  return 0;
});

/** What it prints is shown while it runs and returned. */
function runBench(program) {
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
