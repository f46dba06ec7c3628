import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustRun } from '../../../server/src/kernel-runner/run-command.ts';

/** A disk with Debian's servers on it. */
export interface ServerRoot {
  /** An ext4 file system, as a file. */
  readonly disk: string;
  /** Versions of all packages on it, by name. */
  readonly packages: Readonly<Record<string, string>>;
}

/** What the guests run, without what these packages depend on. */
const WANTED = [
  ...[
    'bash',
    'coreutils',
    'dash',
    'grep',
    'mawk',
    'sed',
    'iproute2',
    'login',
    'passwd',
    'procps',
    'util-linux',
    'kmod',
    'busybox-static',
  ],
  ...['cron', 'dbus-system-bus-common', 'dbus-daemon', 'rsyslog', 'udev', 'openssh-server', 'openssh-client'],
  ...['nginx-light', 'php8.2-fpm', 'redis-server', 'siege'],
  ...['postgresql-15', 'gcc', 'libc6-dev', 'make'],
];

/** What no program here reads. */
const UNREAD = ['usr/share/doc', 'usr/share/locale', 'usr/share/man', 'usr/share/i18n', 'var/cache', 'var/lib/apt'];

/** Users of the servers. Installing the packages would make them, but they are only unpacked. */
const USERS = ['www-data:33', 'postgres:110', 'redis:111', 'sshd:112', 'syslog:113', 'messagebus:114', 'nobody:65534'];

/** No package is installed: apt then wants all that these depend on. */
const AS_IF_EMPTY = ['-o', 'Dir::State::status=/dev/null', '-o', 'Debug::NoLocking=1', '-o', 'APT::Sandbox::User=root'];

/**
 * Fetches Debian's packages with apt-get, as this machine's Debian has them, and makes a disk of them. Nothing is installed
 * here. Kept in `cache` until the list above changes.
 *
 * @throws Error with the output of the program that failed
 */
export async function serverRoot(cache: string, progress: (text: string) => void = () => {}): Promise<ServerRoot> {
  const hash = createHash('sha256')
    .update(JSON.stringify([WANTED, UNREAD, USERS]))
    .digest('hex')
    .slice(0, 12);
  const place = join(cache, `servers-${hash}`);
  const note = join(place, 'root.json');
  if (existsSync(note)) return JSON.parse(await readFile(note, 'utf8')) as ServerRoot;

  const work = `${place}.${process.pid}`;
  await rm(work, { recursive: true, force: true });
  const archives = join(work, 'archives');
  const tree = join(work, 'tree');
  await mkdir(join(archives, 'partial'), { recursive: true });
  await mkdir(tree);
  progress('Fetching packages of servers');
  const where = ['-o', `Dir::Cache::archives=${archives}`];
  const how = ['-q', '-y', '--no-install-recommends', '--download-only'];
  await mustRun('apt-get', [...how, ...AS_IF_EMPTY, ...where, 'install', ...WANTED]);
  const packages: Record<string, string> = {};
  for (const file of (await readdir(archives)).filter((name) => name.endsWith('.deb')).sort()) {
    const path = join(archives, file);
    const fields = await mustRun('dpkg-deb', ['--field', path, 'Package', 'Version']);
    const [name, version] = ['Package', 'Version'].map(
      (field) => new RegExp(`^${field}: (.*)$`, 'm').exec(fields)?.[1],
    );
    packages[name as string] = version as string;
    await mustRun('dpkg', ['-x', path, tree]);
  }
  for (const path of UNREAD) await rm(join(tree, path), { recursive: true, force: true });
  await addUsers(tree);
  await mustRun('truncate', ['-s', '2G', join(work, 'disk.ext4')]);
  await mustRun('mkfs.ext4', ['-q', '-d', tree, join(work, 'disk.ext4')]);
  await rm(tree, { recursive: true });
  await rm(archives, { recursive: true });
  const made: ServerRoot = { disk: join(place, 'disk.ext4'), packages };
  await writeFile(join(work, 'root.json'), JSON.stringify(made));
  await rm(place, { recursive: true, force: true });
  await rename(work, place);
  return made;
}

async function addUsers(tree: string): Promise<void> {
  const users = ['root:0', ...USERS].map((user) => user.split(':') as [string, string]);
  const passwd = users.map(
    ([name, id]) => `${name}:x:${id}:${id}:${name}:${id === '0' ? '/root' : '/tmp'}:/bin/bash\n`,
  );
  await writeFile(join(tree, 'etc/passwd'), passwd.join(''));
  await writeFile(
    join(tree, 'etc/group'),
    [...users.map(([name, id]) => `${name}:x:${id}:\n`), 'tty:x:5:\nadm:x:4:\n'].join(''),
  );
  await writeFile(join(tree, 'etc/shadow'), users.map(([name]) => `${name}:*:20000:0:99999:7:::\n`).join(''));
  await chmod(join(tree, 'etc/shadow'), 0o600);
}
