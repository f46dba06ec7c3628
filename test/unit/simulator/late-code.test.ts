import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import type { Phase, Workload } from '../../../shared/src/simulator/workload.ts';
import { asleep, at, events, load, machine, patch, play, SECOND, task, unload, write } from './support.ts';

const found = (trace: Trace) => events(trace, 'finding').map(({ id, text }) => `${id}: ${text}`);

/** One task holds patches of pipe_read() up, the other sleeps elsewhere; both can be killed. */
const TWO = machine([asleep('cat', ['pipe_read', 'vfs_read', 'ksys_read']), asleep('tail', ['do_wait'])]);
const exits = (module: string, more: object = {}) => patch(module, { vmlinux: ['do_exit', 'pipe_read'] }, more);
const POSSIBLE =
  "late-exit: Exiting tasks that are off the task list may still run a_do_exit(): 'a' goes without waiting for them, as do_exit() stays patched.";

describe('a task that the task list has forgotten', () => {
  it('may run what a replace takes away', () => {
    const trace = play(TWO, [at(0, load(exits('a'))), at(30, load(exits('b', { replace: true })))]);
    expect(found(trace)).toEqual([POSSIBLE]);
  });

  it('may run what a disable takes away, when another patch has the function, too', () => {
    const trace = play(TWO, [at(0, load(exits('a'))), at(30, load(exits('b'))), at(60, write('a/enabled', '0'))]);
    expect(found(trace)).toEqual([POSSIBLE]);
  });

  it('is waited for by RCU tasks when the function is patched no more', () => {
    expect(found(play(TWO, [at(0, load(exits('a'))), at(30, write('a/enabled', '0')), at(60, unload('a'))]))).toEqual(
      [],
    );
  });

  it('has run nothing of a patch that could not be enabled, and nothing in a nop', () => {
    const a = patch('a', { vmlinux: ['do_exit'] });
    const symbols = {
      find: (_object: string | null, name: string) => [{ traceable: name !== 'notrace' }],
    };
    const failing = patch('b', { vmlinux: ['do_exit', 'notrace'] });
    expect(found(play(TWO, [at(0, load(a)), at(3, load(failing))], { symbols }))).toEqual([]);
  });

  it('is waited for, too, where a replace ends with the original', () => {
    const empty = patch('c', { vmlinux: ['f'] }, { replace: true });
    expect(found(play(TWO, [at(0, load(patch('a', { vmlinux: ['do_exit'] }))), at(3, load(empty))]))).toEqual([]);
  });

  it('is named when the run has one at that moment', () => {
    // On a CPU without a tick it goes on in user space unswitched, and exits just before a pass looks.
    const exitsAfter = (time: number) =>
      machine(
        [
          asleep('init', ['do_wait']),
          task('spin', [], {
            cpus: [1],
            behaviour: {
              phases: [{ do: 'user', for: { min: time, max: time } }, { do: 'exit' }],
              begins: 'first-phase',
            },
          }),
        ],
        { cpus: 2, nohzFullCpus: [1] },
      );
    const steps = [at(0, load(exits('a'))), at(30, load(exits('b', { replace: true })))];
    const passes = events(play(exitsAfter(90 * SECOND), steps), 'pass').map((pass) => pass.at);
    const pass = passes.find((time) => time > 33 * SECOND) as number;
    const traces = Array.from({ length: 20 }, (_, i) => play(exitsAfter(pass - 10 * i), steps));
    const named = traces.flatMap(found).filter((text) => text.includes('spin:2'));
    expect(named.length).toBeGreaterThan(0);
    expect(new Set(named)).toEqual(
      new Set(["late-exit: spin:2 is off the task list and still runs a_do_exit(): 'a' goes without waiting for it."]),
    );
  });
});

describe('a task that never gives way', () => {
  const spins = (more: object): Workload =>
    machine(
      [
        task(
          'spin',
          [{ do: 'kernel', for: { min: 90 * SECOND, max: 90 * SECOND }, stack: ['spin', 'kthread'], ...more }],
          {
            kind: 'kthread',
            behaviour: {
              phases: [
                { do: 'kernel', for: { min: 90 * SECOND, max: 90 * SECOND }, stack: ['spin', 'kthread'], ...more },
              ],
              begins: 'first-phase',
            },
          },
        ),
        asleep('init', ['do_wait']),
      ],
      { cpus: 2 },
    );
  const steps = [
    at(0, load(patch('lp', { vmlinux: ['f', 'g'] }))),
    at(3, write('lp/force', '1')),
    at(20, write('lp/enabled', '0')),
    at(23, write('lp/force', '1')),
  ];

  it('makes the end of an unpatching wait for RCU tasks, once for all functions', () => {
    const [first, ...more] = found(play(spins({}), steps, { kernel: '6.1', seed: 3 }));
    expect(first).toMatch(/^rcu-tasks-stall: spin:1 runs in the kernel for another .* taking 'lp' out waits for it/);
    expect(more).toEqual([]);
  });

  it('and does so when it calls cond_resched(), which is no voluntary switch', () => {
    const [first] = found(play(spins({ condResched: true }), steps, { kernel: '6.1', seed: 3 }));
    expect(first).toMatch(/^rcu-tasks-stall: spin:1 runs in the kernel/);
  });

  const clears = (inUser: number, ...more: Phase[]): Workload => {
    const stack = ['read_zero', 'vfs_read', 'ksys_read'];
    const kernel: Phase = { do: 'kernel', for: { min: 75_000, max: 75_000 }, stack, condResched: true };
    return machine([task('clear', [kernel, { do: 'user', for: { min: inUser, max: inUser } }, ...more])]);
  };
  const life = [at(0, load(patch('lp', { vmlinux: ['f'] }))), at(3, write('lp/enabled', '0'))];

  // As seen on Linux 6.12 (523 s) and 6.1 (29 s).
  it('and does so when it is in user space for a moment only, where no tick finds it', () => {
    const [first, ...more] = found(play(clears(5), life));
    expect(first).toMatch(
      /^rcu-tasks-stall: clear:1 is in the kernel nearly all the time .* in user space it takes about 60.0 s: taking 'lp' out/,
    );
    expect(more).toEqual([]);
  });

  it('and is no matter when it is in user space or sleeps now and then', () => {
    expect(found(play(clears(500), life))).toEqual([]);
    const sleep: Phase = { do: 'sleep', for: { min: 9, max: 9 }, stack: ['do_wait'], state: 'interruptible' };
    expect(found(play(clears(5, sleep), life))).toEqual([]);
  });
});
