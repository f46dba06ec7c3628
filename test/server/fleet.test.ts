import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FleetSummary } from '../../shared/src/fleet/fleet-summary.ts';
import type { HostResult } from '../../shared/src/fleet/host-result.ts';
import { type Bundle, buildBundle } from './support/bundle.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Replaces the nanosleep system call, in which one task of the recorded guests sleeps. */
const PATCH = join(ROOT, 'samples', 'first-look.c');
const OTHER_PATCH = join(ROOT, 'samples', 'version-banner.c');
const RECORDING = readFileSync(join(ROOT, 'test/fixtures/captures/guest.6.12.json'), 'utf8').replaceAll('\n', '');

let bundle: Bundle;
let folder: string;

beforeAll(async () => {
  bundle = await buildBundle();
});
afterAll(() => bundle.remove());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepatch-fleet-'));
  return () => rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle.cli, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

const lines = (text: string): HostResult[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as HostResult]));
const hosts = (text: string): string[] =>
  lines(text)
    .map(({ host }) => host)
    .sort();
const named = (host: string): string => `{"host":${JSON.stringify(host)},${RECORDING.slice(1)}`;

function write(name: string, text: string): string {
  mkdirSync(join(folder, name, '..'), { recursive: true });
  writeFileSync(join(folder, name), text);
  return name;
}

/** `count` good recordings, and a broken one in their middle. */
function fleetFile(count: number): string {
  const all = Array.from({ length: count }, (_, index) => named(`db${index}`));
  all.splice(count >> 1, 0, RECORDING.slice(0, 5000));
  return write('fleet.jsonl', `${all.join('\n')}\n`);
}

describe('simulate --fleet', () => {
  it('forecasts each line of a file, and loses none: a broken one is a result, too', () => {
    const { status, out, err } = run('simulate', '--fleet', fleetFile(5), '--format', 'json', PATCH);
    expect(err).toBe('');
    expect(status).toBe(1);
    expect(hosts(out)).toEqual(['db0', 'db1', 'db2', 'db3', 'db4', 'fleet:3']);
    const db0 = lines(out).find(({ host }) => host === 'db0');
    expect(db0).toMatchObject({
      ok: true,
      module: 'first_look',
      recorded: '6.12.117+deb12-cloud-amd64',
      kernel: '6.12',
      seeds: 10,
    });
    expect(db0?.ok && db0.blockers[0]).toMatchObject({
      comm: 'in-nanosleep',
      function: '__x64_sys_clock_nanosleep',
      tasks: 1,
    });
    const broken = lines(out).find(({ ok }) => !ok);
    expect(broken).toMatchObject({ host: 'fleet:3', error: expect.stringContaining('ends too early') });
  });

  it('reads the recordings of a folder and of those in it; names say which', () => {
    write('fleet/web/a.json', RECORDING);
    write('fleet/db.json', RECORDING);
    write('fleet/notes.txt', 'no recording');
    const { status, out } = run('simulate', '--fleet', 'fleet', '--format', 'json', PATCH);
    expect(status).toBe(0);
    expect(hosts(out)).toEqual(['db', 'web/a']);
  });

  it('comes to the same on one thread and on four', () => {
    const summaries = ['1', '4'].map((jobs) =>
      JSON.parse(run('simulate', '--fleet', fleetFile(6), '--jobs', jobs, '--format', 'summary', PATCH).out),
    ) as FleetSummary[];
    const [one, four] = summaries.map((summary) => ({
      ...summary,
      blockers: summary.blockers.map(({ examples: _, ...rest }) => rest),
    }));
    expect(four).toEqual(one);
    expect(one).toMatchObject({ hosts: 7, outcomes: { 'within-60s': 6, unreadable: 1 }, needSignals: 6 });
  });

  it('goes on where an earlier run was ended, even in the middle of a line', () => {
    const fleet = fleetFile(6);
    const whole = JSON.parse(run('simulate', '--fleet', fleet, '--format', 'summary', PATCH).out);
    run('simulate', '--fleet', fleet, '--results', 'r.jsonl', PATCH);
    const all = readFileSync(join(folder, 'r.jsonl'), 'utf8');
    const third = all.split('\n').slice(0, 3).join('\n').length;
    truncateSync(join(folder, 'r.jsonl'), third - 40);
    const { status, out } = run('simulate', '--fleet', fleet, '--results', 'r.jsonl', '--format', 'summary', PATCH);
    expect(status).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ hosts: whole.hosts, outcomes: whole.outcomes, curve: whole.curve });
    const after = readFileSync(join(folder, 'r.jsonl'), 'utf8');
    expect(hosts(after)).toEqual(hosts(all));
    expect(after.startsWith(all.split('\n').slice(0, 2).join('\n'))).toBe(true);
  });

  it('keeps what it has when it is interrupted', async () => {
    const fleet = write('fleet.jsonl', Array.from({ length: 400 }, (_, index) => `${named(`db${index}`)}\n`).join(''));
    const results = join(folder, 'r.jsonl');
    const child = spawn(process.execPath, [bundle.cli, 'simulate', '--fleet', fleet, '--results', results, PATCH], {
      cwd: folder,
    });
    let errors = '';
    child.stderr.on('data', (data: Buffer) => {
      errors += data;
    });
    while (!existsSync(results) || readFileSync(results, 'utf8') === '') await wait(20);
    child.kill('SIGINT');
    const [status] = await once(child, 'exit');
    expect(status).toBe(130);
    expect(errors).toMatch(/stopped after \d+ hosts\. Run the same command again to go on\./);
    const kept = lines(readFileSync(results, 'utf8')).length;
    expect(kept).toBeGreaterThan(0);
    expect(kept).toBeLessThan(400);
    const { status: again, out } = run(
      'simulate',
      '--fleet',
      fleet,
      '--results',
      results,
      '--format',
      'summary',
      PATCH,
    );
    expect([again, JSON.parse(out).hosts]).toEqual([0, 400]);
  });

  it('does not mix results of another patch, other options, or another kind of file into a run', () => {
    const fleet = write('fleet.jsonl', named('db'));
    run('simulate', '--fleet', fleet, '--results', 'r.jsonl', PATCH);
    const before = readFileSync(join(folder, 'r.jsonl'), 'utf8');
    for (const args of [[OTHER_PATCH], ['--seeds', '3', PATCH], ['--kernel', '6.1', PATCH]]) {
      const { status, err } = run('simulate', '--fleet', fleet, '--results', 'r.jsonl', ...args);
      expect([status, err]).toEqual([
        2,
        expect.stringContaining('r.jsonl:1: this is a result of another patch or of other options'),
      ]);
    }
    expect(readFileSync(join(folder, 'r.jsonl'), 'utf8')).toBe(before);
    write('mine.txt', 'something\nof mine\n');
    const { status, err } = run('simulate', '--fleet', fleet, '--results', 'mine.txt', PATCH);
    expect([status, err]).toEqual([2, expect.stringContaining('mine.txt:1: this is no result of a fleet')]);
    expect(readFileSync(join(folder, 'mine.txt'), 'utf8')).toBe('something\nof mine\n');
  });

  it('says what is wrong with its arguments', () => {
    expect(run('simulate', '--fleet', 'nowhere', PATCH)).toMatchObject({
      status: 2,
      err: expect.stringContaining('no such file or folder'),
    });
    expect(run('simulate', '--results', 'r.jsonl', PATCH).err).toContain('--results is not for a single machine');
    expect(run('simulate', '--fleet', 'x', '--workload', 'database', PATCH).err).toContain(
      '--workload is not for a fleet',
    );
    expect(run('simulate', '--fleet', 'x', '--format', 'log', PATCH).err).toContain(
      'it can be pretty, json, summary, html',
    );
  });

  it('writes a report on one page', () => {
    const { status, out } = run('simulate', '--fleet', fleetFile(3), '--format', 'html', PATCH);
    expect(status).toBe(1);
    expect(out).toMatch(/^<!DOCTYPE html>/);
    expect(out).toContain('<h1>first_look on 4 hosts</h1>');
    expect(out).toContain('tasks that sleep in __x64_sys_clock_nanosleep()');
  });
});

describe('fleet-report', () => {
  it('puts together what was simulated apart', () => {
    write('one.jsonl', `${named('a')}\n${named('b')}`);
    write('two.jsonl', `${named('c')}\n${named('b')}`);
    for (const part of ['one', 'two'])
      run('simulate', '--fleet', `${part}.jsonl`, '--results', `${part}.results`, PATCH);
    const { status, out } = run('fleet-report', '--format', 'summary', 'one.results', 'two.results');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ module: 'first_look', hosts: 3 });
  });

  it('takes a last line that was cut, and no other', () => {
    write('fleet.jsonl', `${named('a')}\n${named('b')}`);
    run('simulate', '--fleet', 'fleet.jsonl', '--results', 'r', PATCH);
    appendFileSync(join(folder, 'r'), '{"format":"livepatch-fl');
    expect(JSON.parse(run('fleet-report', '--format', 'summary', 'r').out).hosts).toBe(2);
    appendFileSync(join(folder, 'r'), '\n{}\n');
    expect(run('fleet-report', 'r')).toMatchObject({
      status: 2,
      err: expect.stringContaining('r:3: this is no result'),
    });
  });
});
