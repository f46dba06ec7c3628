/** What the scripts print, and the commands that they run. */
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** An error whose message is all that the user needs: it is printed without a stack. */
export class UserError extends Error {}

const tty = process.stdout.isTTY === true;
const bold = (text) => (tty ? `\x1b[1m${text}\x1b[0m` : text);

/** A headline above a part of the output. */
export function headline(text) {
  console.log(`\n${bold(`== ${text}`)}`);
}

/**
 * Says what is going on while `work` runs, and how long it took: a terminal sees the seconds count, a log file gets a
 * line at the start, one every half minute, and one at the end.
 */
export async function progress(text, work) {
  const start = Date.now();
  const seconds = () => Math.round((Date.now() - start) / 1000);
  if (tty) process.stdout.write(`${text} …`);
  else console.log(`${text} …`);
  const timer = tty
    ? setInterval(() => process.stdout.write(`\r${text} … ${seconds()} s`), 1000)
    : setInterval(() => console.log(`  still at it after ${seconds()} s`), 30_000);
  let outcome = 'failed';
  try {
    const result = await work();
    outcome = 'done';
    return result;
  } finally {
    clearInterval(timer);
    console.log(tty ? `\r${text}: ${outcome} in ${seconds()} s` : `  ${outcome} in ${seconds()} s`);
  }
}

/**
 * Runs a command with its output on this terminal. Resolves to its exit status (128 + signal number is not worked out:
 * a signal gives 1); rejects when there is no such command.
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', ...options });
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 1));
  });
}

/** Runs a command with its output in `logFile`. Throws a UserError with the log's last lines when it fails. */
export async function runLogged(command, args, logFile, options = {}) {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w');
  let status;
  try {
    status = await run(command, args, { ...options, stdio: ['ignore', log, log] });
  } finally {
    closeSync(log);
  }
  if (status === 0) return;
  const tail = readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-25).join('\n');
  throw new UserError(
    `${command} ${args.join(' ')} failed (exit status ${status}):\n${tail}\n\nThe whole output: ${logFile}`,
  );
}

/** Runs `main`, and turns what it throws into a message and an exit status. */
export async function runMain(main) {
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    console.error(error instanceof UserError ? `\n${error.message}` : error);
    process.exitCode = 1;
  }
}
