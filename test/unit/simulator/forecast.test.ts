import { describe, expect, it } from 'vitest';
import { forecast } from '../../../shared/src/simulator/forecast.ts';
import type { Workload } from '../../../shared/src/simulator/workload.ts';
import { ALL_CALLBACKS, asleep, kthread, machine, patch, QUIET, READER, SECOND } from './support.ts';

const over = (
  workload: Workload,
  image: ReturnType<typeof patch>,
  more: Partial<Parameters<typeof forecast>[1]> = {},
) => forecast(image, { kernel: '6.12', workload, seeds: 10, ...more });

const EPOLL = ['schedule_hrtimeout_range_clock', 'do_epoll_wait', '__x64_sys_epoll_wait'];

describe('a forecast', () => {
  it('of a patch that nobody is in: done in the first pass on one CPU', () => {
    const result = over(QUIET, patch('lp', { vmlinux: { funcs: ['f'], callbacks: ALL_CALLBACKS } }));
    expect(result).toMatchObject({
      errno: 0,
      seeds: 10,
      finished: 10,
      time: { min: 0, median: 0, p95: 0, max: 0 },
      needsSignals: 0,
      blockers: [],
      callbacks: ['pre_patch (vmlinux)', 'post_patch (vmlinux)'],
      advice: [],
    });
    expect(result.headline).toBe('Finishes in the first pass; nobody sleeps in the patched functions.');
  });

  it('of a patch that somebody sleeps in: who, where, until when', () => {
    const result = over(READER, patch('lp', { vmlinux: ['pipe_read'] }));
    expect(result.needsSignals).toBe(10);
    expect(result.time?.min).toBeGreaterThan(15 * SECOND);
    expect(result.time?.max).toBeLessThan(17 * SECOND);
    expect(result.blockers).toMatchObject([
      {
        comm: 'cat',
        group: 1,
        tasks: 1,
        seeds: 10,
        released: 'signal',
        eintr: null,
        reason: { function: 'pipe_read' },
      },
    ]);
    expect(result.blockers[0]?.stack).toContain('vfs_read');
    expect(result.headline).toMatch(
      /^Finishes in 16\.\d s; 1 of 3 tasks sleeps in pipe_read\(\) and waits for the signal at 15 s\.$/,
    );
    expect(result.runs.map(({ seed, signalled }) => [seed, signalled])).toEqual(
      Array.from({ length: 10 }, (_, index) => [index + 1, true]),
    );
    expect(result.runs.map(({ time }) => time)).toContain(result.time?.median);
    expect(result.typical.events.length).toBeGreaterThan(20);
  });

  it('says which program sees EINTR, and which functions of the patch make tasks wait', () => {
    const workload = machine([
      asleep('nginx', EPOLL, { syscall: 'epoll_wait', onSignal: 'EINTR' }, { count: 4 }),
      asleep('sshd', EPOLL, { syscall: 'epoll_wait', onSignal: 'EINTR' }),
    ]);
    const result = over(workload, patch('lp', { vmlinux: ['f', 'do_epoll_wait', 'g'] }));
    expect(result.headline).toMatch(/5 of 6 tasks sleep in do_epoll_wait\(\) and wait for the signal at 15 s\.$/);
    expect(result.advice[0]).toBe(
      'Only do_epoll_wait() makes tasks wait; the other 2 functions of the patch would not.',
    );
    expect(result.advice.at(-1)).toBe('The signal makes epoll_wait() return EINTR in nginx and sshd.');
    const both = over(workload, patch('lp', { vmlinux: ['do_epoll_wait', '__x64_sys_epoll_wait'] }));
    expect(both.advice.some((sentence) => sentence.startsWith('Only'))).toBe(false);
  });

  it('of a kernel thread that never leaves', () => {
    const workload = machine([kthread('khugepaged', ['khugepaged']), kthread('kcompactd0', ['kcompactd'])]);
    const result = over(workload, patch('lp', { vmlinux: ['khugepaged'] }));
    expect(result).toMatchObject({ finished: 0, time: null });
    expect(result.blockers).toMatchObject([{ comm: 'khugepaged', released: 'never', until: null }]);
    expect(result.headline).toBe(
      'Does not finish within 60.0 s: 1 of 3 tasks sleeps in khugepaged() and no signal gets it out.',
    );
  });

  it('puts threads that differ in numbers together', () => {
    const workload = machine([0, 1, 2].map((cpu) => kthread(`kworker/${cpu}:1`, ['worker_thread'], { state: 'idle' })));
    const result = over(workload, patch('lp', { vmlinux: ['worker_thread'] }));
    expect(result.blockers).toMatchObject([{ comm: 'kworker/*:*', tasks: 3, group: null }]);
    expect(result.advice[0]).toContain('kworker/*:*: worker_thread() is the main loop of kernel threads');
  });

  it('of a patch that the kernel refuses: the errno and what the log says', () => {
    const refused = over(QUIET, patch('lp', { vmlinux: ['f'] }, { livepatchMark: false }));
    expect(refused).toMatchObject({ errno: -22, finished: 0, time: null, blockers: [], advice: [] });
    expect(refused.headline).toBe(
      'The kernel refuses lp: EINVAL, "livepatch: module lp is not marked as a livepatch module".',
    );
    const silent = over(QUIET, patch('lp', { vmlinux: ['f'] }, { nullFields: ['objs'] }));
    expect(silent.headline).toBe('The kernel refuses lp: EINVAL, without a log line.');
  });

  it('on top of patches that are installed', () => {
    const first = patch('first', { vmlinux: ['pipe_read'] });
    const second = patch('second', { vmlinux: ['f'] }, { replace: true });
    const result = over(READER, second, { installed: [first] });
    // The nop for pipe_read() waits for the reader that sleeps in the first patch's version.
    expect(result.blockers).toMatchObject([{ comm: 'cat', reason: { function: 'first_pipe_read [first]' } }]);
    expect(result.time?.min).toBeGreaterThan(14 * SECOND);
  });

  it('is the same each time, and lists what it assumed', () => {
    const image = patch('lp', { vmlinux: ['pipe_read'] }, { assumptions: ['replace is taken to be false'] });
    expect(JSON.stringify(over(READER, image))).toBe(JSON.stringify(over(READER, image)));
    expect(over(READER, image).assumptions).toEqual([
      'replace is taken to be false',
      'Every old_name is taken to exist once in its object and to be traceable.',
    ]);
  });
});
