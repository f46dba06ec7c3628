/**
 * npm start -- [--no-editor] [FILE]: installs, builds, prints the check and the forecast of a livepatch module, and opens
 * it in the editor.
 */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installEditor, remoteUri, startEditor, windowUrl } from './lib/editor.mjs';
import { installNpmPackages, requireNode } from './lib/install.mjs';
import { headline, progress, run, runLogged, runMain, UserError } from './lib/terminal.mjs';

const USAGE = `Usage: npm start -- [--no-editor] [FILE]

Checks and simulates FILE (a livepatch module in C) in the terminal, then opens it in VS Code: the desktop one when
'code' is on the PATH, else one in the browser. Without FILE it takes a sample.

  --no-editor   stop after the printed part (the default without a terminal)
  --help        print this`;

const root = fileURLToPath(new URL('..', import.meta.url));

/** What the command line asks for. Throws a UserError for what it does not know. */
function readArguments(argv) {
  const options = argv.filter((word) => word.startsWith('-'));
  const files = argv.filter((word) => !word.startsWith('-'));
  const unknown = options.find((option) => !['--no-editor', '--help', '-h'].includes(option));
  if (unknown) throw new UserError(`Unknown option ${unknown}.\n\n${USAGE}`);
  if (files.length > 1) throw new UserError(`One file at a time, please.\n\n${USAGE}`);
  // npm runs scripts in the package's folder: a relative name is relative to where the user stood.
  const file =
    files[0] === undefined ? join(root, 'samples', 'first-look.c') : resolve(process.env.INIT_CWD ?? '.', files[0]);
  return { help: options.includes('--help') || options.includes('-h'), editor: !options.includes('--no-editor'), file };
}

/** Throws a UserError unless `file` is a file. */
function requireFile(file) {
  const found = statSync(file, { throwIfNoEntry: false });
  if (!found) throw new UserError(`There is no file ${file}.`);
  if (!found.isFile()) throw new UserError(`${file} is not a file.`);
}

/** Runs the command line that was just built; it says itself what is wrong. Resolves to its exit status. */
function livepatch(...words) {
  return run(process.execPath, [join(root, 'dist', 'cli.js'), ...words]);
}

/** An address that fits into a line and leads to `url`, for as long as this process runs. */
async function shortAddress(url) {
  const server = createServer((_request, response) => response.writeHead(302, { Location: url }).end());
  await new Promise((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
  server.unref();
  return `http://127.0.0.1:${server.address().port}/`;
}

/** VS Code in the browser, until Ctrl-C. */
async function openInBrowser(file) {
  await installEditor(root);
  const folder = dirname(file);
  const editor = await startEditor(root, {
    data: join(root, '.cache', 'editor'),
    testDriver: true, // only then it loads an extension from where it is developed
    settings: {
      'workbench.startupEditor': 'none',
      'chat.disableAIFeatures': true,
    },
  });
  const url = windowUrl(editor.address, folder, [
    ['extensionDevelopmentPath', remoteUri(editor.address, root.replace(/\/$/, ''))],
    ['openFile', remoteUri(editor.address, file)],
  ]);
  console.log(
    `\nVS Code is at\n\n  ${await shortAddress(url)}\n\nOpen it in a browser on this machine. Ctrl-C stops it.`,
  );
  await new Promise((done, fail) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, done);
    editor.child.once('exit', () => fail(new UserError(`VS Code's server ended:\n${editor.output()}`)));
  });
  editor.child.removeAllListeners('exit');
  editor.stop();
  console.log('\nStopped.');
}

await runMain(async () => {
  requireNode();
  const { help, editor, file } = readArguments(process.argv.slice(2));
  if (help) {
    console.log(USAGE);
    return 0;
  }
  requireFile(file);
  await installNpmPackages(root, root, 'npm packages');
  await progress('Building', () =>
    runLogged(process.execPath, ['esbuild.mjs'], join(root, '.cache', 'logs', 'build.log'), { cwd: root }),
  );

  headline(`Will the kernel take ${basename(file)}?`);
  // 1 is about the module: it has errors. 2 means that it could not be read, or that there is nothing to simulate.
  const checked = await livepatch('check', file);
  headline('What happens when it is loaded?');
  const simulated = await livepatch('simulate', file);

  if (!editor || !process.stdout.isTTY) return checked > 1 || simulated > 1 ? 1 : 0;
  headline('In the editor');
  const desktop = spawnSync('code', ['--version'], { stdio: 'ignore' });
  if (desktop.status === 0) {
    console.log('Opening VS Code.');
    return run('code', ['--new-window', `--extensionDevelopmentPath=${root}`, dirname(file), file]);
  }
  await openInBrowser(file);
  return 0;
});
