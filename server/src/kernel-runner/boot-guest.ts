import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
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

/**
 * Boots a kernel in QEMU and waits for its end.
 *
 * Emulated, with one CPU: with two, QEMU's translator does not see ftrace's text patching in time and the guest panics.
 * The guest's clock counts instructions and jumps over idle time (-icount), so a transition's wait of 16 seconds costs
 * nothing, what a guest sees does not depend on the host's load, and runs repeat.
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
  try {
    const initrd = join(work, 'initrd');
    const consoleFile = join(work, 'console');
    await writeFile(initrd, image);
    await writeFile(consoleFile, '');
    const { report, ended } = await runQemu(qemuArguments(kernel, initrd, consoleFile, parameters), options);
    return { report, console: await readFile(consoleFile, 'latin1'), ended };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function qemuArguments(kernel: Kernel, initrd: string, consoleFile: string, parameters: readonly string[]): string[] {
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
    ...['-kernel', kernel.image, '-initrd', initrd, '-append', append.join(' ')],
    ...['-serial', `file:${consoleFile}`, '-serial', 'stdio'],
  ];
}

function runQemu(args: readonly string[], options: BootOptions): Promise<{ report: string; ended: boolean }> {
  return new Promise((resolve, reject) => {
    const qemu = spawn('qemu-system-x86_64', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let report = '';
    let told = 0;
    let errors = '';
    let ended = true;
    const stop = () => {
      ended = false;
      qemu.kill('SIGKILL');
    };
    let quiet = setTimeout(stop, options.silence);
    const whole = setTimeout(stop, options.limit);
    options.signal?.addEventListener('abort', stop, { once: true });

    qemu.stdout.setEncoding('latin1');
    qemu.stdout.on('data', (text: string) => {
      clearTimeout(quiet);
      quiet = setTimeout(stop, options.silence);
      report += text;
      for (let at = report.indexOf('\n', told); at >= 0; at = report.indexOf('\n', told)) {
        options.onReport?.(report.slice(told, at));
        told = at + 1;
      }
    });
    qemu.stderr.setEncoding('utf8');
    qemu.stderr.on('data', (text: string) => {
      errors += text;
    });
    const finish = () => {
      clearTimeout(quiet);
      clearTimeout(whole);
      options.signal?.removeEventListener('abort', stop);
    };
    qemu.on('error', (error) => {
      finish();
      reject(new Error(`qemu-system-x86_64 can't be started: ${error.message}`));
    });
    qemu.on('close', (code) => {
      finish();
      if (options.signal?.aborted) reject(new Error('The guest was stopped.'));
      else if (ended && code !== 0) reject(new Error(`QEMU ended with ${code}: ${errors.slice(-1000)}`));
      else resolve({ report, ended });
    });
  });
}
