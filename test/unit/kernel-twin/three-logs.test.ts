import { expect, it } from 'vitest';
import { compareLogs } from '../../kernel/selftests/three-logs.ts';

const LOG = ['% insmod test_modules/lp.ko', "livepatch: enabling patch 'lp'", '% rmmod lp'];

it('counts the lines that all three logs have at the same place', () => {
  expect(compareLogs(LOG, LOG, LOG)).toEqual({ lines: 3, differences: [] });
});

it('tells which two logs differ, and where first', () => {
  const [first = '', , last = ''] = LOG;
  expect(compareLogs(LOG, LOG, [first, last])).toEqual({
    lines: 1,
    differences: [
      `selftest and kernel, line 2: "livepatch: enabling patch 'lp'", "% rmmod lp"`,
      `simulator and kernel, line 2: "livepatch: enabling patch 'lp'", "% rmmod lp"`,
    ],
  });
  expect(compareLogs(LOG, [...LOG, 'test_klp'], LOG)).toEqual({
    lines: 3,
    differences: [
      'selftest and simulator, line 4: nothing, "test_klp"',
      'simulator and kernel, line 4: "test_klp", nothing',
    ],
  });
});

it('says so when a log is empty', () => {
  expect(compareLogs(LOG, LOG, []).lines).toBe(0);
});

it('knows that pids differ from run to run, and that nothing else does', () => {
  const line = (pids: string) => [`% insmod lp.ko klp_pids=${pids}`];
  expect(compareLogs(line('12,13'), line('12,13'), line('211'))).toEqual({ lines: 1, differences: [] });
  expect(compareLogs(line('12'), line('12'), line('none')).lines).toBe(0);
});
