import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Bundle, buildBundle } from './support/bundle.ts';

/** The command line with scenario files: a copy of the samples, as it ships. */

const SAMPLES = join(import.meta.dirname, '../../samples/scenarios');
let bundle: Bundle;
let folder: string;

beforeAll(async () => {
  bundle = await buildBundle();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'livepatch-scenarios-'));
  cpSync(SAMPLES, folder, { recursive: true });
  return () => rmSync(folder, { recursive: true, force: true });
});
afterAll(() => bundle.remove());

function run(...args: string[]): { status: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bundle.cli, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

/** Exchanges a piece of a sample. */
function edit(name: string, from: string, to: string): void {
  const text = readFileSync(join(folder, name), 'utf8');
  expect(text).toContain(from);
  writeFileSync(join(folder, name), text.replace(from, to));
}

/** Elements of an XML text that nothing closes, and what could not be read as XML. */
function unclosed(xml: string): string[] {
  const open: string[] = [];
  const rest = xml.replace(
    /<\?xml[^?]*\?>|<(\/?)([a-z-]+)((?: [a-z]+="[^"<>&]*(?:&[#\w]+;[^"<>&]*)*")*)(\/?)>/g,
    (_, end, name, _attributes, empty) => {
      if (end === '/' && open.pop() !== name) open.push(`</${name}>`);
      else if (end !== '/' && empty !== '/' && name !== undefined) open.push(name);
      return '';
    },
  );
  return [...open, ...(/[<>]|&(?![#\w]+;)/.test(rest) ? [rest] : [])];
}

describe('livepatch-ls simulate F.klpsim.json', () => {
  it('lists the steps on each kernel and exits 0 when everything comes as the file says', () => {
    const { status, out, err } = run('simulate', 'callbacks.klpsim.json');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(
      /^The four callbacks run in order \(Linux 6\.12, simulated\)\n +1 +0\.0 s {2}load lp_cmdline {2}ok\n/,
    );
    expect(out).toContain('The four callbacks run in order (Linux 6.1, simulated)');
    expect(out).toContain('lp_cmdline: callback pre_patch vmlinux');
  });

  it('exits 1 and names the place of what did not come', () => {
    edit('callbacks.klpsim.json', '"patching complete"', '"never printed"');
    const { status, out } = run('simulate', '--kernel', '6.12', 'callbacks.klpsim.json');
    expect(status).toBe(1);
    expect(out).toMatch(/^callbacks\.klpsim\.json:11:\d+: error: No such line is in the log\.$/m);
    expect(out).toMatch(/expect log, callbacks, sysfs, took {2}FAILED/);
  });

  it('plays several, and reports them all as CI systems read it, those with mistakes too', () => {
    edit('callbacks.klpsim.json', '"patching complete"', '"<never> & \\"printed\\""');
    writeFileSync(join(folder, 'broken.klpsim.json'), '{ "title": 3 }');
    const { status, out, err } = run(
      'simulate',
      '--format',
      'junit',
      'broken.klpsim.json',
      'callbacks.klpsim.json',
      'kill.klpsim.json',
    );
    expect({ status, err }).toEqual({ status: 1, err: '' });
    expect(out).toMatch(
      /^<\?xml version="1\.0" encoding="UTF-8"\?>\n<testsuites tests="5" failures="2" errors="1" time="\d+\.\d{3}">/,
    );
    expect(out).toMatch(
      /<testsuite name="broken\.klpsim\.json" tests="1" failures="0" errors="1"[^>]*>\n {4}<testcase [^>]*>\n {6}<error message="broken\.klpsim\.json/,
    );
    expect(out).toMatch(/<failure message="No such line is in the log\.">callbacks\.klpsim\.json:11:\d+: No such line/);
    expect(out).toMatch(/<testsuite name="kill\.klpsim\.json" tests="2" failures="0" errors="0"/);
    expect(unclosed(out)).toEqual([]);
  });

  it('takes several files only when all are scenarios', () => {
    expect(run('simulate', 'kill.klpsim.json', 'lp-waits.c')).toMatchObject({
      status: 2,
      err: expect.stringContaining('Only scenarios may be several'),
    });
  });

  it('gives programs the record, the trace and the failures', () => {
    edit('callbacks.klpsim.json', '{ "unload": "lp_cmdline" }', '{ "unload": "lp_cmdline", "errno": "EBUSY" }');
    const { status, out } = run('simulate', '--format', 'json', '--kernel', '6.1', 'callbacks.klpsim.json');
    expect(status).toBe(1);
    const { results } = JSON.parse(out);
    expect(results).toMatchObject([
      {
        kernel: '6.1',
        failures: [{ step: 6, message: 'It returned 0, not EBUSY.' }],
        record: { by: 'simulator', broken: null },
        trace: { format: 'livepatch-trace-1', options: { kernel: '6.1' } },
      },
    ]);
  });

  it('prints the log alone', () => {
    const { out } = run('simulate', '--format', 'log', '--kernel', '6.12', 'callbacks.klpsim.json');
    expect(out.split('\n')[0]).toBe("livepatch: enabling patch 'lp_cmdline'");
  });

  it('exits 2 with every mistake and its place', () => {
    edit('callbacks.klpsim.json', '{ "disable": "lp_cmdline" }', '{ "disabel": "lp_cmdline" }, { "load": "other" }');
    const { status, out, err } = run('simulate', 'callbacks.klpsim.json');
    expect({ status, out }).toEqual({ status: 2, out: '' });
    expect(err).toContain('callbacks.klpsim.json:17:7: There is no step "disabel"; did you mean "disable"?');
  });

  it('exits 2 for sources that are not there or no livepatch, and for options that the file has itself', () => {
    edit('callbacks.klpsim.json', 'lp-cmdline.c', 'missing.c');
    expect(run('simulate', 'callbacks.klpsim.json')).toMatchObject({
      status: 2,
      err: expect.stringContaining("names missing.c, which can't be read"),
    });
    edit('callbacks.klpsim.json', 'missing.c', 'gate.c');
    expect(run('simulate', 'callbacks.klpsim.json').err).toContain('it has no klp_patch');
    expect(run('simulate', '--seeds', '3', 'kill.klpsim.json').err).toContain('--seeds is not for scenarios');
    expect(run('simulate', 'nowhere.klpsim.json').status).toBe(2);
  });
});

describe('livepatch-ls verify', () => {
  it('exits 2 for what is no scenario, and for a kernel that is not there', () => {
    expect(run('verify', 'gate.c')).toMatchObject({ status: 2, err: expect.stringContaining('.klpsim.json') });
    expect(run('verify').status).toBe(2);
    const headers = ['--headers', folder, 'callbacks.klpsim.json'];
    expect(run('verify', ...headers)).toMatchObject({ status: 2, err: expect.stringContaining('one --kernel') });
    const limit = run('verify', '--time-limit', 'soon', 'callbacks.klpsim.json');
    expect(limit).toMatchObject({ status: 2, err: expect.stringContaining('--time-limit is "soon"') });
    const missing = run('verify', '--kernel', './vmlinuz', '--cache', folder, 'callbacks.klpsim.json');
    expect(missing).toMatchObject({
      status: 2,
      err: expect.stringMatching(/There is no kernel image \/.*\/vmlinuz\.$/m),
    });
  });
});
