import { describe, expect, test } from 'vitest';
import { commandOf, type Key } from '../../../client/webview/keys.ts';
import { errnoText, logTime, segmentText, shellText, taskFuture } from '../../../client/webview/words.ts';
import type { TraceEvent } from '../../../shared/src/simulator/trace.ts';
import { lane, SLEEPS_IN_POLL, task } from './traces.ts';

describe('words', () => {
  test('a blocked stretch says since when and why', () => {
    const [segment] = lane(task(1, 'sshd'), 0, 'blocked-old', 15_000_000).segments;
    expect(segment && segmentText(segment)).toBe(
      'blocked since 0 s in the old code: it sleeps in do_sys_poll(), which the patch replaces',
    );
  });

  test('a function of another patch on the stack is named with what it replaces', () => {
    const [segment] = lane(task(1, 'sshd'), 0, 'blocked-new', 10).segments;
    const reason = { kind: 'sleeping-on', function: 'my_poll', original: 'do_sys_poll' } as const;
    expect(segment && segmentText({ ...segment, reason })).toContain(
      'it sleeps in my_poll(), a replacement of do_sys_poll()',
    );
  });

  const LIFE: readonly TraceEvent[] = [
    { at: 0, type: 'patch-state', task: 7, state: 0, how: 'init' },
    { at: 10, type: 'blocked', task: 7, reason: SLEEPS_IN_POLL, stack: [] },
    { at: 12, type: 'patch-state', task: 8, state: 1, how: 'stack-check' },
    { at: 15, type: 'signal', task: 7, woken: true, effect: 'EINTR' },
    { at: 16, type: 'patch-state', task: 7, state: 1, how: 'kernel-exit' },
    { at: 20, type: 'fork', parent: 7, child: task(9, 'sh'), state: 1 },
    { at: 30, type: 'patch-state', task: 7, state: -1, how: 'done' },
  ];

  test('a task’s future is its own, from after the time on', () => {
    expect(taskFuture(LIFE, 7, 10, 10)).toEqual([
      { at: 15, text: 'is woken without a real signal; its system call returns EINTR to the program' },
      { at: 16, text: 'returns to user space and switches' },
      { at: 20, text: 'forks sh:9' },
    ]);
    expect(taskFuture(LIFE, 7, -1, 1)).toEqual([
      { at: 10, text: 'a pass finds it blocked: it sleeps in do_sys_poll(), which the patch replaces' },
    ]);
  });

  test('steps are what a root shell would be given', () => {
    expect(shellText({ do: 'write', path: 'fix/enabled', value: '0' })).toBe(
      'echo 0 > /sys/kernel/livepatch/fix/enabled',
    );
    expect(shellText({ do: 'load-target', module: 'nfsd' })).toBe('modprobe nfsd');
  });

  test('errno by name, unknown ones by number', () => {
    expect(errnoText(-16)).toBe('EBUSY, Device or resource busy');
    expect(errnoText(-71)).toBe('error 71');
  });

  test('log times as the kernel prints them', () => {
    expect(logTime(15_385_959)).toBe('[   15.385959]');
  });
});

describe('keys', () => {
  const key = (name: string, change: Partial<Key> = {}): Key => ({
    key: name,
    shiftKey: false,
    ctrlKey: false,
    altKey: false,
    metaKey: false,
    ...change,
  });

  test('arrows move the time, ten times as far with Shift', () => {
    expect(commandOf(key('ArrowRight'))).toEqual({ do: 'move', share: 0.01 });
    expect(commandOf(key('ArrowLeft', { shiftKey: true }))).toEqual({ do: 'move', share: -0.1 });
  });

  test('keys with Ctrl, Alt or Meta are the editor’s', () => {
    for (const modifier of ['ctrlKey', 'altKey', 'metaKey']) {
      expect(commandOf(key('t', { [modifier]: true }))).toBeNull();
    }
  });

  test('other letters do nothing', () => {
    expect(commandOf(key('x'))).toBeNull();
  });
});
