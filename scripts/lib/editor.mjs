/**
 * VS Code as a server, for the browser: npm's code-server package carries it. We start VS Code's own server in it and
 * leave code-server's wrapper (passwords, updates) aside.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installDebianPackages, installNpmPackages } from './install.mjs';
import { progress, runLogged, UserError } from './terminal.mjs';

/** Compile code-server's native modules. */
const DEBIAN_PACKAGES = ['build-essential', 'python3', 'pkg-config', 'libkrb5-dev'];

/** Installs the editor under test/vscode/editor on first use: about two minutes and 800 MB. */
export async function installEditor(root) {
  if (process.platform !== 'linux') {
    throw new UserError(
      'VS Code in the browser is set up for Linux only. Install desktop VS Code with its `code` command.',
    );
  }
  const directory = join(root, 'test', 'vscode', 'editor');
  const { node, serverMain } = editorPaths(root);
  await installNpmPackages(root, directory, 'VS Code for the browser', ['--ignore-scripts']);
  const built = join(directory, 'node_modules', '.built');
  if (existsSync(built)) return;
  await installDebianPackages(root, DEBIAN_PACKAGES, 'building VS Code for the browser');
  // The install scripts insist on the Node that the server runs with, and compile against that Node's headers.
  const home = join(node, '..', '..');
  const env = {
    ...withoutNpm(process.env),
    PATH: `${join(home, 'bin')}:${process.env.PATH}`,
    npm_config_nodedir: home,
  };
  await progress('Building VS Code for the browser (about two minutes)', () =>
    runLogged('npm', ['rebuild', '--foreground-scripts'], join(root, '.cache', 'logs', 'editor-build.log'), {
      cwd: directory,
      env,
    }),
  );
  for (const path of [serverMain, join(serverMain, '..', '..', 'node_modules')]) {
    if (!existsSync(path)) throw new UserError(`VS Code for the browser is not complete: there is no ${path}.`);
  }
  writeFileSync(built, '');
}

/**
 * An environment without what npm tells the scripts that it runs: which Node runs them, and what the .npmrc of this
 * project says. The npm of another project must not hear it.
 */
function withoutNpm(environment) {
  const told = /^(?:NODE|npm_(?:config_(?:user_agent|ignore_scripts)|node_execpath|execpath|package_.*|lifecycle_.*))$/;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !told.test(name)));
}

function editorPaths(root) {
  const modules = join(root, 'test', 'vscode', 'editor', 'node_modules');
  return {
    node: join(modules, `node-linux-${process.arch}`, 'bin', 'node'),
    serverMain: join(modules, 'code-server', 'lib', 'vscode', 'out', 'server-main.js'),
  };
}

/**
 * Starts the server on a free port of 127.0.0.1. `data` is the folder that it keeps everything in; `settings` are
 * machine settings; `testDriver` makes it honour the address's extensionDevelopmentPath and extensionTestsPath.
 * Returns the address, the process and a function that ends it with all that it started.
 */
export async function startEditor(root, { data, settings = {}, testDriver = false, env = {} }) {
  const { node, serverMain } = editorPaths(root);
  mkdirSync(join(data, 'user', 'Machine'), { recursive: true });
  writeFileSync(join(data, 'user', 'Machine', 'settings.json'), JSON.stringify(settings, null, 2));
  const child = spawn(
    node,
    [
      serverMain,
      ...['--host', '127.0.0.1', '--port', '0', '--without-connection-token', '--accept-server-license-terms'],
      ...['--telemetry-level', 'off', '--disable-workspace-trust'],
      ...['--user-data-dir', join(data, 'user'), '--server-data-dir', join(data, 'server')],
      ...['--extensions-dir', join(data, 'extensions')],
      ...(testDriver ? ['--enable-smoke-test-driver'] : []),
    ],
    // A process group of its own, to end the extension hosts and language servers with it.
    {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, EXTENSIONS_GALLERY: '{"serviceUrl":""}', ...env },
    },
  );
  const stop = () => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };
  process.on('exit', stop);
  let output = '';
  const port = await new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new UserError(`VS Code's server did not start in a minute:\n${output}`)),
      60_000,
    );
    const read = (chunk) => {
      output = (output + chunk).slice(-20_000);
      const listening = /Extension host agent listening on (\d+)/.exec(output);
      if (listening) {
        clearTimeout(timer);
        resolve(Number(listening[1]));
      }
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.on('exit', (code) => reject(new UserError(`VS Code's server ended with exit status ${code}:\n${output}`)));
  }).catch((error) => {
    stop();
    throw error;
  });
  return { address: `127.0.0.1:${port}`, child, stop, output: () => output };
}

/** Installs a .vsix for the editor that will be started with the same `data`. */
export async function installVsix(root, { data, vsix }) {
  const { node, serverMain } = editorPaths(root);
  mkdirSync(data, { recursive: true });
  const folders = ['--user-data-dir', join(data, 'user'), '--extensions-dir', join(data, 'extensions')];
  await runLogged(node, [serverMain, '--install-extension', vsix, ...folders], join(data, 'install.log'), {
    env: { ...process.env, EXTENSIONS_GALLERY: '{"serviceUrl":""}' },
  });
}

/** The address of a window on a folder. `payload` is what VS Code's own launcher would tell the window. */
export function windowUrl(address, folder, payload = []) {
  const url = new URL(`http://${address}/`);
  url.searchParams.set('folder', folder);
  if (payload.length > 0) url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}

/** A path of this machine as the window names it. */
export function remoteUri(address, path) {
  return `vscode-remote://${address}${path}`;
}
