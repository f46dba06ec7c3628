import { describe, expect, it } from 'vitest';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import type { TaskGroup } from '../../../shared/src/simulator/workload.ts';
import { asleep, at, errnos, events, FOREVER, kthread, load, machine, patch, play, SECOND, task } from './support.ts';

/** What steps do to tasks: start, wake, signal. */

const F = patch('lp', { vmlinux: ['pipe_read'] });
const init = asleep('init', ['do_wait']);
const reader = (more: Parameters<typeof asleep>[2] = {}, group: Partial<TaskGroup> = {}) =>
  asleep('reader', ['pipe_read', 'vfs_read'], more, group);
const start = { do: 'start', task: 'reader' } as const;
const wake = { do: 'wake', task: 'reader' } as const;
const signal = (number: number) => ({ do: 'signal', task: 'reader', signal: number }) as const;
const [SIGUSR1, SIGTERM, SIGKILL, SIGCHLD, SIGCONT, SIGSTOP] = [10, 15, 9, 17, 18, 19] as const;

function stateOf(trace: ReturnType<typeof play>, seconds: number) {
  return stateAt(trace, seconds * SECOND).tasks.find((each) => each.task.comm === 'reader');
}

/** Seconds at which the transition was over. */
function doneAt(trace: ReturnType<typeof play>): number | undefined {
  const done = events(trace, 'transition').find((event) => event.phase === 'done');
  return done && done.at / SECOND;
}

describe('start', () => {
  const workload = machine([init, reader({}, { starts: 'by-step' })]);

  it('brings tasks that were not there before', () => {
    const trace = play(workload, [at(1, start), at(2, load(F))]);
    expect(trace.tasks.map(({ comm }) => comm)).toEqual(['init', 'swapper/0']);
    expect(stateOf(trace, 0.5)).toBeUndefined();
    expect(stateOf(trace, 3)).toMatchObject({ patchState: 0, blocked: { function: 'pipe_read' } });
  });

  it('gives a task that comes in a transition the state of its parent', () => {
    const stuck = asleep('stuck', ['pipe_read'], { state: 'uninterruptible' });
    const trace = play(machine([init, stuck, reader({}, { starts: 'by-step' })]), [at(0, load(F)), at(1, start)]);
    expect(stateOf(trace, 2)).toMatchObject({ patchState: 1, blocked: null });
  });

  it('is refused for a task that runs already, and for a name that the workload does not have', () => {
    expect(errnos(play(workload, [at(0, start), at(1, start), at(2, { do: 'start', task: 'nobody' })]))).toEqual([
      0, -17, -2,
    ]);
  });
});

describe('wake', () => {
  it('lets a task leave the function that it sleeps in, and so switch', () => {
    const trace = play(machine([init, reader({ state: 'uninterruptible' })]), [at(0, load(F)), at(20, wake)]);
    expect(doneAt(trace)).toBeGreaterThan(20);
    expect(doneAt(trace)).toBeLessThan(22);
    expect(events(trace, 'patch-state')).toContainEqual(
      expect.objectContaining({ how: 'kernel-exit', task: 2, state: 1 }),
    );
  });

  it('does not switch a kernel thread that sleeps in the function again', () => {
    const trace = play(machine([init, kthread('reader', ['pipe_read'])]), [at(0, load(F)), at(5, wake)], {
      kernel: '6.1',
    });
    expect(stateOf(trace, 10)).toMatchObject({ patchState: 0 });
  });

  it('finds no task that is not there', () => {
    expect(errnos(play(machine([init]), [at(0, wake)]))).toEqual([-3]);
  });
});

describe('signal', () => {
  const asking = (group: TaskGroup, number: number) =>
    play(machine([init, group]), [at(0, load(F)), at(3, signal(number)), at(4, signal(0))]);

  it('ends a task that sleeps interruptibly, and the transition with it', () => {
    const trace = asking(reader(), SIGTERM);
    expect(stateOf(trace, 3.5)).toBeUndefined();
    expect(events(trace, 'exit')).toMatchObject([{ task: 2 }]);
    expect(doneAt(trace)).toBeLessThan(5);
    expect(errnos(trace)).toEqual([0, 0, -3]);
  });

  it('ends a killable sleep, and not an uninterruptible one before it is over', () => {
    expect(stateOf(asking(reader({ state: 'killable' }), SIGKILL), 3.5)).toBeUndefined();
    const stuck = play(machine([init, reader({ state: 'uninterruptible' })]), [
      at(0, load(F)),
      at(3, signal(SIGKILL)),
      at(20, wake),
    ]);
    expect(stateOf(stuck, 19)).toMatchObject({ patchState: 0 });
    expect(stateOf(stuck, 20.5)).toBeUndefined();
  });

  it('stops a task on its way out of the kernel, after it switched; it goes on with the call when continued', () => {
    const trace = play(machine([init, reader()]), [
      at(0, load(F)),
      at(3, signal(SIGSTOP)),
      at(6, load(patch('lp2', { vmlinux: ['pipe_read'] }))),
      at(8, load(patch('lp3', { vmlinux: ['do_signal_stop'] }))),
      at(30, signal(SIGCONT)),
      at(32, load(patch('lp4', { vmlinux: ['pipe_read'] }))),
    ]);
    const done = events(trace, 'transition').filter((event) => event.phase === 'done');
    expect(done.map((event) => event.patch)).toEqual(['lp', 'lp2', 'lp3', 'lp4']);
    // Stopped it is not in pipe_read(): lp2 is through at once. lp3 waits until it goes on, lp4 for the signal round.
    expect((done[0]?.at as number) / SECOND).toBeLessThan(5);
    expect((done[1]?.at as number) / SECOND).toBeLessThan(7);
    expect((done[2]?.at as number) / SECOND).toBeGreaterThan(30);
    expect((done[3]?.at as number) / SECOND).toBeGreaterThan(32 + 14);
  });

  it('that is ignored, or handled by the task, does not end it', () => {
    expect(stateOf(asking(reader(), SIGCHLD), 5)).toMatchObject({ patchState: 0 });
    const handled = asking(reader({}, { handles: [SIGUSR1] }), SIGUSR1);
    expect(events(handled, 'exit')).toEqual([]);
    expect(doneAt(handled)).toBeLessThan(5);
  });

  it('ends a task that computes', () => {
    const spin = task('reader', [{ do: 'user', for: FOREVER }]);
    expect(stateOf(asking(spin, SIGKILL), 3.5)).toBeUndefined();
  });

  it('that is none is refused', () => {
    expect(errnos(play(machine([init, reader()]), [at(0, signal(65))]))).toEqual([-22]);
  });
});
