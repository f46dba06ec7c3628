import { describe, expect, it } from 'vitest';
import { layOver } from '../../../shared/src/picture/overlay.ts';
import type { BlockReason, Trace, TraceEvent } from '../../../shared/src/simulator/trace.ts';

const SECOND = 1_000_000;
const IN_PIPE: BlockReason = { kind: 'sleeping-on', function: 'pipe_read', original: 'pipe_read' };
const IN_EPOLL: BlockReason = { kind: 'sleeping-on', function: 'do_epoll_wait', original: 'do_epoll_wait' };

/** A run of 20 s in which `lp` is loaded at 1 s. Times of events are seconds. */
function run(
  events: readonly (readonly [seconds: number, event: object])[],
  comms: readonly string[] = ['reader'],
): Trace {
  return {
    format: 'livepatch-trace-1',
    options: { kernel: '6.12', model: 'hybrid', workload: 'test', seed: 1, timeLimit: 0, assumptions: [] },
    tasks: comms.map((comm, id) => ({ id, comm, kind: 'user', group: null })),
    events: events.map(([seconds, event]) => ({ at: Math.round(seconds * SECOND), ...event }) as TraceEvent),
    end: 20 * SECOND,
    stopped: 'quiet',
  };
}

const old = { type: 'patch-state', task: 0, state: 0, how: 'init' };
const switched = { type: 'patch-state', task: 0, state: 1, how: 'stack-check' };
const held = (reason: BlockReason, task = 0) => ({ type: 'blocked', task, reason, stack: [] });

/** Switched at `seconds`, held up until then. */
const heldUntil = (seconds: number, reason = IN_PIPE) =>
  run([
    [1, old],
    [1, held(reason)],
    [seconds, switched],
  ]);

const differencesOf = (simulated: Trace, real: Trace) =>
  layOver(simulated, real, ['reader']).tasks[0]?.differences.map(({ from, to, simulator, kernel }) => [
    from / SECOND,
    to / SECOND,
    simulator,
    kernel,
  ]);

describe('layOver', () => {
  it('takes a task that switches in the same second for agreement', () => {
    expect(differencesOf(heldUntil(15.1), heldUntil(16.0))).toEqual([]);
  });

  it('marks the time between two switches', () => {
    expect(differencesOf(heldUntil(15), heldUntil(3))).toEqual([
      [3, 15, 'runs old code, held up: it sleeps in pipe_read(), which the patch replaces', 'runs new code'],
    ]);
  });

  it('marks a task that does not switch at all to the end', () => {
    expect(
      differencesOf(
        heldUntil(15),
        run([
          [1, old],
          [1, held(IN_PIPE)],
        ]),
      ),
    ).toEqual([
      [15, 20, 'runs new code', 'runs old code, held up: it sleeps in pipe_read(), which the patch replaces'],
    ]);
  });

  it('marks another reason though both switch at the same time', () => {
    expect(differencesOf(heldUntil(15), heldUntil(15, IN_EPOLL))?.map(([from, to]) => [from, to])).toEqual([[1, 15]]);
  });

  it('takes a function and what replaces it for the same: the kernel prints the old name', () => {
    const inNew: BlockReason = { kind: 'sleeping-on', function: 'fixed_pipe_read [lp]', original: 'pipe_read' };
    expect(differencesOf(heldUntil(15), heldUntil(15, inNew))).toEqual([]);
  });

  it('says when a side does not have a task', () => {
    const [pair] = layOver(heldUntil(15), run([], []), ['reader']).tasks;
    expect(pair?.real).toBeNull();
    expect(pair?.differences.map(({ kernel }) => kernel)).toContain('is not there');
  });

  it('takes a task that is not started yet and nothing patched for the same', () => {
    const child = { id: 7, comm: 'late', kind: 'user', group: null };
    const late = run([[0.5, { type: 'fork', parent: 1, child, state: -1 }]]);
    expect(layOver(late, run([], ['late']), ['late']).tasks[0]?.differences).toEqual([]);
  });

  it('compares nothing beyond the end of the shorter run', () => {
    const short = { ...heldUntil(15), end: 10 * SECOND };
    expect(differencesOf(heldUntil(15), short)).toEqual([]);
  });
});

describe('threads that the scenario does not name', () => {
  const other = (comm: string, events: readonly (readonly [number, object])[]) => run(events, [comm]);
  const strangers = (one: Trace, two: Trace) => layOver(one, two, []).strangers;
  const HELD: readonly (readonly [number, object])[] = [
    [1, old],
    [1, held(IN_PIPE)],
    [15, switched],
  ];

  it('are told when only one side calls them held up', () => {
    expect(strangers(other('kworker/0:1', []), other('kworker/0:2', HELD))).toEqual([
      {
        comm: 'kworker/*:*',
        simulator: 'is not held up',
        kernel: 'is held up: it sleeps in pipe_read(), which the patch replaces',
      },
    ]);
    expect(strangers(other('ksmd', HELD), other('ksmd', []))).toMatchObject([
      { comm: 'ksmd', kernel: 'is not held up' },
    ]);
  });

  it('are the same when their numbers differ', () => {
    expect(strangers(other('kworker/0:1', HELD), other('kworker/0:2', HELD))).toEqual([]);
  });

  it('may be held up for a moment on the simulator without a word', () => {
    const moment: typeof HELD = [
      [1, old],
      [1, held(IN_PIPE)],
      [1.9, switched],
    ];
    expect(strangers(other('ksmd', moment), other('ksmd', []))).toEqual([]);
  });

  it('are not looked for in a guest when the simulator has a whole preset', () => {
    const preset = other('ksmd', HELD);
    const options = { ...preset.options, workload: 'web-server' };
    expect(strangers({ ...preset, options }, other('ksmd', []))).toEqual([]);
  });

  it('are not the children of helpers', () => {
    expect(layOver(run([], []), other("parent's child", HELD), ['parent']).strangers).toEqual([]);
  });
});
