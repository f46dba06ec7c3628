import { fork } from 'node:child_process';
import type * as vscode from 'vscode';

export interface CommandLineResult {
  readonly status: number | null;
  readonly out: string;
  readonly errors: string;
}

/** Prints nothing for longer than any scenario's JSON. */
const MOST_OUTPUT = 256 * 1024 * 1024;

/**
 * Runs the command line in a process of its own. `tell` gets each line of its progress. Cancelling interrupts it as Ctrl-C
 * does, so that it ends what it started. Rejects only when the process can't be started.
 */
export function runCommandLine(
  script: string,
  args: readonly string[],
  cwd: string,
  tell: (line: string) => void,
  cancellation: vscode.CancellationToken,
): Promise<CommandLineResult> {
  return new Promise((resolve, reject) => {
    const child = fork(script, [...args], { cwd, silent: true, execArgv: [] });
    const out: Buffer[] = [];
    let size = 0;
    let errors = '';
    let rest = '';
    const cancelled = cancellation.onCancellationRequested(() => child.kill('SIGINT'));
    child.stdout?.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MOST_OUTPUT) out.push(chunk);
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      errors = (errors + chunk).slice(-20_000);
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) tell(line);
    });
    child.on('error', (error) => {
      cancelled.dispose();
      reject(error);
    });
    child.on('close', (status) => {
      cancelled.dispose();
      resolve({ status, out: Buffer.concat(out).toString('utf8'), errors });
    });
  });
}
