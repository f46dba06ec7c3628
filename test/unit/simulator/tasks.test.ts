import { describe, expect, it } from 'vitest';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import type { Phase, TaskGroup } from '../../../shared/src/simulator/workload.ts';
import { asleep, at, events, FOREVER, kthread, load, machine, patch, play, SECOND, task, write } from './support.ts';

/** When each kind of task goes over (livepatch-facts 4.6). */

const F = patch('lp', { vmlinux: ['f'] });
const idle = asleep('init', ['do_epoll_wait']);
const spin = (more: Partial<TaskGroup> = {}): TaskGroup => task('spin', [{ do: 'user', for: FOREVER }], more);

/** How and when the tasks of that name switched. */
function switches(trace: ReturnType<typeof play>, comm: string) {
  const ids = new Set(
    [...trace.tasks, ...events(trace, 'fork').map((event) => event.child)]
      .filter((each) => each.comm === comm)
      .map((each) => each.id),
  );
  return events(trace, 'patch-state').filter(
    (event) => ids.has(event.task) && event.how !== 'init' && event.how !== 'done',
  );
}

describe('a task that runs in user space', () => {
  it('switches at the next tick', () => {
    const trace = play(machine([idle, spin()], { cpus: 2 }), [at(0, load(F))]);
    expect(switches(trace, 'spin')).toMatchObject([{ how: 'kernel-exit' }]);
    expect(switches(trace, 'spin')[0]?.at).toBeLessThanOrEqual(4000);
    expect(events(trace, 'blocked')).toContainEqual(
      expect.objectContaining({ task: 2, reason: { kind: 'running' }, stack: [] }),
    );
  });

  it('on a CPU without a tick, switches when the signal round kicks it', () => {
    const workload = machine([idle, spin({ cpus: [3] })], { cpus: 4, nohzFullCpus: [2, 3] });
    const trace = play(workload, [at(0, load(F))]);
    const [how] = switches(trace, 'spin');
    expect(how?.how).toBe('kernel-exit');
    const signal = events(trace, 'signal').find((event) => event.task === 2);
    expect(signal).toMatchObject({ woken: false, effect: null });
    expect((how?.at as number) - (signal?.at as number)).toBeLessThan(1000);
    expect(signal?.at).toBeGreaterThan(14 * SECOND);
  });

  it('is kicked there, too, when it will exit one day', () => {
    const phases = [{ do: 'user' as const, for: { min: 90 * SECOND, max: 90 * SECOND } }, { do: 'exit' as const }];
    const spinning = task('spin', [], { cpus: [3], behaviour: { phases, begins: 'first-phase' } });
    const trace = play(machine([idle, spinning], { cpus: 4, nohzFullCpus: [2, 3] }), [at(0, load(F))]);
    const signal = events(trace, 'signal').find((event) => event.task === 2);
    const [how] = switches(trace, 'spin');
    expect(how).toMatchObject({ how: 'kernel-exit' });
    expect((how?.at as number) - (signal?.at as number)).toBeLessThan(1000);
  });

  it('and waits for a CPU, is looked at like a sleeper: its stack is clean', () => {
    const trace = play(machine([idle, spin({ count: 3 })]), [at(0, load(F))]);
    expect(switches(trace, 'spin').map((event) => event.how)).toEqual(Array(3).fill('stack-check'));
    const scheduling = play(machine([idle, spin()]), [
      at(0, load(patch('lp', { vmlinux: ['irqentry_exit_to_user_mode'] }))),
    ]);
    expect(switches(scheduling, 'spin')).toMatchObject([{ how: 'kernel-exit' }]);
  });
});

describe('a task that runs in the kernel', () => {
  const busy = (condResched: boolean, stack = ['f_helper', 'vfs_read']): Phase => ({
    do: 'kernel',
    for: { min: 10 * SECOND, max: 10 * SECOND },
    stack,
    condResched,
  });

  it('switches where it leaves the kernel', () => {
    const workload = machine([idle, task('dd', [busy(false), { do: 'user', for: { min: 10, max: 10 } }])], { cpus: 2 });
    const trace = play(workload, [at(0, load(F))]);
    expect(switches(trace, 'dd')).toMatchObject([{ how: 'kernel-exit' }]);
    expect(events(trace, 'pass').length).toBeGreaterThan(2);
  });

  it('as a kernel thread, switches in cond_resched() on 6.12', () => {
    const workload = machine([idle, task('kt', [busy(true)], { kind: 'kthread' })], { cpus: 2 });
    expect(switches(play(workload, [at(0, load(F))]), 'kt')).toMatchObject([{ how: 'cond_resched' }]);
  });

  it('and not on 6.1, nor with the function on its stack', () => {
    const workload = (stack: string[]) =>
      machine([idle, task('kt', [busy(true, stack)], { kind: 'kthread' })], { cpus: 2 });
    const [old, inside] = [
      play(workload(['g']), [at(0, load(F))], { kernel: '6.1', timeLimit: 9 * SECOND }),
      play(workload(['f']), [at(0, load(F))], { kernel: '6.12', timeLimit: 9 * SECOND }),
    ];
    expect(switches(old, 'kt')).toEqual([]);
    expect(switches(inside, 'kt')).toEqual([]);
    // The self check logs like a pass does, and far more often than once a second.
    const line = 'livepatch: klp_try_switch_task: kt:2 is sleeping on function f';
    expect(events(inside, 'log').filter((event) => event.text === line).length).toBeGreaterThan(1000);
    expect(events(old, 'log').filter((event) => event.text.includes('kt:2')).length).toBeLessThan(20);
  });
});

describe('idle tasks', () => {
  it('of CPUs that idle, go round their loop once they are woken; nobody else is asked', () => {
    const trace = play(machine([idle], { cpus: 4 }), [at(0, load(F))]);
    expect(events(trace, 'blocked').every((event) => event.task < 0 && event.reason.kind === 'running')).toBe(true);
    expect(events(trace, 'blocked')).toHaveLength(3);
    const how = [0, 1, 2, 3].flatMap((cpu) => switches(trace, `swapper/${cpu}`).map((event) => event.how)).sort();
    expect(how).toEqual(['idle', 'idle', 'idle', 'stack-check']);
    expect(events(trace, 'pass').map((pass) => pass.remaining)).toEqual([3, 0]);
  });

  it('of CPUs that are offline switch at once, whatever is patched', () => {
    const workload = machine([idle], { cpus: 3, offlineCpus: [2] });
    const trace = play(workload, [at(0, load(patch('lp', { vmlinux: ['schedule_idle'] })))]);
    const offline = events(trace, 'patch-state').filter((event) => event.task === -3);
    expect(offline).toMatchObject([{ how: 'init' }, { at: 0, state: 1, how: 'offline' }, { how: 'done' }]);
    expect(() => play(machine([idle], { cpus: 1, offlineCpus: [0] }), [])).toThrow('online');
  });

  it('on one CPU there is none to wait for', () => {
    expect(events(play(machine([idle]), [at(0, load(F))]), 'pass')).toMatchObject([{ number: 1, remaining: 0 }]);
  });

  it.each(['do_idle', 'cpu_startup_entry', 'schedule_idle'])('do not wait for ever with %s() patched', (name) => {
    const trace = play(machine([idle, spin({ count: 2 })], { cpus: 2 }), [
      at(0, load(patch('lp', { vmlinux: [name] }))),
    ]);
    expect(trace.stopped).toBe('quiet');
    expect(trace.end).toBeLessThan(3 * SECOND);
  });
});

describe('io workers', () => {
  it('get the signal but never return to user space', () => {
    const worker: TaskGroup = { ...asleep('iou-wrk-9', ['io_wq_worker']), kind: 'io_worker' };
    const trace = play(machine([idle, worker]), [at(0, load(patch('lp', { vmlinux: ['io_wq_worker'] })))], {
      timeLimit: 40 * SECOND,
    });
    expect(trace.stopped).toBe('time-limit');
    // The flag of the first round is never cleared: it is not woken again.
    expect(events(trace, 'signal').map((event) => event.woken)).toEqual([true, false]);
  });
});

describe('the notify signal', () => {
  const stack = ['__schedule', 'schedule', 'f', 'vfs_read'];

  it('of a task that it could not wake, ends its next interruptible sleep before it began', () => {
    const minute = { min: 60 * SECOND, max: 60 * SECOND };
    const disk = { do: 'sleep', for: minute, stack, state: 'uninterruptible', syscall: 'read' } as const;
    const pipe = { do: 'sleep', for: minute, stack, state: 'interruptible', syscall: 'read' } as const;
    const inKernel = { do: 'kernel', for: { min: 10, max: 10 }, stack } as const;
    let unreached = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const trace = play(machine([task('reader', [disk, inKernel, pipe])]), [at(0, load(F))], {
        seed,
        timeLimit: 200 * SECOND,
      });
      if (events(trace, 'signal')[0]?.woken !== false) continue;
      unreached++;
      expect(events(trace, 'signal').every((event) => !event.woken)).toBe(true);
      expect(switches(trace, 'reader')).toMatchObject([{ how: 'kernel-exit' }]);
      expect(switches(trace, 'reader')[0]?.at).toBeLessThanOrEqual(60 * SECOND + 11);
    }
    expect(unreached).toBeGreaterThan(3);
  });

  it('lets a nap go on for the rest of its time', () => {
    const nap = task('nap', [
      {
        do: 'sleep',
        for: { min: 30 * SECOND, max: 30 * SECOND },
        stack,
        state: 'interruptible',
        syscall: 'clock_nanosleep',
      },
      { do: 'exit' },
    ]);
    for (let seed = 1; seed <= 10; seed++) {
      const trace = play(machine([nap]), [at(0, load(F)), at(70, load(patch('other', { vmlinux: ['x'] })))], {
        seed,
        timeLimit: 80 * SECOND,
      });
      const [exit] = events(trace, 'exit');
      expect(exit?.at).toBeLessThanOrEqual(30 * SECOND);
    }
  });
});

describe('forks and exits', () => {
  const parent = (lives: number): TaskGroup =>
    task('make', [
      { do: 'user', for: { min: 100_000, max: 100_000 } },
      { do: 'fork', childLives: { min: lives, max: lives }, childComm: 'cc1' },
      { do: 'sleep', for: { min: 200_000, max: 200_000 }, stack: ['schedule', 'f', 'do_wait'], state: 'killable' },
    ]);

  it('a child has the state of its parent', () => {
    const workload = machine([parent(500_000), kthread('slow', ['main_loop'])], { cpus: 2 });
    const trace = play(workload, [at(1, load(patch('lp', { vmlinux: ['main_loop'] })))], { timeLimit: 6 * SECOND });
    const forks = events(trace, 'fork');
    expect(forks.filter((event) => event.at < SECOND).every((event) => event.state === -1)).toBe(true);
    const during = forks.filter((event) => event.at > 1.1 * SECOND);
    expect(during.length).toBeGreaterThan(5);
    expect(during.every((event) => event.state === 1 && event.child.comm === 'cc1')).toBe(true);
    expect(new Set(forks.map((event) => event.child.id)).size).toBe(forks.length);
  });

  it('a child of a parent that has not switched yet switches on its way to user space', () => {
    const forker = task('make', [
      { do: 'sleep', for: { min: 50_000, max: 50_000 }, stack: ['schedule', 'f'], state: 'uninterruptible' },
      { do: 'fork', childLives: { min: SECOND, max: SECOND } },
      { do: 'user', for: { min: 1000, max: 1000 } },
    ]);
    let seen = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const trace = play(machine([forker], { cpus: 2 }), [at(0.01, load(F))], { seed });
      for (const fork of events(trace, 'fork').filter((event) => event.state === 0)) {
        seen++;
        const own = events(trace, 'patch-state').filter(
          (event) => event.task === fork.child.id && event.how === 'kernel-exit',
        );
        expect(own).toHaveLength(1);
        expect((own[0]?.at as number) - fork.at).toBeLessThan(1000);
      }
    }
    expect(seen).toBeGreaterThan(5);
  });

  it('a task that exits is not waited for, and is gone afterwards', () => {
    const dying = task('dies', [
      { do: 'sleep', for: { min: 5 * SECOND, max: 5 * SECOND }, stack: ['schedule', 'f'], state: 'uninterruptible' },
      { do: 'exit' },
    ]);
    const trace = play(machine([idle, dying]), [at(0, load(F))]);
    expect(trace.stopped).toBe('quiet');
    expect(events(trace, 'exit')).toHaveLength(1);
    expect(switches(trace, 'dies')).toEqual([]);
    expect(stateAt(trace, trace.end).tasks.map((each) => each.task.comm)).not.toContain('dies');
  });
});

describe('what a machine costs', () => {
  it('nothing happens on one where nobody does anything', () => {
    const workload = machine([
      task('busy', [
        { do: 'user', for: { min: 10, max: 20 } },
        { do: 'kernel', for: { min: 10, max: 20 }, stack: [] },
      ]),
    ]);
    const trace = play(workload, [at(3600, load(F)), at(7200, write('lp/enabled', '0'))], { timeLimit: 8000 * SECOND });
    expect(trace.stopped).toBe('quiet');
    expect(trace.events.length).toBeLessThan(80);
  });

  it('a run that never ends is stopped and says so', () => {
    const mad = task('mad', [
      { do: 'fork', childLives: { min: 1, max: 1 } },
      { do: 'user', for: { min: 1, max: 1 } },
    ]);
    const trace = play(machine([mad]), [at(3600, load(F))], { timeLimit: 8000 * SECOND, eventLimit: 1000 });
    expect(trace.stopped).toBe('event-limit');
  });
});

describe('a kernel thread that goes round and sleeps where the freezer may stop it', () => {
  const round = (freezable: boolean): Phase[] => [
    { do: 'kernel', for: { min: 5 * SECOND, max: 5 * SECOND }, stack: ['work', 'kthread'] },
    {
      do: 'sleep',
      for: { min: 100, max: 100 },
      stack: ['__schedule', 'schedule', 'kthread'],
      state: 'interruptible',
      freezable,
    },
  ];
  const workload = (freezable: boolean) =>
    machine(
      [idle, task('kt', [], { kind: 'kthread', behaviour: { phases: round(freezable), begins: 'first-phase' } })],
      { cpus: 4 },
    );

  it('switches itself there, since 6.16', () => {
    const trace = play(workload(true), [at(0, load(F))], { kernel: '6.16' });
    expect(switches(trace, 'kt')).toMatchObject([{ at: 5 * SECOND, how: 'freezable-sleep' }]);
  });

  it.each([
    ['6.12', true],
    ['6.16', false],
  ] as const)('is hardly ever caught asleep otherwise (%s, freezable: %s)', (kernel, freezable) => {
    const trace = play(workload(freezable), [at(0, load(F))], { kernel });
    expect(switches(trace, 'kt').map(({ how }) => how)).not.toContain('freezable-sleep');
  });
});
