import { describe, expect, it } from 'vitest';
import { compareRecords, differs } from '../../../shared/src/scenario/compare.ts';
import type { ScenarioRecord } from '../../../shared/src/scenario/record.ts';
import { patch } from '../simulator/support.ts';
import { playSteps } from './scenarios.ts';

const HELD = [{ start: 'reader' }, { load: 'lp' }, { wait: 3 }];
const life = [{ load: 'lp' }, { wait: 'transition' }];
const messages = ({ failures }: ReturnType<typeof playSteps>) =>
  failures.map(({ step, message }) => `${step + 1}: ${message}`);
const expecting = (steps: readonly object[], expectation: object) =>
  messages(playSteps([...steps, { expect: expectation }]));

describe('play', () => {
  it('takes no longer than the transition takes, and two seconds more', () => {
    const { record } = playSteps([...life, { disable: 'lp' }, { wait: 'transition' }, { unload: 'lp' }]);
    expect(record.steps.map(({ errno }) => errno)).toEqual([0, 0, 0, 0, 0]);
    expect(record.steps[1]?.until).toBeLessThan(3_000_000);
    const wait = (record.steps[2]?.at ?? 0) - (record.steps[1]?.until ?? 0);
    expect(wait).toBeGreaterThanOrEqual(2_000_000);
    expect(wait).toBeLessThan(2_100_000);
  });

  it('gives waiting up at its limit', () => {
    const stuck = { 'load-target': 'gate' };
    const { record } = playSteps(
      [stuck, { start: 'held' }, { load: 'lp' }, { wait: 'transition', limit: 20 }],
      {},
      { lp: patch('lp', { gate: ['gate_wait'] }) },
    );
    const last = record.steps.at(-1);
    expect(last?.errno).toBe(-110);
    expect(Math.round(((last?.until ?? 0) - (last?.at ?? 0)) / 1e6)).toBe(20);
  });

  it('plays at the times at which a real machine did', () => {
    const times = [
      { at: 0, until: 5_000 },
      { at: 400_000, until: 3_400_000 },
    ];
    const { record } = playSteps([{ load: 'lp' }, { wait: 'transition' }], {}, {}, times);
    expect(record.steps.map(({ at, until }) => ({ at, until }))).toEqual(times);
  });

  it('does not let a pass come between steps that a machine did in one go, whenever that was', () => {
    const images = { lp: patch('lp', { gate: ['gate_wait'] }) };
    const steps = [
      { 'load-target': 'gate' },
      { start: 'held' },
      { load: 'lp' },
      { wait: 3 },
      { disable: 'lp' },
      { write: 'lp/enabled', value: '1' },
    ];
    for (let shift = 0; shift < 1_000_000; shift += 1000) {
      const times = [0, 10, 20, 30, 4000 + shift / 1000, 4002 + shift / 1000].map((ms) => ({
        at: ms * 1000,
        until: ms * 1000 + 500,
      }));
      const { record } = playSteps(steps, {}, images, times);
      expect(
        record.steps.map(({ errno }) => errno),
        `${shift} us later`,
      ).toEqual(steps.map(() => 0));
    }
  });

  it('hands module parameters on: one may decide whether a patch replaces', () => {
    const images = { all: patch('all', { vmlinux: ['pipe_write'] }, { replaceParameter: 'replace' }) };
    const more = { modules: { lp: 'lp.c', all: 'all.c' } };
    const left = (parameters: object) => {
      const steps = [...life, { load: 'all', parameters }, { wait: 'transition' }];
      const paths = Object.keys(playSteps(steps, more, images).record.steps.at(-1)?.sysfs ?? {});
      return paths.filter((path) => !path.includes('/'));
    };
    expect(left({})).toEqual(['all', 'lp']);
    expect(left({ replace: '1' })).toEqual(['all']);
  });

  it('gives the same trace each time', () => {
    expect(playSteps(HELD).trace).toEqual(playSteps(HELD).trace);
  });

  it('knows where tasks of each kind sleep, on both kernels', () => {
    const sleeps = {
      epoll: 'do_epoll_wait',
      poll: 'do_sys_poll',
      select: 'do_select',
      futex: 'futex_wait_queue',
      nanosleep: 'hrtimer_nanosleep',
      wait4: 'do_wait',
      vfork: 'kernel_clone',
      accept: 'inet_csk_accept',
      recv: 'unix_stream_read_generic',
      semop: '__do_semtimedop',
      sigwait: '__x64_sys_rt_sigtimedwait',
      stopped: 'do_signal_stop',
    };
    for (const kernel of ['6.1', '6.12']) {
      for (const [does, func] of Object.entries(sleeps)) {
        const steps = [{ start: 't' }, { load: 'lp' }, { wait: 3 }, { expect: { blocked: { t: func } } }];
        const played = playSteps(
          steps,
          { kernels: [kernel], tasks: { t: { does } } },
          { lp: patch('lp', { vmlinux: [func] }) },
        );
        expect({ does, wrong: messages(played) }).toEqual({ does, wrong: [] });
      }
    }
  });

  it('lets busy tasks switch by themselves', () => {
    for (const does of ['spin', 'calls', 'kernel', 'fork', 'pause', 'traced']) {
      const steps = [{ start: 't' }, { load: 'lp' }, { wait: 'transition' }, { expect: { took: { atMost: 5 } } }];
      expect(messages(playSteps(steps, { tasks: { t: { does } } }))).toEqual([]);
    }
  });

  it('wakes a task at its standard input, stops it and lets it go on', () => {
    const woken = [...HELD, { wake: 'reader' }, { wait: 'transition' }, { expect: { took: { atMost: 3 } } }];
    expect(messages(playSteps(woken))).toEqual([]);
    const stopped = [
      ...HELD,
      { signal: 'reader', name: 'STOP' },
      { wait: 'transition' },
      { expect: { took: { atMost: 3 } } },
    ];
    expect(messages(playSteps(stopped))).toEqual([]);
  });

  it('takes what it is told about symbols and pre_patch', () => {
    expect(messages(playSteps([{ load: 'lp', errno: 'EINVAL' }], { symbols: { pipe_read: 0 } }))).toEqual([]);
    expect(messages(playSteps([{ load: 'lp', errno: 'EINVAL' }], { symbols: { pipe_read: 2 } }))).toEqual([]);
    expect(messages(playSteps([{ load: 'lp', errno: 'EINVAL' }], { symbols: { pipe_read: 'notrace' } }))).toEqual([]);
  });

  it('runs on a preset, besides the named tasks', () => {
    const { trace } = playSteps(life, { workload: 'web-server' });
    expect(trace.tasks.some(({ comm }) => comm === 'nginx')).toBe(true);
  });
});

describe('judge', () => {
  it('has nothing to say when all is as expected', () => {
    expect(
      expecting(HELD, {
        log: ['enabling patch', 'starting patching transition'],
        noLog: ['complete'],
        callbacks: ['pre_patch vmlinux'],
        sysfs: { 'lp/transition': '1', 'lp/enabled': '1', 'lp/other': null },
        patchState: { reader: 0 },
        blocked: { reader: 'pipe_read' },
        eintr: { reader: 0 },
      }),
    ).toEqual([]);
  });

  it('says what a step returned that should have succeeded, or should not', () => {
    expect(messages(playSteps([...HELD, { unload: 'lp' }]))).toEqual(['4: It returned EAGAIN, not 0.']);
    expect(messages(playSteps([{ load: 'lp', errno: 'EBUSY' }]))).toEqual(['1: It returned 0, not EBUSY.']);
    expect(messages(playSteps([...HELD, { unload: 'lp', errno: 'any' }]))).toEqual([]);
  });

  it.each([
    [{ log: ['patching complete'] }, 'No such line is in the log.'],
    [{ log: ['starting patching', 'enabling patch'] }, 'The line is in the log, but not in this order.'],
    [{ noLog: ['enabling'] }, `The log has "livepatch: enabling patch 'lp'".`],
    [{ callbacks: ['post_patch vmlinux'] }, 'The callbacks were: pre_patch vmlinux.'],
    [{ sysfs: { 'lp/enabled': '0' } }, 'It is "1".'],
    [{ sysfs: { 'lp/nothing': '0' } }, 'It is not there.'],
    [{ sysfs: { lp: null } }, 'It is there.'],
    [{ patchState: { reader: 1 } }, 'patch_state of reader is 0.'],
    [{ patchState: { reader: 'gone' } }, 'patch_state of reader is 0.'],
    [{ blocked: {} }, 'reader holds the transition up, too.'],
    [{ blocked: { reader: 'ep_poll' } }, 'ep_poll() is not on the stack of reader'],
    [{ eintr: { reader: 1 } }, 'It was 0 times.'],
    [{ took: { atMost: 1 } }, 'No step before this one waits for a transition.'],
  ])('says of %j: %s', (expectation, message) => {
    const [first] = expecting(HELD, expectation);
    expect(first).toContain(message);
  });

  it('measures how long a transition took from the step that began it', () => {
    expect(expecting([...HELD, { wait: 'transition' }], { took: { atLeast: 14, atMost: 18 } })).toEqual([]);
    expect(expecting([...HELD, { wait: 'transition' }], { took: { atMost: 10 } })[0]).toMatch(
      /^5: It took 1\d\.\d s\.$/,
    );
  });

  it('looks at the log since the expectation before', () => {
    const steps = [...HELD, { expect: {} }, { wait: 1 }];
    expect(expecting(steps, { log: ['enabling patch'] })).toEqual(['6: No such line is in the log, which is empty.']);
  });

  it('says where a record breaks off', () => {
    const { scenario, record } = playSteps(life);
    const broken: ScenarioRecord = { ...record, steps: record.steps.slice(0, 1), broken: 'The kernel crashed' };
    expect(
      compareRecords(scenario, broken, record)
        .flatMap(({ rows }) => rows.filter(differs))
        .map(({ kernel }) => kernel),
    ).toContain('wait for the transition: not reached');
  });
});

describe('compareRecords', () => {
  const { scenario, record } = playSteps(HELD);
  const rowsOf = (kernel: ScenarioRecord) =>
    compareRecords(scenario, kernel, record).flatMap(({ rows }) => rows.filter(differs));
  const changed = (place: number, change: object): ScenarioRecord => ({
    ...record,
    steps: record.steps.map((step, index) => (index === place ? { ...step, ...change } : step)),
  });

  it('finds no difference between equal records', () => {
    expect(rowsOf(record)).toEqual([]);
  });

  it('shows results, lines of the log, sysfs and tasks that differ', () => {
    expect(rowsOf(changed(1, { errno: -16 }))).toEqual([
      { kind: 'result', simulator: 'load lp: 0', kernel: 'load lp: EBUSY' },
    ]);
    const log = record.steps[1]?.log.filter((line) => !line.includes('initializing')) ?? [];
    expect(rowsOf(changed(1, { log }))).toEqual([
      { kind: 'log', simulator: "livepatch: 'lp': initializing patching transition", kernel: null },
    ]);
    const sysfs = { ...record.steps[2]?.sysfs, 'lp/enabled': '0' };
    expect(rowsOf(changed(2, { sysfs }))).toEqual([
      { kind: 'sysfs', simulator: 'lp/enabled = "1"', kernel: 'lp/enabled = "0"' },
    ]);
    expect(rowsOf(changed(2, { tasks: [] }))).toEqual([
      { kind: 'task', simulator: 'reader: patch_state 0, EINTR 0 times', kernel: null },
    ]);
  });

  it('does not mind where in a block a line comes, nor callbacks that a module does not tell', () => {
    const all = record.steps[1]?.log ?? [];
    const late = changed(1, { log: all.slice(0, 2) });
    const moved = {
      ...late,
      steps: late.steps.map((step, index) => (index === 2 ? { ...step, log: all.slice(2) } : step)),
    };
    expect(rowsOf(moved)).toEqual([]);
    expect(rowsOf(changed(1, { log: all.filter((line) => !line.includes('callback')) }))).toEqual([]);
  });
});
