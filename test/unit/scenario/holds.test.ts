import { expect, it } from 'vitest';
import { holdsOf } from '../../../shared/src/scenario/holds.ts';
import type { BlockReason, Trace, TraceEvent } from '../../../shared/src/simulator/trace.ts';

const IN_PIPE: BlockReason = { kind: 'sleeping-on', function: 'pipe_read', original: 'pipe_read' };
const RUNS: BlockReason = { kind: 'running' };

/** The hold of task 1 in a run of 60 s with these events; times are seconds. */
function holdIn(...events: readonly (readonly [seconds: number, event: object])[]) {
  const trace: Trace = {
    format: 'livepatch-trace-1',
    options: { kernel: '6.12', model: 'hybrid', workload: 'test', seed: 1, timeLimit: 0, assumptions: [] },
    tasks: [{ id: 1, comm: 'reader', kind: 'user', group: null }],
    events: events.map(([seconds, event]) => ({ at: Math.round(seconds * 1e6), ...event }) as TraceEvent),
    end: 60_000_000,
    stopped: 'time-limit',
  };
  const hold = holdsOf(trace).get(1);
  return hold && [hold.reason.kind, hold.until === null ? null : hold.until / 1e6, hold.wokeAt !== null];
}

const blocked = (reason: BlockReason) => ({ type: 'blocked', task: 1, reason, stack: ['pipe_read'] });
const switches = (how: string) => ({ type: 'patch-state', task: 1, state: 1, how });
const signal = { type: 'signal', task: 1, woken: true, effect: 'restarts' };

it('tells a task that goes on by itself from one that the signals wake', () => {
  expect(holdIn([1, blocked(IN_PIPE)], [4, switches('kernel-exit')])).toEqual(['sleeping-on', 4, true]);
  expect(holdIn([1, blocked(IN_PIPE)], [15, signal], [15.0005, switches('kernel-exit')])).toEqual([
    'sleeping-on',
    15.0005,
    false,
  ]);
  // Signalled long before: it was not the signal.
  expect(holdIn([1, blocked(IN_PIPE)], [15, signal], [40, switches('kernel-exit')])).toEqual(['sleeping-on', 40, true]);
});

it('does not call it going on when somebody forces the transition', () => {
  expect(holdIn([1, blocked(IN_PIPE)], [9, switches('force')])).toEqual(['sleeping-on', 9, false]);
});

it('ends a hold with the reversal that makes it meaningless', () => {
  const reversed = { type: 'transition', patch: 'lp', target: 'unpatched', phase: 'reverse' };
  expect(holdIn([1, blocked(IN_PIPE)], [5, reversed])).toEqual(['sleeping-on', 5, false]);
});

it('lasts to the end when nothing ends it', () => {
  expect(holdIn([1, blocked(IN_PIPE)])).toEqual(['sleeping-on', null, false]);
});

it('is none when a task merely runs while a pass looks', () => {
  expect(holdIn([1, blocked(RUNS)], [2, switches('stack-check')])).toBeUndefined();
  expect(holdIn([1, blocked(RUNS)], [9, switches('stack-check')])).toEqual(['running', 9, true]);
});
