import { spawn } from 'node:child_process';

export interface CommandResult {
  readonly code: number | null;
  /** Standard output and standard error, as they came. */
  readonly output: string;
}

export interface CommandOptions {
  readonly cwd?: string;
  /** Ends the program and all that it started. */
  readonly signal?: AbortSignal;
}

/**
 * Runs a program to its end. Never rejects for its exit status.
 *
 * @throws Error when it can't be started, or is stopped through `signal`; then nothing of it runs any more
 */
export function runCommand(
  program: string,
  args: readonly string[],
  { cwd, signal }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(stopped(program));
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    // make ends what it has started. The pipes are closed when the last of them is gone.
    const stop = () => child.kill('SIGTERM');
    signal?.addEventListener('abort', stop, { once: true });
    child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => reject(startError(program, error)));
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(stopped(program));
      else resolve({ code, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

/** As runCommand, but a status other than 0 is an error whose message holds the end of the output. */
export async function mustRun(program: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { code, output } = await runCommand(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code}:\n${output.slice(-2000)}`);
  return output;
}

/** Why a program could not be started, for people. */
export function startError(program: string, error: Error): Error {
  const isMissing = 'code' in error && error.code === 'ENOENT';
  return isMissing ? notInstalled(program) : new Error(`${program} can't be started: ${error.message}`);
}

export function notInstalled(program: string): Error {
  return new Error(`${program} is not installed.`);
}

function stopped(program: string): Error {
  return new Error(`${program} was stopped.`);
}
