import { expect, test } from 'vitest';
import { lanes } from '../../../shared/src/picture/lanes.ts';
import { forecastSvg, pictureRows } from '../../../shared/src/picture/timeline-svg.ts';
import type { Forecast } from '../../../shared/src/simulator/forecast-types.ts';
import type { Trace, TraceEvent, TraceTask } from '../../../shared/src/simulator/trace.ts';

const tasks: TraceTask[] = [1, 2, 3, 4].map((id) => ({ id, comm: id < 4 ? 'sh' : 'a<b>&"c"', kind: 'user', group: 0 }));
const events: TraceEvent[] = [
  ...tasks.map((task): TraceEvent => ({ at: 0, type: 'patch-state', task: task.id, state: 0, how: 'init' })),
  { at: 0, type: 'blocked', task: 4, reason: { kind: 'unreliable' }, stack: [] },
  { at: 200, type: 'patch-state', task: 1, state: 1, how: 'stack-check' },
  { at: 500, type: 'patch-state', task: 2, state: 1, how: 'stack-check' },
  { at: 500, type: 'patch-state', task: 3, state: 1, how: 'stack-check' },
  { at: 800, type: 'signal', task: 4, woken: true, effect: null },
];
const typical: Trace = {
  format: 'livepatch-trace-1',
  options: { kernel: '6.12', model: 'hybrid', workload: 'w', seed: 1, timeLimit: 1, assumptions: [] },
  tasks,
  events,
  end: 1000,
  stopped: 'quiet',
};
const forecast: Forecast = {
  kernel: '6.12',
  model: 'hybrid',
  workload: { id: 'w', title: 'W', tasks: 4 },
  seeds: 1,
  errno: 0,
  finished: 0,
  time: null,
  timeLimit: 1000,
  needsSignals: 1,
  runs: [],
  blockers: [],
  callbacks: [],
  typical,
  assumptions: [],
  headline: 'Never ends: "a<b>" blocks & waits',
  advice: [],
};

test('tasks that nothing holds up share a row, in which the share on new code grows', () => {
  const [free, blocked] = pictureRows(lanes(typical), 5);
  expect(free?.label).toBe('3 tasks');
  expect(free?.columns).toEqual([
    { from: 0, to: 200, shares: [{ state: 'old', share: 1 }] },
    {
      from: 200,
      to: 500,
      shares: [
        { state: 'new', share: 1 / 3 },
        { state: 'old', share: 2 / 3 },
      ],
    },
    { from: 500, to: 1000, shares: [{ state: 'new', share: 1 }] },
  ]);
  expect(blocked?.label).toBe('a<b>&"c"');
  expect(blocked?.signals).toEqual([800]);
});

test('more kinds of blocked tasks than rows are gathered in the last row', () => {
  const many = Array.from({ length: 9 }, (_, i): TraceTask => ({ id: i, comm: `t${i}`, kind: 'user', group: i }));
  const blockedAll = many.map(
    (task): TraceEvent => ({ at: 1, type: 'blocked', task: task.id, reason: { kind: 'unreliable' }, stack: [] }),
  );
  const rows = pictureRows(lanes({ ...typical, tasks: many, events: blockedAll }), 4);
  expect(rows.map((row) => row.label)).toEqual(['t0', 't1', 't2', '6 others']);
});

test('a task that every look finds running has a row of its own, and who is waited for longest comes first', () => {
  const tasks = ['early', 'late', 'loop', 'passer'].map(
    (comm, id): TraceTask => ({ id, comm, kind: 'user', group: id }),
  );
  const blocked = (task: number, kind: 'running' | 'unreliable'): TraceEvent => ({
    at: 1,
    type: 'blocked',
    task,
    reason: { kind },
    stack: [],
  });
  const switched = (task: number, at: number): TraceEvent => ({
    at,
    type: 'patch-state',
    task,
    state: 1,
    how: 'kernel-exit',
  });
  const events = [
    ...tasks.map(({ id }): TraceEvent => ({ at: 0, type: 'patch-state', task: id, state: 0, how: 'init' })),
    blocked(0, 'unreliable'),
    blocked(1, 'unreliable'),
    blocked(2, 'running'),
    blocked(3, 'running'),
    switched(3, 5000),
    switched(0, 1_000_000),
    switched(1, 9_000_000),
    switched(2, 15_000_000),
  ];
  const rows = pictureRows(lanes({ ...typical, tasks, events, end: 16_000_000 }), 5);
  expect(rows.map(({ label }) => label)).toEqual(['1 task', 'loop', 'late', 'early']);
});

test.each(['dark', 'light', 'high-contrast', 'high-contrast-light'] as const)(
  'the %s picture is an image that says in words what it shows, and no text breaks its XML',
  (theme) => {
    const svg = forecastSvg(forecast, { theme });
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
    expect(svg).toContain('<title>Never ends: &#34;a&#60;b&#62;&#34; blocks &#38; waits</title>');
    expect(svg).toContain('url(#h)');
    expect(svg).not.toMatch(/a<b>|NaN|undefined|Infinity/);
  },
);
