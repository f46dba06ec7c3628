/** npm run package [-- --out FILE]: builds for production and packs the extension into a .vsix. */
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installNpmPackages, requireNode } from './lib/install.mjs';
import { progress, runLogged, runMain, UserError } from './lib/terminal.mjs';

/** VS Code and the galleries take more; people on slow lines don't. */
const LARGEST = 3 * 1024 * 1024;

const root = fileURLToPath(new URL('..', import.meta.url));

await runMain(async () => {
  requireNode();
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const at = process.argv.indexOf('--out');
  const file = at < 0 ? join(root, `kernel-livepatch-${version}.vsix`) : resolve(process.argv[at + 1] ?? '');
  await installNpmPackages(root, root, 'npm packages');
  await installNpmPackages(root, join(root, 'scripts', 'package'), 'the packager');
  const log = (name) => join(root, '.cache', 'logs', `${name}.log`);
  await progress('Building for production', () =>
    runLogged(process.execPath, ['esbuild.mjs', '--production'], log('build'), { cwd: root }),
  );
  const vsce = join(root, 'scripts', 'package', 'node_modules', '@vscode', 'vsce', 'vsce');
  await progress('Packing', () =>
    runLogged(
      process.execPath,
      [
        vsce,
        'package',
        '--no-dependencies',
        '--allow-missing-repository',
        '--no-rewrite-relative-links',
        '--out',
        file,
      ],
      log('vsce'),
      { cwd: root },
    ),
  );
  const { size } = statSync(file);
  const megabytes = `${(size / 1024 / 1024).toFixed(2)} MB`;
  if (size >= LARGEST) throw new UserError(`${file} has ${megabytes}: it must stay under 3 MB.`);
  console.log(`${file}: ${megabytes}`);
});
