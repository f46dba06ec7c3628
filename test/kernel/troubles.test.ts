import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findKernel } from '../../server/src/kernel-runner/find-kernel.ts';
import { type Bundle, buildBundle } from '../server/support/bundle.ts';
import { CACHE, KERNELS, SAMPLE } from './kernels.ts';
import { processesThatName } from './processes.ts';

/*
 * What goes wrong when a user verifies a scenario: the guest panics, hangs, or is not waited for. Whatever happens, no
 * process and no temporary file is left.
 */

const FOLDER = join(import.meta.dirname, 'troubles');
let bundle: Bundle;
/** The command line's temporary folder and cache, and kernels in it. */
let temporary: string;
let cache: string;

beforeAll(async () => {
  bundle = await buildBundle();
  for (const version of KERNELS) await findKernel(version, { cache: CACHE });
});
afterAll(() => bundle?.remove());
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'klp-troubles-'));
  temporary = join(folder, 'tmp');
  cache = join(folder, 'cache');
  for (const path of [temporary, cache]) mkdirSync(path);
  for (const version of KERNELS) symlinkSync(join(CACHE, version), join(cache, version));
  return () => rmSync(folder, { recursive: true, force: true });
});
afterEach(() => {
  expect(readdirSync(temporary), 'temporary files').toEqual([]);
  expect(processesThatName(temporary), 'processes').toEqual([]);
});

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts the command line with a channel, as editors do, and does nothing else. */
const EDITOR = `
  const [, script, ...args] = process.argv;
  require('node:child_process').fork(script, args, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
`;

/**
 * Runs `verify` on a scenario; `watch` sees what it says of its progress. `starter` are Node's arguments before the command
 * line's own.
 */
function verify(
  args: readonly string[],
  watch: (said: string, child: ChildProcess) => void = () => {},
  starter: readonly string[] = [],
): Promise<Ended> {
  const all = [...starter, bundle.cli, 'verify', '--cache', cache, ...args];
  const child = spawn(process.execPath, all, {
    cwd: FOLDER,
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    watch(err, child);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, out, err }));
  });
}

/** Sends a signal as soon as that was said, and again whenever more is said, as somebody who can't wait. */
const signalAt = (said: string, signal: NodeJS.Signals) => (text: string, child: ChildProcess) => {
  if (text.includes(said)) child.kill(signal);
};

describe.each(KERNELS)('livepatch-ls verify --kernel %s', (version) => {
  const on = ['--kernel', version];

  it('shows a panic as what the kernel did', async () => {
    const { status, out } = await verify([...on, 'panic.klpsim.json']);
    expect(out).toMatch(/The kernel crashed at "load lp_panic": Kernel panic - not syncing: enough of this/);
    expect(status).toBe(1);
  });

  // Both take a minute.
  it.each(SAMPLE ? [] : ['50'])('ends a guest that hangs after %s seconds when it is told to', async (limit) => {
    const { status, out } = await verify([...on, '--time-limit', limit, 'hang.klpsim.json']);
    expect(out).toMatch(/The kernel did not come to the end in time at "load lp_hang"/);
    expect(status).toBe(1);
  });
  it.each(SAMPLE ? [] : ['hang.klpsim.json'])('gives a guest up that says nothing any more: %s', async (file) => {
    const { status, out } = await verify([...on, file]);
    expect(out).toMatch(/The kernel said nothing any more at "load lp_hang"/);
    expect(status).toBe(1);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends the guest at %s', async (signal) => {
    const { status, err } = await verify([...on, 'hang.klpsim.json'], signalAt('step 1 of 2', signal));
    expect(err).toContain('livepatch-ls: stopping');
    expect(status).toBe(130);
  });

  it('leaves no guest behind when it is killed itself', async () => {
    const { status } = await verify([...on, 'hang.klpsim.json'], signalAt('step 1 of 2', 'SIGKILL'));
    expect(status).toBeNull();
    await expect.poll(() => processesThatName(temporary), { timeout: 10_000 }).toEqual([]);
    // Who is killed can't tidy its files up.
    for (const name of readdirSync(temporary)) rmSync(join(temporary, name), { recursive: true });
  });

  it('ends the guest when the editor that started it is killed', async () => {
    // The output is closed when the command line has ended, too.
    const { err } = await verify([...on, 'hang.klpsim.json'], signalAt('step 1 of 2', 'SIGKILL'), ['-e', EDITOR]);
    expect(err).toContain('livepatch-ls: stopping');
  });

  it('ends a build at SIGINT, with all that make has started', async () => {
    const { status, err } = await verify([...on, 'panic.klpsim.json'], signalAt('Building 1 module', 'SIGINT'));
    expect(err).not.toContain('Booting');
    expect(status).toBe(130);
  });
});
