import { describe, expect, test } from 'vitest';
import { groupLanes, isBlockedEver, lanes } from '../../../shared/src/picture/lanes.ts';
import type { Trace, TraceEvent, TraceTask } from '../../../shared/src/simulator/trace.ts';

const nginx: TraceTask = { id: 101, comm: 'nginx', kind: 'user', group: 0 };
const bash: TraceTask = { id: 102, comm: 'bash', kind: 'user', group: 1 };
const kworker: TraceTask = { id: 12, comm: 'kworker/0:1', kind: 'kthread', group: 2 };

function trace(events: readonly TraceEvent[], tasks: readonly TraceTask[] = [nginx, bash]): Trace {
  return {
    format: 'livepatch-trace-1',
    options: { kernel: '6.12', model: 'hybrid', workload: 'test', seed: 1, timeLimit: 60_000_000, assumptions: [] },
    tasks,
    events,
    end: 1000,
    stopped: 'quiet',
  };
}

const PATCHING: readonly TraceEvent[] = [
  { at: 100, type: 'transition', patch: 'p', target: 'patched', phase: 'init' },
  { at: 100, type: 'patch-state', task: 101, state: 0, how: 'init' },
  { at: 100, type: 'patch-state', task: 102, state: 0, how: 'init' },
  { at: 110, type: 'patch-state', task: 102, state: 1, how: 'stack-check' },
  {
    at: 120,
    type: 'blocked',
    task: 101,
    reason: { kind: 'sleeping-on', function: 'ep_poll', original: 'ep_poll' },
    stack: ['schedule', 'ep_poll'],
  },
  { at: 500, type: 'signal', task: 101, woken: true, effect: 'EINTR' },
  { at: 510, type: 'patch-state', task: 101, state: 1, how: 'kernel-exit' },
  { at: 600, type: 'patch-state', task: 101, state: -1, how: 'done' },
  { at: 600, type: 'patch-state', task: 102, state: -1, how: 'done' },
  { at: 600, type: 'transition', patch: 'p', target: 'patched', phase: 'done' },
];

function states(of: Trace, task: number): string[] {
  const lane = lanes(of).find((l) => l.task.id === task);
  return (lane?.segments ?? []).map((s) => `${s.from}-${s.to} ${s.state}`);
}

describe('lanes', () => {
  test('a task that switches at once, and one that waits for the signal', () => {
    expect(states(trace(PATCHING), 102)).toEqual(['0-100 rest', '100-110 old', '110-1000 new']);
    expect(states(trace(PATCHING), 101)).toEqual(['0-100 rest', '100-120 old', '120-510 blocked-old', '510-1000 new']);
  });

  test('the blocked stretch carries the reason, the stack and the signal', () => {
    const lane = lanes(trace(PATCHING))[0];
    expect(lane?.segments[2]?.reason).toEqual({ kind: 'sleeping-on', function: 'ep_poll', original: 'ep_poll' });
    expect(lane?.segments[2]?.stack).toEqual(['schedule', 'ep_poll']);
    expect(lane?.segments[3]?.reason).toBeNull();
    expect(lane?.marks).toEqual([{ at: 500, kind: 'signal', effect: 'EINTR' }]);
  });

  test('a reversed transition blocks nobody until a pass says so', () => {
    const reversed: TraceEvent[] = [
      ...PATCHING.slice(0, 5),
      { at: 300, type: 'transition', patch: 'p', target: 'unpatched', phase: 'reverse' },
      {
        at: 320,
        type: 'blocked',
        task: 102,
        reason: { kind: 'sleeping-on', function: 'new_ep_poll', original: 'ep_poll' },
        stack: ['schedule', 'new_ep_poll'],
      },
    ];
    expect(states(trace(reversed), 101)).toEqual(['0-100 rest', '100-120 old', '120-300 blocked-old', '300-1000 old']);
    expect(states(trace(reversed), 102)).toEqual(['0-100 rest', '100-110 old', '110-320 new', '320-1000 blocked-new']);
  });

  test('after an unpatching transition nothing is patched', () => {
    const disable: TraceEvent[] = [
      { at: 700, type: 'transition', patch: 'p', target: 'unpatched', phase: 'init' },
      { at: 700, type: 'patch-state', task: 102, state: 1, how: 'init' },
      { at: 710, type: 'patch-state', task: 102, state: 0, how: 'stack-check' },
      { at: 800, type: 'transition', patch: 'p', target: 'unpatched', phase: 'done' },
    ];
    expect(states(trace([...PATCHING, ...disable]), 102)).toEqual([
      '0-100 rest',
      '100-110 old',
      '110-710 new',
      '710-800 old',
      '800-1000 rest',
    ]);
  });

  test('disabling one of two patches leaves the other one’s code running', () => {
    const two: TraceEvent[] = [
      { at: 10, type: 'transition', patch: 'a', target: 'patched', phase: 'done' },
      { at: 20, type: 'transition', patch: 'b', target: 'patched', phase: 'done' },
      { at: 30, type: 'transition', patch: 'b', target: 'unpatched', phase: 'done' },
    ];
    expect(states(trace(two), 101)).toEqual(['0-10 rest', '10-1000 new']);
    const replaced: TraceEvent[] = [two[0], { at: 20, type: 'sysfs', path: 'a', value: null }, two[1], two[2]].flatMap(
      (event) => (event ? [event as TraceEvent] : []),
    );
    expect(states(trace(replaced), 101)).toEqual(['0-10 rest', '10-30 new', '30-1000 rest']);
  });

  test('a running task is not drawn as blocked', () => {
    const running: TraceEvent[] = [
      { at: 100, type: 'patch-state', task: 101, state: 0, how: 'init' },
      { at: 100, type: 'blocked', task: 101, reason: { kind: 'running' }, stack: [] },
    ];
    const [lane] = lanes(trace(running));
    expect(lane?.segments.map((s) => s.state)).toEqual(['rest', 'old']);
    expect(lane && isBlockedEver(lane)).toBe(false);
  });

  test('a forked child begins at the fork with what it inherits and ends at its exit', () => {
    const child: TraceTask = { id: 200, comm: 'sh', kind: 'user', group: 1 };
    const forked = trace([
      ...PATCHING.slice(0, 4),
      { at: 150, type: 'fork', parent: 102, child, state: 1 },
      { at: 300, type: 'exit', task: 200 },
      { at: 600, type: 'transition', patch: 'p', target: 'patched', phase: 'done' },
    ]);
    expect(states(forked, 200)).toEqual(['150-300 new']);
  });

  test('groups: the blocked first, kernel threads together', () => {
    const all = lanes(trace(PATCHING, [kworker, { ...kworker, id: 13 }, bash, nginx]));
    expect(groupLanes(all).map((g) => [g.title, g.lanes.length, g.blocked])).toEqual([
      ['nginx', 1, true],
      ['kernel threads', 2, false],
      ['bash', 1, false],
    ]);
  });
});
