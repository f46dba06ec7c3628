import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bootGuest } from '../../../server/src/kernel-runner/boot-guest.ts';
import type { Kernel } from '../../../server/src/kernel-runner/find-kernel.ts';
import { type GuestFile, guestImage } from '../../../server/src/kernel-runner/guest-image.ts';
import { kernelModules } from '../../../server/src/kernel-runner/kernel-modules.ts';
import { ROOT } from '../kernels.ts';
import type { ServerRoot } from './server-root.ts';

/** What a guest is used for: the name of the script that starts it, and of the preset that is made from it. */
export type Role = 'web-server' | 'database' | 'build-machine';

export interface ServersReport {
  /** What capture.sh wrote, before the load and under load. */
  readonly idle: string;
  readonly loaded: string;
  /** Lines about livepatches, as main.sh tells them. */
  readonly lines: readonly string[];
  /** Stacks of tasks that the kernel switched away from, whole, innermost first with `;` between the frames. */
  readonly stacks: readonly string[];
  /** The kernel's log. */
  readonly console: string;
}

const HERE = dirname(fileURLToPath(import.meta.url));

/** Modules of the kernel without which there is no disk, in the order in which they are loaded. */
const DISK_MODULES = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_blk',
];

/**
 * Boots a guest with servers, has it recorded idle and under load, and loads livepatches under load.
 *
 * @param livepatches paths of .ko files whose names begin with `lp_`, loaded in the order of their names
 * @throws Error with the end of the guest's console when it did not come to its end
 */
export async function runServers(
  kernel: Kernel,
  root: ServerRoot,
  role: Role,
  options: { readonly cache: string; readonly livepatches: readonly string[] },
): Promise<ServersReport> {
  const script = async (name: string): Promise<GuestFile> => ({
    path: `/servers/${name}`,
    content: await readFile(join(HERE, 'guest', name)),
  });
  const modules = await Promise.all(
    options.livepatches.map(async (path) => ({
      path: `/servers/${path.slice(path.lastIndexOf('/') + 1)}`,
      content: await readFile(path),
    })),
  );
  const config = `config-${kernel.release}`;
  const image = await guestImage(
    [],
    [
      await script('main.sh'),
      await script(`${role}.sh`),
      { path: '/enter.sh', content: await readFile(join(HERE, 'guest', 'enter.sh')) },
      { path: '/servers/capture.sh', content: await readFile(join(ROOT, 'server/src/capture/capture.sh')) },
      { path: `/boot/${config}`, content: await readFile(join(dirname(kernel.image), config)) },
      ...(await kernelModules(kernel, DISK_MODULES)),
      ...modules,
    ],
    { cache: options.cache },
  );
  const parameters = ['rdinit=/bin/busybox', '--', 'sh', '/enter.sh', role];
  const guest = await bootGuest(kernel, image, parameters, {
    silence: 240_000,
    limit: 470_000,
    memory: 2048,
    disk: root.disk,
  });
  const lines = guest.report.split('\n');
  const recording = (name: string): string => {
    const from = lines.indexOf(`# capture ${name}`) + 1;
    const to = lines.findIndex((line, i) => i > from && line.includes('"problems":'));
    return from === 0 || to < 0 ? '' : `${lines.slice(from, to + 1).join('\n')}\n`;
  };
  if (!lines.includes('# end')) {
    throw new Error(
      `The guest did not come to its end. It told:\n${lines.filter((line) => line.startsWith('#')).join('\n')}\n${guest.console.slice(-3000)}`,
    );
  }
  return {
    idle: recording('idle'),
    loaded: recording('loaded'),
    lines: lines.filter((line) => /^# (?!stack )/.test(line)),
    stacks: lines.flatMap((line) => (line.startsWith('# stack ') ? [line.slice('# stack '.length)] : [])),
    console: guest.console,
  };
}
