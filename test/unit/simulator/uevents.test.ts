import { describe, expect, it } from 'vitest';
import { run } from '../../../shared/src/simulator/simulate.ts';
import {
  asleep,
  at,
  errnos,
  events,
  load,
  loadTarget,
  machine,
  patch,
  play,
  SECOND,
  unloadTarget,
  write,
} from './support.ts';

const EPOLL = patch('lp', { vmlinux: ['do_epoll_wait'] });
const init = asleep('init', ['do_wait']);
const udevd = (more: Parameters<typeof asleep>[2] = {}) =>
  asleep('systemd-udevd', ['do_epoll_wait'], more, { hearsUevents: true });

/** Seconds after the last transition began at which it was over. */
function took(trace: ReturnType<typeof play>): number {
  const phases = events(trace, 'transition');
  const began = phases.findLast(({ phase }) => phase === 'start')?.at ?? 0;
  const done = phases.findLast(({ phase }) => phase === 'done')?.at ?? Infinity;
  return (done - began) / SECOND;
}

describe('a task that hears of modules', () => {
  it('is woken when the livepatch is loaded, after the first pass has found it in the function', () => {
    const trace = play(machine([init, udevd()]), [at(0, load(EPOLL))]);
    expect(events(trace, 'pass').map(({ remaining, signalled }) => ({ remaining, signalled }))).toEqual([
      { remaining: 1, signalled: false },
      { remaining: 0, signalled: false },
    ]);
    const others = play(machine([init, asleep('dbus-daemon', ['do_epoll_wait'])]), [at(0, load(EPOLL))]);
    expect(took(others)).toBeGreaterThan(15);
  });

  it('is not woken when the livepatch is disabled: then it holds the transition up until the signal', () => {
    const trace = play(machine([init, udevd()]), [at(0, load(EPOLL)), at(5, write('lp/enabled', '0'))]);
    expect(took(trace)).toBeGreaterThan(15);
  });

  it('is woken when another module comes, or goes', () => {
    for (const step of [loadTarget('loop'), unloadTarget('ext4')]) {
      const steps = [at(0, load(EPOLL)), at(5, write('lp/enabled', '0')), at(8, step)];
      const trace = play(machine([init, udevd()], { modules: ['ext4'] }), steps);
      expect(took(trace)).toBeGreaterThan(3);
      expect(took(trace)).toBeLessThan(4.5);
    }
  });

  it('is not reached in an uninterruptible sleep', () => {
    const trace = play(machine([init, udevd({ state: 'uninterruptible' })]), [at(0, load(EPOLL))]);
    expect(trace.stopped).toBe('time-limit');
  });

  it('is not told of a livepatch that is refused', () => {
    const refused = patch('bad', { vmlinux: ['do_wait'] }, { livepatchMark: false });
    const steps = [at(0, load(EPOLL)), at(5, write('lp/enabled', '0')), at(8, load(refused))];
    const trace = play(machine([init, udevd()]), steps);
    expect(took(trace)).toBeGreaterThan(15);
    expect(errnos(trace)[2]).toBeLessThan(0);
  });
});

describe('a kernel thread that hears of modules and is always in what is replaced', () => {
  it('misses none of its wake-ups in a forecast, which leaves out those of other such threads', () => {
    const phases = [
      { do: 'sleep', for: { min: 100, max: 100 }, stack: ['schedule', 'f', 'kthread'], state: 'interruptible' },
    ] as const;
    const thread = { comm: 'listener', kind: 'kthread', count: 1, behaviour: { phases }, hearsUevents: true } as const;
    const steps = [at(0, load(patch('lp', { vmlinux: ['f'] })))];
    const options = { kernel: '6.12', workload: machine([init, thread]), seed: 1, steps, timeLimit: 5 * SECOND };
    const passes = (recordAll: boolean) => events(run(options, recordAll).trace, 'pass');
    expect(passes(false)).toEqual(passes(true));
    expect(passes(false).length).toBeGreaterThan(3);
  });
});
