import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { bootGuest } from '../../../server/src/kernel-runner/boot-guest.ts';
import { buildModules, type ModuleSource } from '../../../server/src/kernel-runner/build-modules.ts';
import type { Kernel } from '../../../server/src/kernel-runner/find-kernel.ts';
import { type GuestFile, guestImage } from '../../../server/src/kernel-runner/guest-image.ts';
import { parseConsole } from '../../../server/src/kernel-runner/kernel-log.ts';
import { mustRun } from '../../../server/src/kernel-runner/run-command.ts';
import { cFilesBelow } from '../../upstream/kernel-source.ts';
import { isCompared } from '../../upstream/selftests/log.ts';
import { CACHE } from '../kernels.ts';
import { programs } from './programs.ts';

/** One start_test … check_result as a real kernel went through it. */
export interface KernelSelftest {
  readonly script: string;
  readonly title: string;
  /** Whether the script found all as it demands. */
  readonly ok: boolean;
  /** What the kernel log has of it, of the kind that check_result compares. */
  readonly log: readonly string[];
}

export interface KernelSelftests {
  readonly tests: readonly KernelSelftest[];
  /** Scripts that came to their end, with their exit status. */
  readonly ended: ReadonlyMap<string, number>;
  /** All that the scripts wrote to their terminal, for people. */
  readonly output: string;
  readonly console: string;
}

/** What the scripts and their helpers start. */
const PROGRAMS = [
  ...['bash', 'awk', 'cat', 'comm', 'date', 'depmod', 'diff', 'dirname', 'dmesg', 'getconf', 'grep', 'id', 'insmod'],
  ...['mktemp', 'modinfo', 'modprobe', 'rm', 'rmmod', 'sed', 'seq', 'sleep', 'stat', 'sysctl', 'tr', 'uname'],
];

const MARK = 'klp-runner:';
/** Milliseconds that all scripts may take together. */
const TIME_LIMIT = 15 * 60_000;

/** The 6.12 scripts want to see that there is a folder with headers (KDIR), and look no further. */
const INIT = `
busybox=/bin/busybox
$busybox mkdir -p /proc /sys /tmp
$busybox mount -t proc proc /proc
$busybox mount -t sysfs sysfs /sys
$busybox mount -t devtmpfs devtmpfs /dev
$busybox mount -t debugfs debugfs /sys/kernel/debug
$busybox ln -s /proc/self/fd /dev/fd
$busybox stty -F /dev/ttyS1 raw
export PATH=/bin KDIR=/selftests
/bin/depmod
cd /selftests
for script in test-*.sh; do
	echo "${MARK} begin $script" >/dev/kmsg
	bash ./$script >/tmp/output 2>&1
	echo "${MARK} end $script $?" >/dev/kmsg
	$busybox cat /tmp/output >/dev/ttyS1
done
$busybox sleep 1
$busybox poweroff -f
`;

/**
 * Runs the kernel's own livepatch selftests in a guest: their scripts and helpers as they are, their modules built for that
 * kernel. A script that crashes the guest ends the run; those behind it have no results.
 *
 * @param source the unpacked linux-source package
 * @throws Error when a module can't be built, or the guest does not begin
 */
export async function runSelftests(
  kernel: Kernel,
  source: string,
  progress: (text: string) => void,
): Promise<KernelSelftests> {
  const folder = join(source, 'tools/testing/selftests/livepatch');
  const scripts = readdirSync(folder).filter((file) => /^test-.*\.sh$/.test(file));
  const image = await guestImage(
    [],
    [
      { path: '/selftests-init', content: new TextEncoder().encode(INIT) },
      ...(await programs(PROGRAMS)),
      ...(await modules(kernel, source, progress)),
      ...(await helpers(folder)),
      ...[...scripts, 'functions.sh'].map((file) => ({
        path: `/selftests/${file}`,
        content: readFileSync(join(folder, file)),
        executable: true,
      })),
    ],
    { cache: CACHE },
  );
  progress(`Linux ${kernel.version}: ${scripts.length} selftest scripts`);
  // Without printk.devkmsg=on the kernel drops most of what scripts write to /dev/kmsg.
  const parameters = ['ignore_loglevel', 'printk.devkmsg=on', 'log_buf_len=4M', 'rdinit=/bin/busybox'];
  const guest = await bootGuest(kernel, image, [...parameters, '--', 'sh', '/selftests-init'], {
    // It speaks once a script is over, and machines are slow.
    silence: TIME_LIMIT,
    limit: TIME_LIMIT,
  });
  const results = readRun(guest.console, guest.report.replaceAll('\r', ''));
  if (results.tests.length === 0) throw new Error(`No selftest began:\n${guest.console.slice(-2000)}`);
  return results;
}

/** The test modules, where the scripts of either version look for them. */
async function modules(kernel: Kernel, source: string, progress: (text: string) => void): Promise<GuestFile[]> {
  const paths = cFilesBelow(source).filter((path) => /^test_klp_.*\.c$/.test(basename(path)));
  const sources: ModuleSource[] = paths.map((path) => ({ name: basename(path, '.c'), files: withIncluded(path) }));
  const files: GuestFile[] = [];
  for (const [name, built] of await buildModules(kernel, sources, { cache: CACHE, progress })) {
    if (!built.ok) throw new Error(`${name} can't be built:\n${built.errors}`);
    const content = await readFile(built.ko);
    files.push({ path: `/selftests/test_modules/${name}.ko`, content });
    files.push({ path: `/lib/modules/${kernel.release}/${name}.ko`, content });
  }
  return files;
}

function withIncluded(path: string): Record<string, string> {
  const text = readFileSync(path, 'utf8');
  const included = [...text.matchAll(/^#include "([^"]+\.c)"/gm)].map((match) =>
    withIncluded(join(dirname(path), match[1] ?? '')),
  );
  return Object.assign({ [basename(path)]: text }, ...included) as Record<string, string>;
}

/** C files beside the scripts are programs that scripts start. */
async function helpers(folder: string): Promise<GuestFile[]> {
  const names = readdirSync(folder).filter((file) => file.endsWith('.c'));
  const work = await mkdtemp(join(tmpdir(), 'klp-selftest-'));
  try {
    return await Promise.all(
      names.map(async (file) => {
        const program = join(work, basename(file, '.c'));
        await mustRun('gcc', ['-O2', '-static', '-s', '-o', program, join(folder, file)]);
        return {
          path: `/selftests/${basename(program)}`,
          content: await readFile(program),
          executable: true,
        };
      }),
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Cuts the console at the marks of INIT and of start_test. */
function readRun(console: string, output: string): KernelSelftests {
  const ended = new Map<string, number>();
  const tests: { script: string; title: string; ok: boolean; log: string[] }[] = [];
  let script: string | null = null;
  let open: { log: string[] } | null = null;
  for (const { text } of parseConsole(console)) {
    const mark = new RegExp(`^${MARK} (begin|end) (\\S+) ?(\\d*)$`).exec(text);
    if (mark) {
      script = mark[1] === 'begin' ? (mark[2] ?? '') : null;
      open = null;
      if (script === null) ended.set(mark[2] ?? '', Number(mark[3]));
      continue;
    }
    const title = /^===== TEST: (.*) =====$/.exec(text)?.[1];
    if (title !== undefined && script !== null) {
      const said = output.split('\n').some((line) => line === `TEST: ${title} ... ok`);
      const test = { script, title, ok: said, log: [] };
      tests.push(test);
      open = test;
    } else if (open && isCompared(text)) {
      open.log.push(text);
    }
  }
  return { tests, ended, output, console };
}
