import { describe, expect, it } from 'vitest';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import {
  ALL_CALLBACKS,
  asleep,
  at,
  errnos,
  events,
  FOREVER,
  kthread,
  linesAfter,
  load,
  machine,
  patch,
  play,
  QUIET,
  READER,
  SECOND,
  STUCK,
  story,
  task,
  unload,
  write,
} from './support.ts';

const PIPE = patch('lp', { vmlinux: { funcs: ['pipe_read'], callbacks: ALL_CALLBACKS } });
const SLEEP = patch('lp', { vmlinux: { funcs: ['msleep'], callbacks: ALL_CALLBACKS } });

describe('a reader that sleeps in the patched function', () => {
  const trace = play(READER, [at(0, load(PIPE))]);

  it('is signalled in the 16th pass, restarts its call and lets the transition end a second later', () => {
    const passes = events(trace, 'pass');
    expect(passes.map((pass) => pass.signalled)).toEqual([...Array(15).fill(false), true, false]);
    expect(passes.map((pass) => pass.remaining)).toEqual([...Array(16).fill(1), 0]);
    expect(story(trace).filter((line) => line === 'signaling remaining tasks')).toHaveLength(1);
    expect(events(trace, 'signal')).toMatchObject([{ task: 2, woken: true, effect: 'restarts' }]);
    expect(events(trace, 'patch-state').filter((event) => event.task === 2)).toMatchObject([
      { state: 0, how: 'init' },
      { state: 1, how: 'kernel-exit' },
      { state: -1, how: 'done' },
    ]);
  });

  it('waits 0.75 to 1.75 s for the second pass, by the seed, then a second each', () => {
    const firstGaps = new Set<number>();
    for (let seed = 1; seed <= 60; seed++) {
      const times = events(play(READER, [at(0, load(PIPE))], { seed }), 'pass').map((pass) => pass.at);
      const gaps = times.slice(1).map((time, index) => time - (times[index] as number));
      const [first = 0, ...others] = gaps;
      expect(first).toBeGreaterThan(745_000);
      expect(first).toBeLessThanOrEqual(1_755_000);
      expect(new Set(others)).toEqual(new Set([SECOND]));
      firstGaps.add(Math.floor(first / 250_000));
    }
    // Every quarter of a second of that range turns up.
    expect(firstGaps).toEqual(new Set([...firstGaps, 3, 4, 5, 6]));
  });

  it('is named in a debug line in each pass, and once in the trace', () => {
    const line = 'klp_try_switch_task: cat:2 is sleeping on function pipe_read';
    expect(story(trace).filter((text) => text === line)).toHaveLength(16);
    expect(events(trace, 'blocked')).toMatchObject([
      { at: 0, task: 2, reason: { kind: 'sleeping-on', function: 'pipe_read', original: 'pipe_read' } },
    ]);
  });

  it('hangs again on disable, now in the replacement', () => {
    const steps = [at(0, load(PIPE)), at(30, write('lp/enabled', '0'))];
    const both = play(READER, steps, { timeLimit: 100 * SECOND });
    expect(events(both, 'blocked').map((event) => event.reason)).toEqual([
      { kind: 'sleeping-on', function: 'pipe_read', original: 'pipe_read' },
      { kind: 'sleeping-on', function: 'lp_pipe_read [lp]', original: 'pipe_read' },
    ]);
    expect(story(both).filter((line) => line === 'signaling remaining tasks')).toHaveLength(2);
    expect(story(both).at(-1)).toBe("'lp': unpatching complete");
  });

  it('sees EINTR where the call does not restart', () => {
    const workload = machine([asleep('nginx', ['do_epoll_wait'], { syscall: 'epoll_wait', onSignal: 'EINTR' })]);
    const trace = play(workload, [at(0, load(patch('lp', { vmlinux: ['do_epoll_wait'] })))]);
    expect(events(trace, 'signal')).toMatchObject([{ woken: true, effect: 'EINTR' }]);
  });
});

describe('who is not reached by signals', () => {
  const blockedAt60 = (workload: Parameters<typeof play>[0], image = SLEEP) => {
    const trace = play(workload, [at(0, load(image))], { timeLimit: 60 * SECOND });
    return { trace, stopped: trace.stopped, signals: events(trace, 'signal') };
  };

  it('a task in an uninterruptible sleep gets the flag once and is not woken', () => {
    const { stopped, signals } = blockedAt60(STUCK);
    expect(stopped).toBe('time-limit');
    expect(signals.map((signal) => signal.woken)).toEqual([false, false, false]);
  });

  it('a kworker in TASK_IDLE', () => {
    const { stopped, signals } = blockedAt60(
      machine([kthread('kworker/0:1', ['worker_thread'], { state: 'idle' })]),
      patch('lp', { vmlinux: ['worker_thread'] }),
    );
    expect(stopped).toBe('time-limit');
    expect(signals.every((signal) => !signal.woken)).toBe(true);
  });

  it('a kernel thread that goes back to sleep in the function', () => {
    const { stopped, signals } = blockedAt60(
      machine([kthread('khugepaged', ['khugepaged'])]),
      patch('lp', { vmlinux: ['khugepaged'] }),
    );
    expect(stopped).toBe('time-limit');
    expect(signals.map((signal) => signal.woken)).toEqual([true, true, true]);
  });

  it('a stopped task with a clean stack needs none: it switches in the first pass', () => {
    const workload = machine([asleep('gdb', ['do_signal_stop', 'get_signal'], { state: 'stopped' })]);
    expect(events(play(workload, [at(0, load(PIPE))]), 'pass')).toMatchObject([{ number: 1, remaining: 0 }]);
  });
});

describe('an unreliable stack', () => {
  it('keeps a sleeping kernel thread from switching', () => {
    const workload = machine([kthread('odd', ['odd_loop'], { reliable: false })]);
    const trace = play(workload, [at(0, load(PIPE))], { timeLimit: 5 * SECOND });
    expect(trace.stopped).toBe('time-limit');
    expect(story(trace)).toContain('klp_try_switch_task: odd:1 has an unreliable stack');
  });

  it.each([
    [99, 'quiet'],
    [100, 'time-limit'],
  ] as const)('has %i frames at most: %s', (frames, stopped) => {
    const deep = { do: 'sleep', for: FOREVER, state: 'interruptible', stack: Array(frames).fill('recursion') } as const;
    const trace = play(machine([task('deep', [deep])]), [at(0, load(PIPE))], { timeLimit: 2 * SECOND });
    expect(trace.stopped).toBe(stopped);
  });
});

describe('reversing', () => {
  it('an enable: post_unpatch only, and the next pass comes when it would have come', () => {
    const trace = play(STUCK, [at(0, load(SLEEP)), at(3.2, write('lp/enabled', '0')), at(8, unload('lp'))]);
    expect(errnos(trace)).toEqual([0, 0, 0]);
    expect(linesAfter(story(trace), '> write lp/enabled = 0')).toEqual([
      "'lp': reversing transition from patching to unpatching",
      "'lp': starting unpatching transition",
      "'lp': completing unpatching transition",
      '[post_unpatch vmlinux]',
      "'lp': unpatching complete",
      '> unload lp',
    ]);
    const times = events(trace, 'pass').map((pass) => pass.at);
    expect(times.at(-1)).toBe((times.at(-2) as number) + SECOND);
    expect(events(trace, 'callback').map((event) => event.callback)).toEqual(['pre_patch', 'post_unpatch']);
  });

  it('a disable: pre_unpatch ran, post_patch runs again', () => {
    const reader = machine([asleep('late', ['pipe_read', 'vfs_read', 'ksys_read'])]);
    const steps = [at(0, load(PIPE)), at(20, write('lp/enabled', '0')), at(22.1, write('lp/enabled', '1'))];
    const trace = play(reader, steps);
    expect(linesAfter(story(trace), '> write lp/enabled = 1')).toEqual([
      "'lp': reversing transition from unpatching to patching",
      "'lp': starting patching transition",
      "'lp': completing patching transition",
      '[post_patch vmlinux]',
      "'lp': patching complete",
    ]);
    expect(events(trace, 'callback').map((event) => event.callback)).toEqual([
      'pre_patch',
      'post_patch',
      'pre_unpatch',
      'post_patch',
    ]);
    expect(stateAt(trace, trace.end).sysfs).toContainEqual({ path: 'lp/enabled', kind: 'file', value: '1' });
  });

  it('can be repeated, and counts to the signals anew', () => {
    const flips = ['0', '1', '0', '1'].map((value, index) => at(3.1 + index / 10, write('lp/enabled', value)));
    const trace = play(STUCK, [at(0, load(SLEEP)), ...flips], { timeLimit: 25 * SECOND });
    expect(errnos(trace)).toEqual([0, 0, 0, 0, 0]);
    const signalled = events(trace, 'pass').filter((pass) => pass.signalled);
    expect(signalled).toMatchObject([{ number: 16 }]);
    expect(signalled[0]?.at).toBeGreaterThan(17 * SECOND);
  });

  it('is refused when it changes nothing, and after the transition', () => {
    const steps = [
      at(0, load(PIPE)),
      at(1, write('lp/enabled', '1')),
      at(30, write('lp/enabled', '1')),
      at(31, write('lp/enabled', 'maybe')),
      at(32, write('nobody/enabled', '0')),
    ];
    expect(errnos(play(READER, steps))).toEqual([0, -22, -22, -22, -2]);
  });
});

describe('writes to sysfs', () => {
  const write0 = (path: string, value: string) =>
    errnos(play(QUIET, [at(0, load(PIPE)), at(1, write(path, value))]))[1];

  it.each(['0', 'n', 'N', 'f', 'F', 'no', 'false', 'of', 'off', 'oFf'])("takes '%s' for 0", (value) => {
    expect(write0('lp/enabled', value)).toBe(0);
  });

  it.each(['', 'o', '2', 'x', 'disable'])("refuses '%s'", (value) => {
    expect(write0('lp/enabled', value)).toBe(-22);
  });

  it.each([
    ['lp', -21],
    ['lp/vmlinux', -21],
    ['lp/vmlinux/pipe_read,1', -21],
    ['lp/transition', -13],
    ['lp/replace', -13],
    ['lp/vmlinux/patched', -13],
    // The shell's O_CREAT is refused where there is no such file.
    ['lp/nothing', -13],
    ['lp/vmlinux/nothing', -13],
    ['lp/vmlinux/pipe_read,1/nothing', -13],
    ['lp/nothing/nothing', -2],
    ['lp/vmlinux/nothing/nothing', -2],
    ['other', -13],
    ['other/enabled', -2],
    ['', -21],
  ])('%s: %i', (path, errno) => {
    expect(write0(path, '1')).toBe(errno);
  });

  it('refuses to disable another patch during a transition', () => {
    const other = patch('other', { vmlinux: ['f'] });
    const steps = [at(0, load(other)), at(3, load(SLEEP)), at(4, write('other/enabled', '0'))];
    expect(errnos(play(STUCK, steps, { timeLimit: 5 * SECOND }))).toEqual([0, 0, -16]);
  });
});

describe('force', () => {
  it('moves everybody at once, says so, and completes in the next pass', () => {
    const trace = play(STUCK, [at(0, load(SLEEP)), at(3.3, write('lp/force', '1'))]);
    expect(linesAfter(story(trace), '> write lp/force = 1')).toEqual([
      'forcing remaining tasks to the patched state',
      "'lp': completing patching transition",
      '[post_patch vmlinux]',
      "'lp': patching complete",
    ]);
    expect(events(trace, 'patch-state').filter((event) => event.how === 'force')).toMatchObject([
      { task: 2, at: 3.3 * SECOND },
    ]);
    expect(trace.end).toBeLessThanOrEqual(4.4 * SECOND);
  });

  it('tells of the task that still executes old code', () => {
    const trace = play(STUCK, [at(0, load(SLEEP)), at(3.3, write('lp/force', '1'))]);
    expect(events(trace, 'finding')).toMatchObject([{ id: 'forced-mix' }]);
    expect(events(trace, 'finding')[0]?.text).toContain('stuck:2 still executes msleep()');
  });

  it.each([
    ['0', 0],
    ['1', -22],
    ['perhaps', -22],
  ])('without a transition, %s returns %i and does nothing', (value, errno) => {
    const trace = play(QUIET, [at(0, load(PIPE)), at(3, write('lp/force', value))]);
    expect(errnos(trace)).toEqual([0, errno]);
    expect(story(trace).at(-1)).toBe(`> write lp/force = ${value}${errno === 0 ? '' : `: ${errno}`}`);
  });

  it('forced in, the patch can be disabled and removed later', () => {
    // Nobody sleeps in the replacement: the only sleeper is still in the original.
    const steps = [
      at(0, load(SLEEP)),
      at(3, write('lp/force', '1')),
      at(6, write('lp/enabled', '0')),
      at(8, unload('lp')),
    ];
    expect(errnos(play(STUCK, steps))).toEqual([0, 0, 0, 0]);
  });

  it('forced out, its module can never be unloaded', () => {
    // A kernel thread in the replacement's main loop: only force ends the disable.
    const looping = machine([kthread('kt', ['lp_loop [lp]'])]);
    const forced = play(looping, [
      at(0, load(patch('lp', { vmlinux: { funcs: [{ oldName: 'loop', newFunc: 'lp_loop' }] } }))),
      at(2, write('lp/enabled', '0')),
      at(3, write('lp/force', '1')),
      at(8, unload('lp')),
      at(9, load(patch('lp', { vmlinux: ['loop'] }))),
    ]);
    expect(errnos(forced)).toEqual([0, 0, 0, -11, -17]);
    expect(stateAt(forced, forced.end).sysfs).toEqual([]);
  });
});
