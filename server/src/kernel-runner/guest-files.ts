import { gunzipSync } from 'node:zlib';
import { bootGuest } from './boot-guest.ts';
import type { Kernel } from './find-kernel.ts';
import { type GuestFile, guestImage } from './guest-image.ts';

/** Milliseconds. An emulated machine takes a minute to send the kernel's symbols. */
const SILENCE = 200_000;
const LIMIT = 450_000;

export interface GuestFilesOptions {
  /** Outside of the repository: programs for the guest are kept there. */
  readonly cache: string;
  /** Modules to load first, in this order; each is a file that the guest finds. */
  readonly modules?: readonly GuestFile[];
}

/**
 * Boots a kernel and fetches files of its /proc and /sys as root sees them, addresses included. proc, sysfs and tracefs are
 * mounted in the usual places; /kernel.log is what dmesg prints after the modules were loaded. Needs a static busybox on
 * this machine.
 *
 * @param paths absolute paths in the guest
 * @returns contents by path; a file that the kernel does not have is missing
 * @throws Error when the guest does not come to its end
 */
export async function readGuestFiles(
  kernel: Kernel,
  paths: readonly string[],
  options: GuestFilesOptions,
): Promise<Map<string, Uint8Array>> {
  const modules = options.modules ?? [];
  const init = initScript(
    modules.map(({ path }) => path),
    paths,
  );
  const script = { path: '/read-files', content: new TextEncoder().encode(init) };
  const image = await guestImage([], [script, ...modules], { cache: options.cache });
  const parameters = ['rdinit=/bin/busybox', '--', 'sh', '/read-files'];
  const guest = await bootGuest(kernel, image, parameters, { silence: SILENCE, limit: LIMIT });
  const report = Buffer.from(guest.report, 'latin1');
  if (!report.subarray(-END.length).equals(END)) {
    throw new Error(`The guest did not send all files:\n${guest.console.slice(-2000)}`);
  }
  return sentFiles(report);
}

const END = Buffer.from('\nthat is all\n');

function initScript(modules: readonly string[], paths: readonly string[]): string {
  return [
    '/bin/busybox mkdir -p /proc /sys /tmp',
    '/bin/busybox mount -t proc proc /proc',
    '/bin/busybox mount -t sysfs sysfs /sys',
    '/bin/busybox mount -t devtmpfs devtmpfs /dev',
    '/bin/busybox mount -t tracefs tracefs /sys/kernel/tracing',
    '/bin/busybox --install -s /bin',
    'export PATH=/bin',
    'stty -F /dev/ttyS1 raw',
    'exec 3>/dev/ttyS1',
    'echo 0 >/proc/sys/kernel/kptr_restrict',
    ...modules.map((path) => `insmod ${path} || exit 1`),
    'dmesg >/kernel.log',
    // Compressed: the serial line is the slowest part of the machine.
    ...paths.map(
      (path) =>
        `[ -f ${path} ] && gzip -1 <${path} >/tmp/sent && echo "${path} $(stat -c %s /tmp/sent)" >&3 && cat /tmp/sent >&3`,
    ),
    String.raw`printf '\nthat is all\n' >&3`,
    'poweroff -f',
    '',
  ].join('\n');
}

function sentFiles(report: Buffer): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  let at = 0;
  while (at < report.length - END.length) {
    const end = report.indexOf(0x0a, at);
    const [, path = '', size = ''] = /^(\S+) (\d+)$/.exec(report.toString('latin1', at, end)) ?? [];
    if (path === '') throw new Error('The guest sent something that is no file.');
    at = end + 1 + Number(size);
    files.set(path, gunzipSync(report.subarray(end + 1, at)));
  }
  return files;
}
