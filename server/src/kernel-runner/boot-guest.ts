import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kernel } from './find-kernel.ts';
import { notInstalled, startError } from './run-command.ts';
import { tiedCommand } from './tied-command.ts';

export interface BootOptions {
  /** Milliseconds without a word from the guest after which it is ended. */
  readonly silence: number;
  /** Milliseconds after which it is ended in any case. */
  readonly limit: number;
  /** Gets the lines of the agent's report as they come. */
  readonly onReport?: (line: string) => void;
  readonly signal?: AbortSignal;
  /** Megabytes; 512 when not told. */
  readonly memory?: number;
  /** Image of a disk that the guest has as /dev/vda, where it loads virtio_blk. What it writes there is forgotten. */
  readonly disk?: string;
}

export interface BootResult {
  /** All that came over the agent's report line. */
  readonly report: string;
  /** All that the kernel printed on its console. */
  readonly console: string;
  readonly end: GuestEnd;
}

/** How a guest ended: by itself (a panic does that, too), or from outside after its silence or its time. */
export type GuestEnd = 'itself' | 'silence' | 'limit';

const QEMU = 'qemu-system-x86_64';
/** Milliseconds between two looks at what the guest has reported. */
const LOOK_EVERY = 200;
/** Exit status of setpriv when there is no such program. */
const NOT_FOUND = 127;

/**
 * Boots a kernel in QEMU and waits for its end.
 *
 * Emulated, with one CPU: with two, QEMU's translator does not see ftrace's text patching in time and the guest panics.
 * The guest's clock counts instructions and jumps over idle time (-icount), so a transition's wait of 16 seconds costs
 * nothing, what a guest sees does not depend on the host's load, and runs repeat. Its serial lines go to files and not
 * to pipes: while it waited for a reader that is slow, its clock would run away. It ends with this process, even when that
 * is killed.
 *
 * @throws Error when QEMU can't be started or is stopped through `signal`
 */
export async function bootGuest(
  kernel: Kernel,
  image: Uint8Array,
  parameters: readonly string[],
  options: BootOptions,
): Promise<BootResult> {
  const work = await mkdtemp(join(tmpdir(), 'klp-guest-'));
  const files = { initrd: join(work, 'initrd'), console: join(work, 'console'), report: join(work, 'report') };
  try {
    await writeFile(files.initrd, image);
    await writeFile(files.console, '');
    await writeFile(files.report, '');
    const end = await runQemu(qemuArguments(kernel, files, parameters, options), files.report, options);
    const [report, console] = await Promise.all([readFile(files.report, 'latin1'), readFile(files.console, 'latin1')]);
    return { report, console, end };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface GuestFiles {
  readonly initrd: string;
  readonly console: string;
  readonly report: string;
}

function qemuArguments(
  kernel: Kernel,
  files: GuestFiles,
  parameters: readonly string[],
  { memory = 512, disk }: BootOptions,
): string[] {
  const append = [
    'console=ttyS0',
    'loglevel=8',
    'panic=-1',
    'softlockup_panic=1',
    'no_timer_check',
    'tsc=reliable',
    ...parameters,
  ];
  return [
    ...['-accel', 'tcg,thread=single', '-icount', 'shift=1,sleep=off', '-smp', '1', '-cpu', 'max'],
    ...['-m', String(memory)],
    ...['-display', 'none', '-nodefaults', '-no-user-config', '-no-reboot'],
    ...['-kernel', kernel.image, '-initrd', files.initrd, '-append', append.join(' ')],
    ...['-serial', `file:${files.console}`, '-serial', `file:${files.report}`],
    ...(disk === undefined ? [] : ['-drive', `file=${disk},if=virtio,format=raw,snapshot=on,cache=unsafe`]),
  ];
}

async function runQemu(args: readonly string[], report: string, options: BootOptions): Promise<GuestEnd> {
  const command = await tiedCommand(QEMU, args);
  const tail = await open(report);
  if (options.signal?.aborted) {
    await tail.close();
    throw stopped();
  }
  const qemu = spawn(command.program, command.args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let end: GuestEnd = 'itself';
  let errors = '';
  let line = '';
  let heard = Date.now();
  const started = heard;
  const stop = () => qemu.kill('SIGKILL');
  qemu.stderr.setEncoding('utf8');
  qemu.stderr.on('data', (text: string) => {
    errors += text;
  });
  options.signal?.addEventListener('abort', stop, { once: true });

  const listen = async () => {
    const chunk = Buffer.alloc(1 << 16);
    for (;;) {
      const { bytesRead } = await tail.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) break;
      heard = Date.now();
      const lines = (line + chunk.toString('latin1', 0, bytesRead)).split('\n');
      line = lines.pop() ?? '';
      for (const whole of lines) options.onReport?.(whole);
    }
    const now = Date.now();
    if (end !== 'itself') return;
    if (now - started > options.limit) end = 'limit';
    else if (now - heard > options.silence) end = 'silence';
    else return;
    stop();
  };
  let listening = Promise.resolve();
  const looks = setInterval(() => {
    listening = listening.then(listen);
  }, LOOK_EVERY);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      qemu.on('error', (error) => reject(startError(QEMU, error)));
      qemu.on('close', resolve);
    });
    if (options.signal?.aborted) throw stopped();
    if (code === NOT_FOUND) throw notInstalled(QEMU);
    if (end === 'itself' && code !== 0) throw new Error(`QEMU ended with ${code}: ${errors.slice(-1000)}`);
    return end;
  } finally {
    clearInterval(looks);
    options.signal?.removeEventListener('abort', stop);
    await listening.then(listen);
    await tail.close();
  }
}

const stopped = (): Error => new Error('The guest was stopped.');
