import { describe, expect, it } from 'vitest';
import { readBootReport } from '../../../server/src/kernel-runner/guest-report.ts';

const NAMES = ['first', 'second', 'third'];
const lines = (...values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('');
const BOOT = { type: 'boot', at: 1, release: '6.12.117' };
const CLEAN_PLAN = [
  { type: 'plan', at: 10, plan: 0 },
  { type: 'step', at: 11, index: 0 },
  { type: 'log', at: 12, record: "5,1,11,-;livepatch: enabling patch 'lp'" },
  { type: 'result', at: 13, index: 0, errno: -22, value: 'text' },
  { type: 'sysfs', at: 14, tree: { lp: '' } },
  { type: 'ended', at: 15, how: 'finished' },
  { type: 'clean', at: 16, dirt: '' },
];

describe('a plan that leaves the machine clean', () => {
  const { results, next, release } = readBootReport(lines(BOOT, ...CLEAN_PLAN), '', NAMES, 0, 'itself');

  it('is finished', () => {
    expect(release).toBe('6.12.117');
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ plan: 'first', outcome: 'finished', dirt: null, endedAt: 15 });
    expect(next).toBe(1);
  });

  it('has results of its steps, its log and snapshots', () => {
    expect(results[0]?.steps).toEqual([{ index: 0, startedAt: 11, endedAt: 13, errno: -22, value: 'text' }]);
    expect(results[0]?.log).toEqual([{ at: 11, level: 5, text: "livepatch: enabling patch 'lp'", step: 0 }]);
    expect(results[0]?.sysfs).toEqual([{ at: 14, tree: { lp: '' } }]);
  });
});

describe('a crash in the middle', () => {
  const report = lines(
    BOOT,
    { type: 'plan', at: 20, plan: 1 },
    { type: 'step', at: 21, index: 0 },
    { type: 'log', at: 22, record: '5,1,22,-;reported' },
    { type: 'result', at: 23, index: 0, errno: 0 },
    { type: 'step', at: 24, index: 1 },
  );
  const console = [
    '[    0.000010] klp-runner: next plan',
    '[    0.000011] of an earlier plan',
    '[    0.000020] klp-runner: next plan',
    '[    0.000022] reported',
    '[    0.000025] BUG: kernel NULL pointer dereference, address: 0',
    '',
  ].join('\r\n');
  const { results, next } = readBootReport(`${report}{"type":"resu`, console, NAMES, 1, 'itself');

  it('is a result, with the step that did not return', () => {
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ plan: 'second', outcome: 'crashed', dirt: 'the guest ended', endedAt: null });
    expect(results[0]?.steps.map((s) => s.errno)).toEqual([0, null]);
    expect(next).toBe(2);
  });

  it('takes the last words from the console, none twice and none of earlier plans', () => {
    expect(results[0]?.log.map((line) => line.text)).toEqual([
      'reported',
      'BUG: kernel NULL pointer dereference, address: 0',
    ]);
  });
});

it('knows a guest that was given up from one that ended', () => {
  const report = lines(BOOT, { type: 'plan', at: 20, plan: 0 }, { type: 'step', at: 21, index: 0 });
  expect(readBootReport(report, '', NAMES, 0, 'silence').results[0]?.outcome).toBe('silent');
  expect(readBootReport(report, '', NAMES, 0, 'limit').results[0]?.outcome).toBe('overtime');
});

it('keeps why a machine was not trusted any more', () => {
  const report = lines(
    BOOT,
    { type: 'plan', at: 20, plan: 2 },
    { type: 'ended', at: 21, how: 'killed' },
    { type: 'clean', at: 22, dirt: 'tainted 12416' },
    { type: 'off', at: 23, why: 'tainted 12416' },
  );
  const { results, orderly } = readBootReport(report, '', NAMES, 2, 'itself');
  expect(results).toHaveLength(1);
  expect(results[0]).toMatchObject({ plan: 'third', outcome: 'killed', dirt: 'tainted 12416' });
  expect(orderly).toBe(true);
});

it('gives a hung plan that switched the guest off', () => {
  const report = lines(
    BOOT,
    { type: 'plan', at: 20, plan: 0 },
    { type: 'ended', at: 21, how: 'hung' },
    { type: 'off', at: 22, why: 'a plan hung' },
  );
  expect(readBootReport(report, '', NAMES, 0, 'itself').results).toMatchObject([
    { outcome: 'hung', dirt: 'a plan hung' },
  ]);
});

it('has nothing when the kernel did not come up', () => {
  expect(readBootReport('', '[    0.1] Kernel panic', NAMES, 1, 'itself')).toMatchObject({ results: [], next: 1 });
});
