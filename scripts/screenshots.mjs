/** npm run screenshots: makes the pictures of the documentation by the tests of the VS Code window. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installEditor } from './lib/editor.mjs';
import { installChromium, installNpmPackages, requireNode } from './lib/install.mjs';
import { progress, run, runLogged, runMain } from './lib/terminal.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

await runMain(async () => {
  requireNode();
  await installNpmPackages(root, root, 'npm packages');
  await installChromium(root);
  await installEditor(root);
  await progress('Building', () =>
    runLogged(process.execPath, ['esbuild.mjs'], join(root, '.cache', 'logs', 'build.log'), { cwd: root }),
  );
  const vitest = join(root, 'node_modules', '.bin', 'vitest');
  return run(vitest, ['run', '--project', 'vscode', 'test/vscode/window.test.ts'], {
    cwd: root,
    env: { ...process.env, LIVEPATCH_SCREENSHOTS: 'yes' },
  });
});
