import { spawn } from 'node:child_process';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Kernel } from './find-kernel.ts';

export interface BootOptions {
  /** Milliseconds without a word from the guest after which it is ended. */
  readonly silence: number;
  /** Milliseconds after which it is ended in any case. */
  readonly limit: number;
  /** Gets the lines of the agent's report as they come. */
  readonly onReport?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface BootResult {
  /** All that came over the agent's report line. */
  readonly report: string;
  /** All that the kernel printed on its console. */
  readonly console: string;
  /** Whether the guest ended by itself. */
  readonly ended: boolean;
}

/** Milliseconds between two looks at what the guest has reported. */
const LOOK_EVERY = 200;

/**
 * Boots a kernel in QEMU and waits for its end.
 *
 * Emulated, with one CPU: with two, QEMU's translator does not see ftrace's text patching in time and the guest panics.
 * The guest's clock counts instructions and jumps over idle time (-icount), so a transition's wait of 16 seconds costs
 * nothing, what a guest sees does not depend on the host's load, and runs repeat. Its serial lines go to files and not
 * to pipes: while it waited for a reader that is slow, its clock would run away.
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
    const ended = await runQemu(qemuArguments(kernel, files, parameters), files.report, options);
    const [report, console] = await Promise.all([readFile(files.report, 'latin1'), readFile(files.console, 'latin1')]);
    return { report, console, ended };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

interface GuestFiles {
  readonly initrd: string;
  readonly console: string;
  readonly report: string;
}

function qemuArguments(kernel: Kernel, files: GuestFiles, parameters: readonly string[]): string[] {
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
    ...['-accel', 'tcg,thread=single', '-icount', 'shift=1,sleep=off', '-smp', '1', '-cpu', 'max', '-m', '512'],
    ...['-display', 'none', '-nodefaults', '-no-user-config', '-no-reboot'],
    ...['-kernel', kernel.image, '-initrd', files.initrd, '-append', append.join(' ')],
    ...['-serial', `file:${files.console}`, '-serial', `file:${files.report}`],
  ];
}

/** Resolves to whether QEMU ended by itself. */
async function runQemu(args: readonly string[], report: string, options: BootOptions): Promise<boolean> {
  const tail = await open(report);
  const qemu = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let ended = true;
  let errors = '';
  let line = '';
  let heard = Date.now();
  const started = heard;
  const stop = () => {
    ended = false;
    qemu.kill('SIGKILL');
  };
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
    if (now - heard > options.silence || now - started > options.limit) stop();
  };
  let listening = Promise.resolve();
  const looks = setInterval(() => {
    listening = listening.then(listen);
  }, LOOK_EVERY);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      qemu.on('error', (error) => reject(new Error(`qemu-system-x86_64 can't be started: ${error.message}`)));
      qemu.on('close', resolve);
    });
    if (options.signal?.aborted) throw new Error('The guest was stopped.');
    if (ended && code !== 0) throw new Error(`QEMU ended with ${code}: ${errors.slice(-1000)}`);
    return ended;
  } finally {
    clearInterval(looks);
    options.signal?.removeEventListener('abort', stop);
    await listening.then(listen);
    await tail.close();
  }
}
