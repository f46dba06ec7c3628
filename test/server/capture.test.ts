import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Trace } from '../../shared/src/simulator/trace.ts';
import { type Bundle, buildBundle } from './support/bundle.ts';
import { GOOD_MODULE } from './support/modules.ts';

/** The shells of Debian and of small systems. */
const SHELLS = [
  { name: 'dash', program: '/usr/bin/dash', first: [] },
  { name: 'busybox ash', program: '/usr/bin/busybox', first: ['sh'] },
  { name: 'bash', program: '/usr/bin/bash', first: ['--posix'] },
].filter(({ program }) => existsSync(program));
const IS_ROOT = process.getuid?.() === 0;

interface RecordedTask {
  readonly pid: number;
  readonly ppid: number;
  readonly tid: number;
  readonly comm: string;
  readonly kind: string;
  readonly state: string;
  readonly voluntary: number;
  readonly trusted: boolean;
  readonly stack: readonly string[] | null;
}

interface Recorded {
  readonly kernel: string;
  readonly cpus: string;
  readonly problems: readonly string[];
  readonly samples: readonly {
    readonly uptime: number;
    readonly forks: number;
    readonly tasks: readonly RecordedTask[];
  }[];
}

let bundle: Bundle;
let folder: string;
let script: string;
const helpers: ChildProcess[] = [];

beforeAll(async () => {
  bundle = await buildBundle();
  folder = mkdtempSync(join(tmpdir(), 'livepatch-capture-'));
  script = join(folder, 'capture.sh');
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle.cli, 'capture'], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  writeFileSync(script, stdout);
  chmodSync(folder, 0o755);
});
afterEach(() => {
  for (const helper of helpers.splice(0)) helper.kill('SIGKILL');
});
afterAll(() => {
  bundle.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** A process with that name, which waits for its standard input. */
async function processNamed(name: Buffer): Promise<number> {
  // Only a process itself may change its name, so the shell writes it.
  const escaped = [...name].map((byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('');
  const helper = spawn('/usr/bin/dash', ['-c', 'printf %b "$1" > /proc/$$/comm; read _', 'sh', escaped], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  helpers.push(helper);
  const pid = helper.pid as number;
  await expect.poll(() => readFileSync(`/proc/${pid}/comm`).subarray(0, -1).equals(name)).toBe(true);
  return pid;
}

function capture(shell: (typeof SHELLS)[number], args: readonly string[], options: { uid?: number } = {}) {
  const { status, stdout, stderr } = spawnSync(shell.program, [...shell.first, script, ...args], {
    encoding: 'latin1',
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8' },
    maxBuffer: 1 << 28,
    ...options,
  });
  return { status, out: stdout, err: stderr };
}

describe('the capture script', () => {
  it.runIf(existsSync('/usr/bin/shellcheck'))('has no faults that shellcheck knows', () => {
    const { status, stdout } = spawnSync('/usr/bin/shellcheck', ['-s', 'sh', script], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});

describe.each(SHELLS)('the capture script in $name', (shell) => {
  it('records every task twice, whatever it is called', async () => {
    const names = [
      Buffer.from(Array.from({ length: 15 }, (_, i) => i + 1)),
      Buffer.from(Array.from({ length: 15 }, (_, i) => i + 16)),
      Buffer.from('"\\a) R 1 1 (x\n'),
      Buffer.from('\n \n'),
      Buffer.from('$(reboot) `*`'),
      Buffer.from('grün €'),
      ...[127, 142, 157, 172, 187, 202, 217, 232, 241].map((from) =>
        Buffer.from(Array.from({ length: 15 }, (_, i) => from + i)),
      ),
    ];
    const pids: number[] = [];
    for (const name of names) pids.push(await processNamed(name));
    const { status, out, err } = capture(shell, ['--seconds', '1']);
    expect(status).toBe(0);
    expect(err).toMatch(/^capture: sample 1 of 2\n(.*\n)*capture: sample 2 of 2\n(.*\n)*$/);
    expect(err.split('\n').filter((line) => line !== '' && !line.startsWith('capture: '))).toEqual([]);
    expect(out).toMatch(/^[\n -~]*$/);
    const recorded = JSON.parse(out) as Recorded;
    expect(recorded.kernel).toBe(readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim());
    expect(recorded.samples).toHaveLength(2);
    for (const sample of recorded.samples) {
      const { tasks } = sample;
      const told = pids.map((pid) => tasks.find((task) => task.tid === pid)?.comm);
      expect(told).toEqual(names.map((name) => name.toString('latin1')));
      expect(tasks.find((task) => task.pid === 2)).toMatchObject({ comm: 'kthreadd', kind: 'kthread' });
      expect(tasks.find((task) => task.tid === pids[0])).toMatchObject({
        ...{ kind: 'user', state: 'S', trusted: true, ppid: process.pid },
      });
      expect(sample.forks).toBeGreaterThan(pids.length);
    }
  });

  it('gives stacks to root, without addresses, and says so when it gives none', async () => {
    const pid = await processNamed(Buffer.from('waits'));
    const { samples, problems } = JSON.parse(capture(shell, ['--seconds', '1']).out) as Recorded;
    const stacks = samples[1]?.tasks.map(({ stack }) => stack) ?? [];
    if (stacks.every((stack) => stack === null)) {
      expect(problems.join()).toContain('no stack could be read');
      return;
    }
    for (const frame of stacks.flatMap((stack) => stack ?? [])) expect(frame).toMatch(/^[\w.]+( \[\w+\])?$/);
    // The helper waits in read(2).
    const stack = samples[1]?.tasks.find((task) => task.tid === pid)?.stack ?? [];
    expect(stack.join(' ')).toMatch(/read/);
  });

  it('replaces the names of commands on demand, each always by the same', async () => {
    const [one, two, other] = [
      await processNamed(Buffer.from('secret "x"')),
      await processNamed(Buffer.from('secret "x"')),
      await processNamed(Buffer.from('secret')),
    ];
    const { out } = capture(shell, ['--anonymise', '--seconds=1']);
    expect(out).not.toContain('secret');
    const { samples } = JSON.parse(out) as Recorded;
    const names = samples.map(({ tasks }) =>
      [one, two, other].map((pid) => tasks.find((task) => task.tid === pid)?.comm),
    );
    expect(names[0]?.[0]).toMatch(/^command-\d+$/);
    expect(names[0]?.[1]).toBe(names[0]?.[0]);
    expect(names[0]?.[2]).not.toBe(names[0]?.[0]);
    expect(names[1]).toEqual(names[0]);
    expect(samples[0]?.tasks.find((task) => task.pid === 2)?.comm).toBe('kthreadd');
  });

  it.runIf(IS_ROOT)('says what is missing when it is not run by root, and records the rest', () => {
    const { status, out, err } = capture(shell, ['--seconds', '1'], { uid: 65534 });
    expect(status).toBe(0);
    expect(err).toContain('capture: not run as root: the stacks and system calls of most tasks are missing\n');
    const { problems, samples } = JSON.parse(out) as Recorded;
    expect(problems).toContain('not run as root: the stacks and system calls of most tasks are missing');
    expect(samples[1]?.tasks.find((task) => task.pid === 2)).toMatchObject({ comm: 'kthreadd', stack: null });
  });

  it('looks as often as it is told', () => {
    const { out, err } = capture(shell, ['--samples', '3', '--seconds', '1']);
    const { samples } = JSON.parse(out) as Recorded;
    expect(samples).toHaveLength(3);
    expect(new Set(samples.map(({ uptime }) => uptime)).size).toBe(3);
    expect(err).toContain('capture: sample 3 of 3\n');
    expect(capture(shell, ['--samples=1'])).toMatchObject({
      status: 2,
      err: expect.stringContaining('--samples is "1"; it needs a whole number from 2 to 100.'),
    });
  });

  it.each(['0', '3601', '007', '-1', '1.5', 'x', ''])('refuses --seconds %j', (seconds) => {
    const { status, out, err } = capture(shell, ['--seconds', seconds]);
    expect(status).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(/^capture: --seconds is ".*"; it needs a whole number from 1 to 3600\.\nUsage: /);
  });

  it('refuses unknown options, and has help', () => {
    expect(capture(shell, ['--fast'])).toMatchObject({ status: 2, out: '' });
    expect(capture(shell, ['--seconds'])).toMatchObject({ status: 2, out: '' });
    expect(capture(shell, ['--help'])).toMatchObject({ status: 0, err: '' });
  });
});

describe('simulate --workload FILE', () => {
  /** Runs the command line in the test's folder, on a module that replaces a function. */
  function simulate(workload: string, ...args: string[]) {
    writeFileSync(join(folder, 'lp.c'), GOOD_MODULE);
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [bundle.cli, 'simulate', '--workload', workload, ...args, 'lp.c'],
      { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28 },
    );
    return { status, out: stdout, err: stderr };
  }

  it('simulates on the machine that was recorded', () => {
    const [shell] = SHELLS;
    if (!shell) throw new Error('there is no shell');
    const recorded = capture(shell, ['--seconds', '1']).out;
    writeFileSync(join(folder, 'host.json'), recorded);
    const release = readFileSync('/proc/sys/kernel/osrelease', 'utf8').trim();
    const pretty = simulate('host.json', '--seeds', '3');
    expect(pretty.status).toBe(0);
    expect(pretty.out).toContain(`machine recorded on Linux ${release}, `);
    const json = simulate('host.json', '--format', 'json');
    const trace = JSON.parse(json.out) as Trace;
    expect(trace.options.workload).toBe('capture');
    expect(trace.tasks.some(({ comm }) => comm === 'kthreadd')).toBe(true);
    const { samples } = JSON.parse(recorded) as Recorded;
    const simulated = trace.tasks.filter(({ kind }) => kind !== 'idle').length;
    // The recording process and what was about to end are left out.
    expect(simulated).toBeGreaterThan(0.8 * (samples[1]?.tasks.length ?? 0));
    expect(simulated).toBeLessThan(samples[1]?.tasks.length ?? 0);
  });

  it('says on stderr what is missing in a recording, and goes on', () => {
    const tasks = [1, 2].map((tid) => ({
      ...{
        pid: tid,
        tid,
        comm: 'nginx',
        kind: 'user',
        state: 'S',
        started: 1,
        cpus: '0',
        voluntary: 9,
        involuntary: 0,
      },
      ...{ runtime: 1, utime: 0, stime: 0, syscall: null, trusted: true, stack: null },
    }));
    const recording = {
      ...{ format: 'livepatch-capture', version: 1, captured: 'today', kernel: '6.1.0-56', machine: 'x86_64' },
      ...{ cpus: '0', hz: 250, clockTicks: 100, nohzFull: '', modules: [], livepatches: [], problems: ['no root'] },
      samples: [10, 20].map((uptime) => ({ uptime, tasks })),
    };
    writeFileSync(join(folder, 'poor.json'), JSON.stringify(recording));
    const { status, out, err } = simulate('poor.json', '--format', 'log');
    expect(status).toBe(0);
    expect(out).toContain('patching complete');
    expect(err.split('\n')).toEqual([
      'livepatch-ls: poor.json: When it was recorded: no root.',
      'livepatch-ls: poor.json: 2 of 2 tasks sleep on a stack that the recording does not have: they never block a transition here.',
      'livepatch-ls: poor.json: The stacks are of Linux 6.1.0-56, the simulated kernel is 6.12: functions may have other names there.',
      '',
    ]);
    expect(simulate('poor.json', '--format', 'log', '--kernel', '6.1').err).not.toContain('other names');
  });

  it('refuses what is no recording, with the reason', () => {
    writeFileSync(join(folder, 'cut.json'), '{"format":"livepatch-capture",\n"version":1,');
    expect(simulate('cut.json')).toEqual({
      status: 2,
      out: '',
      err: `livepatch-ls: cut.json can't be used as a workload. The recording ends too early, in line 2, column 13: something stopped the script, or the file was cut.
Try "livepatch-ls --help".
`,
    });
    expect(simulate('nowhere.json')).toMatchObject({
      status: 2,
      err: expect.stringContaining('it can be web-server, database, build-machine, or a recording'),
    });
    expect(simulate('.')).toMatchObject({ status: 2, err: expect.stringContaining('It is no file.') });
  });
});
