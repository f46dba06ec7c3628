import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const HELPERS = fileURLToPath(new URL('functions.sh', import.meta.url));
const TIME_LIMIT = 60_000;

/** Answers one request of a script: a helper's name and its arguments. Returns "ok" or, in a line, what went wrong. */
export type Answer = (helper: string, args: readonly string[], root: string) => string;

/**
 * Runs one of upstream's test scripts with helpers that ask instead of doing. What the script reads of /sys and /proc by
 * itself it finds below `root`, where the one who answers puts it. Resolves with what the script wrote to stderr.
 */
export async function playScript(script: string, answer: Answer): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'livepatch-selftest-'));
  const root = join(folder, 'root');
  try {
    mkdirSync(root);
    copyFileSync(HELPERS, join(folder, 'functions.sh'));
    for (const program of programsBeside(script)) {
      // Only a process that can be killed: what it does is what tasks of the simulated machine do.
      writeFileSync(join(folder, program), '#!/bin/sh\nexec sleep 60 3>&- 4<&- >/dev/null 2>&1\n');
      chmodSync(join(folder, program), 0o755);
    }
    const copy = join(folder, basename(script));
    writeFileSync(copy, redirected(readFileSync(script, 'utf8'), root));
    const talk = (helper: string, args: readonly string[]) =>
      answer(
        helper,
        args.map((text) => text.replaceAll(root, '')),
        root,
      ).replaceAll('\n', ' ');
    return await run(copy, folder, talk);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The same script, looking at the files of the simulated machine. */
function redirected(text: string, root: string): string {
  return text.replace(/> *\/dev\/kmsg/g, '| to_kernel_log').replace(/\/(?=(?:sys|proc)\/)/g, `${root}/`);
}

/** C files in the script's folder are programs that scripts start. */
function programsBeside(script: string): string[] {
  return readdirSync(dirname(script))
    .filter((file) => file.endsWith('.c'))
    .map((file) => basename(file, '.c'));
}

function run(
  script: string,
  folder: string,
  answer: (helper: string, args: readonly string[]) => string,
): Promise<string> {
  const child = spawn('bash', [script], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    timeout: TIME_LIMIT,
    killSignal: 'SIGKILL',
  });
  const [, , stderr, requests, answers] = child.stdio as unknown as [null, null, Readable, Readable, Writable];
  let errors = '';
  let pending = '';
  stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  requests.setEncoding('utf8').on('data', (text: string) => {
    const [rest = '', ...whole] = (pending + text).split('\0').reverse();
    pending = rest;
    for (const request of whole.reverse()) {
      const [helper = '', ...args] = request.split('\x1f').slice(0, -1);
      answers.write(`${answer(helper, args)}\n`);
    }
  });
  answers.on('error', () => {}); // The script is gone: its exit says how.
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      resolve(code === 0 ? errors : `${errors}${signal === null ? `exit status ${code}` : `ended by ${signal}`}\n`);
    });
  });
}
