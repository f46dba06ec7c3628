/** Installs what the project needs: npm packages by their lock file, Debian packages by apt-get. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { progress, runLogged, UserError } from './terminal.mjs';

const OLDEST_NODE = [20, 20];

/** Throws a UserError when this Node is older than the project supports. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new UserError(`Node ${OLDEST_NODE.join('.')} or newer is needed, this is ${process.versions.node}.`);
}

/** Whether node_modules of a package has every package of its lock file in that version. */
export function npmPackagesInstalled(directory) {
  const installed = join(directory, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const wanted = JSON.parse(readFileSync(join(directory, 'package-lock.json'), 'utf8')).packages;
  const found = JSON.parse(readFileSync(installed, 'utf8')).packages;
  return Object.entries(wanted).every(
    ([path, entry]) => path === '' || entry.optional || found[path]?.version === entry.version,
  );
}

/** `npm ci` in a folder that has a lock file, unless its packages are there already. */
export async function installNpmPackages(root, directory, what, npmArguments = []) {
  if (npmPackagesInstalled(directory)) return;
  const log = join(root, '.cache', 'logs', `npm-ci-${what.replaceAll(' ', '-')}.log`);
  await progress(`Installing ${what}`, () => runLogged('npm', ['ci', ...npmArguments], log, { cwd: directory }));
}

/** Those of `packages` that are not installed on this Debian machine; null when this is no Debian machine. */
export function missingDebianPackages(packages) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own format language
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Abbrev}\n', ...packages], {
    encoding: 'utf8',
  });
  if (query.error) return null;
  const installed = new Set(
    query.stdout
      .split('\n')
      .filter((line) => / ii/.test(line))
      .map((line) => line.split(' ')[0]),
  );
  return packages.filter((name) => !installed.has(name));
}

/**
 * Makes sure that Debian packages are installed: through apt-get when this process may, else a UserError tells what
 * somebody has to install. `reason` completes "… is needed for".
 */
export async function installDebianPackages(root, packages, reason) {
  const missing = missingDebianPackages(packages);
  if (missing === null) {
    // Not a Debian machine: the programs may be there under other package names. What is not will say so itself.
    console.log(`This is not Debian: ${reason} may need what Debian calls ${packages.join(', ')}.`);
    return;
  }
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) {
    throw new UserError(
      `For ${reason}, Debian packages are missing. Install them with\n\n  sudo apt-get install ${missing.join(' ')}\n`,
    );
  }
  const log = join(root, '.cache', 'logs', 'apt-get.log');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await progress(`Installing Debian packages for ${reason}: ${missing.join(', ')}`, async () => {
    await runLogged('apt-get', ['update', '-q'], log, { env });
    await runLogged('apt-get', ['install', '-q', '-y', '--no-install-recommends', ...missing], log, { env });
  });
}

/** The browser that tests look through, and letters for it to write with. */
export function installChromium(root) {
  return installDebianPackages(root, ['chromium', 'fonts-dejavu-core'], 'tests in a browser');
}

/** Boot a kernel, build modules and the guest's programs, and are in the guest. */
const KERNEL_TOOLS = [
  ...[
    'qemu-system-x86',
    'gcc',
    'gcc-12',
    'make',
    'libc6-dev',
    'libelf1',
    'xz-utils',
    'busybox-static',
    'kmod',
    'procps',
  ],
];

/** What tests on real kernels need. The kernels themselves are fetched by those who boot them. */
export async function installKernelTools(root) {
  await installDebianPackages(root, KERNEL_TOOLS, 'real kernels in QEMU');
  const cache = join(root, '.cache', 'kernels');
  const isFetched = (version) => existsSync(join(cache, version)) && readdirSync(join(cache, version)).includes('boot');
  if (['6.1', '6.12'].every(isFetched) || process.getuid?.() !== 0) return;
  // Old lists name kernels that are not there any more.
  const log = join(root, '.cache', 'logs', 'apt-get-update.log');
  await progress("Reading Debian's list of kernels", () => runLogged('apt-get', ['update', '-q'], log));
}
