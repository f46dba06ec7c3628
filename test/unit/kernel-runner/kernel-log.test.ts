import { describe, expect, it } from 'vitest';
import {
  findTroubles,
  livepatchLines,
  parseConsole,
  parseKmsgRecord,
  parseStack,
} from '../../../server/src/kernel-runner/kernel-log.ts';

describe('a record of /dev/kmsg', () => {
  it('has a level, a time and a text', () => {
    expect(parseKmsgRecord("5,355,2163689,-;livepatch: enabling patch 'lp'")).toEqual({
      at: 2163689,
      level: 5,
      text: "livepatch: enabling patch 'lp'",
    });
  });

  it('drops the facility from the prefix, and the dictionary lines', () => {
    expect(parseKmsgRecord('14,354,2492913,c,x=1;klp-runner: next plan\n SUBSYSTEM=none')).toEqual({
      at: 2492913,
      level: 6,
      text: 'klp-runner: next plan',
    });
  });

  it('undoes escapes and keeps semicolons', () => {
    expect(parseKmsgRecord('6,1,0,-;a;b\\x09c')?.text).toBe('a;b\tc');
  });

  it('is null when it is something else', () => {
    expect(parseKmsgRecord('livepatch: enabling')).toBeNull();
  });
});

describe('the console', () => {
  it('gives lines with their time, and passes over what the boot loader printed', () => {
    const lines = parseConsole('SeaBIOS\r\n[    3.004673] lp: loading\r\n[   22.000001] BUG: x\r\nno time\r\n');
    expect(lines).toEqual([
      { at: 3004673, level: null, text: 'lp: loading' },
      { at: 22000001, level: null, text: 'BUG: x' },
    ]);
  });
});

describe('trouble', () => {
  const kinds = (...texts: string[]) =>
    findTroubles(texts.map((text) => ({ at: 0, level: null, text }))).map((t) => t.kind);

  it.each([
    ['BUG: unable to handle page fault for address: ffffffffc0', 'oops'],
    ['BUG: kernel NULL pointer dereference, address: 0000000000000000', 'oops'],
    ['Oops: Oops: 0002 [#1] PREEMPT SMP NOPTI', 'oops'],
    ['BUG: scheduling while atomic: insmod/130/0x00000002', 'oops'],
    ['Kernel panic - not syncing: Fatal exception', 'panic'],
    ['watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [insmod:130]', 'lockup'],
    ['WARNING: CPU: 0 PID: 130 at kernel/livepatch/shadow.c:130 __klp_shadow_get_or_alloc+0x1', 'warning'],
  ])('%s', (text, kind) => {
    expect(kinds(text)).toEqual([kind]);
  });

  it('is not what livepatch and the loader say in ordinary failures', () => {
    expect(
      kinds(
        "livepatch: symbol 'x' not found in symbol table",
        "livepatch: 'lp': starting patching transition",
        'lp: loading out-of-tree module taints kernel.',
        'lp: module verification failed: signature and/or required key missing - tainting kernel',
      ),
    ).toEqual([]);
  });
});

it("picks out livepatch's own lines", () => {
  const lines = [
    { at: 1, level: 5, text: "livepatch: enabling patch 'livepatch_x'" },
    { at: 2, level: 5, text: 'livepatch_x: pre_patch_callback: vmlinux' },
  ];
  expect(livepatchLines(lines)).toEqual([lines[0]]);
});

it('reads the function names of a stack, innermost first', () => {
  expect(parseStack('[<0>] pipe_read+0x345/0x470\n[<0>] hold.isra.0+0x1/0x2 [klp_target]\n')).toEqual([
    'pipe_read',
    'hold.isra.0 [klp_target]',
  ]);
});
