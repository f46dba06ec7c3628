import { describe, expect, it } from 'vitest';
import type { PlanResult, TaskSnapshot } from '../../../server/src/kernel-runner/guest-report.ts';
import { guestTrace } from '../../../server/src/kernel-runner/guest-trace.ts';
import { lanes } from '../../../shared/src/picture/lanes.ts';
import { scenarioOf, scenarioText } from '../scenario/scenarios.ts';

const scenario = scenarioOf(
  scenarioText([{ start: 'held' }, { load: 'lp' }, { wait: 20 }, { disable: 'lp' }, { wait: 5 }, { kill: 'held' }]),
);

/** The guest began its first step at 100 s of its own clock; times here are seconds since. */
const at = (seconds: number) => 100_000_000 + Math.round(seconds * 1e6);
const line = (seconds: number, text: string, level = 7) => ({ at: at(seconds), level, text, step: 1 });
const task = (seconds: number, patchState: number, more: Partial<TaskSnapshot> = {}): TaskSnapshot => ({
  at: at(seconds),
  name: 'held',
  pid: 42,
  comm: 'held',
  state: 'S',
  patchState,
  stack: ['pipe_read', 'vfs_read'],
  said: [],
  ...more,
});
const TRIED = 'livepatch: klp_try_switch_task:';

function traceOf(result: Partial<PlanResult>) {
  const steps = [0, 1, 2, 22, 23, 28].map((second, index) => ({
    index,
    startedAt: at(second),
    endedAt: at(second) + 500_000,
    errno: 0,
    value: null,
  }));
  const whole: PlanResult = {
    plan: 'test',
    release: '6.12.0',
    outcome: 'finished',
    steps,
    log: [],
    sysfs: [],
    tasks: [],
    endedAt: at(29),
    dirt: null,
    ...result,
  };
  return guestTrace(scenario, '6.12', whole, (original) => [`livepatch_${original}`]);
}

/** What a task's lane shows: when each state began, and the function that holds it up. */
const lifeOf = (result: Partial<PlanResult>, comm = 'held') =>
  lanes(traceOf(result))
    .find((lane) => lane.task.comm === comm)
    ?.segments.map(({ from, state, reason }) =>
      [from / 1e6, state, reason?.kind === 'sleeping-on' ? reason.function : ''].join(' ').trim(),
    );

const BEGINS = line(1.1, "livepatch: 'lp': initializing patching transition");
const HELD = line(1.2, `${TRIED} held:42 is sleeping on function pipe_read`);
const COMPLETE = line(16.5, "livepatch: 'lp': patching complete", 5);

describe('guestTrace', () => {
  it('shows a task that is held up until its state is seen to change', () => {
    expect(
      lifeOf({
        log: [BEGINS, HELD, line(2.2, HELD.text), COMPLETE],
        tasks: [task(0.5, -1), task(1.6, 0), task(15.3, 1), task(16.6, -1)],
      }),
    ).toEqual(['0.5 rest', '1.1 old', '1.2 blocked-old pipe_read', '15.3 new']);
  });

  it('takes a task that nobody was told of for switched with all others', () => {
    expect(lifeOf({ log: [BEGINS, COMPLETE], tasks: [task(0.5, -1), task(16.6, -1)] })).toEqual([
      '0.5 rest',
      '1.1 old',
      '16.5 new',
    ]);
  });

  it('names the replacement that a task sleeps in while the patch is disabled', () => {
    const log = [
      line(22, "livepatch: 'lp': initializing unpatching transition"),
      line(22.1, `${TRIED} held:42 is sleeping on function pipe_read`),
    ];
    const stack = ['livepatch_pipe_read [lp]', 'vfs_read'];
    expect(lifeOf({ log, tasks: [task(0.5, -1), task(21, -1, { stack }), task(22.4, 1, { stack })] })).toEqual([
      '0.5 rest',
      '22 new',
      '22.1 blocked-new livepatch_pipe_read [lp]',
    ]);
  });

  it('forgets at a reversal why a task was held up', () => {
    const log = [BEGINS, HELD, line(5, "livepatch: 'lp': reversing transition from patching to unpatching")];
    expect(lifeOf({ log, tasks: [task(0.5, -1), task(1.6, 0)] })).toEqual([
      '0.5 rest',
      '1.1 old',
      '1.2 blocked-old pipe_read',
      '5 old',
    ]);
  });

  it('shows threads that the kernel names, and not those of them that merely run', () => {
    const log = [
      BEGINS,
      line(1.2, `${TRIED} kworker/0:1:9 is running`),
      line(1.2, `${TRIED} khungtaskd:25 has an unreliable stack`),
    ];
    const { tasks, events } = traceOf({ log, tasks: [] });
    expect(tasks).toEqual([{ id: 25, comm: 'khungtaskd', kind: 'kthread', group: null }]);
    expect(events).toContainEqual({
      at: 1_200_000,
      type: 'blocked',
      task: 25,
      reason: { kind: 'unreliable' },
      stack: [],
    });
  });

  it('tells each EINTR once, and the end of a killed task', () => {
    const said = ['read: EINTR'];
    const { events } = traceOf({ tasks: [task(0.5, -1), task(3, -1, { said }), task(9, -1, { said })] });
    expect(events.filter(({ type }) => type === 'eintr')).toEqual([{ at: 3_000_000, type: 'eintr', task: 42 }]);
    expect(events.at(-1)).toEqual({ at: 28_500_000, type: 'exit', task: 42 });
  });

  it('keeps what scenarios are compared by of the log, until the machine is cleaned up', () => {
    const log = [BEGINS, HELD, line(2, 'usb 1-1: new device'), { ...COMPLETE, step: -1 }];
    expect(traceOf({ log }).events.flatMap((event) => (event.type === 'log' ? [event.text] : []))).toEqual([
      BEGINS.text,
    ]);
  });
});
