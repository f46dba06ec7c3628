import { describe, expect, it } from 'vitest';
import { playChoice } from '../../../shared/src/comparison/compare.ts';
import { events, kthread, machine, patch, SECOND, task } from '../simulator/support.ts';
import {
  box,
  hpc,
  inF,
  init,
  MS,
  nfs,
  PATCH,
  promises,
  rowOf,
  stopped,
  stuckInF,
  stuckThread,
  switchOf,
  traced,
  worker,
} from './machines.ts';

/** What the sources of each model say that it does. */

describe('livepatch 4.0 (immediate)', () => {
  it('lets everybody take the new functions at once, wherever they are', () => {
    const row = rowOf('immediate', box(init, inF, nfs, hpc, stuckThread));
    expect(row).toMatchObject({ outcome: 'done', time: 0, signalled: 0, standStill: { total: 0 } });
    expect(new Set(row.taskSwitches.map(({ at }) => at))).toEqual(new Set([0]));
  });

  it('leaves sleepers in old calls until they return, and mixes until then', () => {
    const wakes = task('reader', [
      {
        do: 'sleep',
        for: { min: 3 * SECOND, max: 3 * SECOND },
        stack: ['schedule', 'f', 'ksys_read'],
        state: 'interruptible',
      },
      { do: 'user', for: { min: SECOND, max: SECOND } },
    ]);
    const inside = { ...wakes, behaviour: { ...wakes.behaviour, begins: 'first-phase' as const } };
    expect(rowOf('immediate', box(init, inside))).toMatchObject({
      mixed: { time: 3 * SECOND, open: false },
      never: [],
    });
    expect(rowOf('immediate', box(init, inF))).toMatchObject({
      mixed: { open: true },
      never: [{ comm: 'reader', text: 'has not returned from a call of the old code' }],
    });
  });

  it('is out of the old code as soon as its last old call returns, in the kernel or not', () => {
    const goesOn = task('reader', [], {
      behaviour: {
        begins: 'first-phase',
        phases: [
          { do: 'sleep', for: { min: SECOND, max: SECOND }, stack: ['wait', 'f', 'entry'], state: 'uninterruptible' },
          { do: 'kernel', for: { min: SECOND, max: SECOND }, stack: ['x', 'f', 'entry'] },
          { do: 'kernel', for: { min: 30 * SECOND, max: 30 * SECOND }, stack: ['x', 'entry'] },
          { do: 'user', for: { min: SECOND, max: SECOND } },
        ],
      },
    });
    expect(rowOf('immediate', box(init, goesOn))).toMatchObject({ mixed: { time: 2 * SECOND, open: false } });
  });

  it('does not prove that a function is not mixed when somebody is inside, and shows it when that one calls on', () => {
    expect(promises(rowOf('immediate', box(init, inF)))).toEqual({
      function: 'not-proven',
      'system-call': 'not-proven',
      kernel: 'broken',
    });
    const callsG = task(
      'caller',
      [
        { do: 'sleep', for: { min: SECOND, max: SECOND }, stack: ['schedule', 'f', 'entry'], state: 'interruptible' },
        { do: 'kernel', for: { min: MS, max: MS }, stack: ['g', 'f', 'entry'] },
      ],
      { behaviour: { begins: 'first-phase', phases: [] } },
    );
    const phases = [
      { do: 'sleep', for: { min: SECOND, max: SECOND }, stack: ['schedule', 'f', 'entry'], state: 'interruptible' },
      { do: 'kernel', for: { min: MS, max: MS }, stack: ['g', 'f', 'entry'] },
      { do: 'user', for: { min: MS, max: MS } },
    ] as const;
    const row = rowOf('immediate', box(init, { ...callsG, behaviour: { begins: 'first-phase', phases } }));
    expect(promises(row)).toMatchObject({ function: 'broken', 'system-call': 'broken' });
    expect(row.guarantees[0]?.witness).toBe('caller:2 went over inside f(), and calls new code from there');
    expect(row.guarantees[1]?.witness).toBe('caller:2 ran the old f() and then the new g() in one system call');
  });
});

describe('kpatch and Ksplice', () => {
  it('stop all CPUs once when nobody is inside', () => {
    const row = rowOf('kpatch', box(init, nfs, hpc, stuckThread, traced, stopped));
    expect(row).toMatchObject({
      outcome: 'done',
      time: 4 * MS,
      standStill: { stops: 1, longest: 4 * MS, total: 4 * MS, tasks: row.tasks },
      mixed: { time: 0, open: false },
      never: [],
    });
    expect(promises(row)).toEqual({ function: 'kept', 'system-call': 'not-proven', kernel: 'kept' });
  });

  it('give up after their attempts when somebody stays inside, and change nothing', () => {
    expect(rowOf('kpatch', box(init, inF))).toMatchObject({
      outcome: 'refused',
      time: 5 * 4 * MS + 4 * 2 * SECOND,
      standStill: { stops: 5, longest: 4 * MS, total: 20 * MS },
      switched: 0,
      never: [{ comm: 'reader', tasks: 1, text: 'sleeps in f(), which the patch replaces' }],
    });
    expect(rowOf('ksplice', box(init, stuckInF))).toMatchObject({
      outcome: 'refused',
      time: 5 * MS + 4 * SECOND,
      standStill: { stops: 5, longest: MS },
    });
    expect(promises(rowOf('kpatch', box(init, inF)))).toEqual({
      function: 'nothing-changed',
      'system-call': 'nothing-changed',
      kernel: 'nothing-changed',
    });
  });

  it('succeed at a later attempt when the sleeper has left', () => {
    const wakes = task('reader', [
      {
        do: 'sleep',
        for: { min: 3 * SECOND, max: 3 * SECOND },
        stack: ['schedule', 'f', 'ksys_read'],
        state: 'uninterruptible',
      },
      { do: 'user', for: { min: 60 * SECOND, max: 60 * SECOND } },
    ]);
    const inside = { ...wakes, behaviour: { ...wakes.behaviour, begins: 'first-phase' as const } };
    expect(rowOf('kpatch', box(init, inside))).toMatchObject({
      outcome: 'done',
      time: 3 * 4 * MS + 2 * 2 * SECOND,
      standStill: { stops: 3 },
    });
  });

  it('name who was inside at the last attempt, and not who had left by then', () => {
    const leaves = task('leaver', [], {
      behaviour: {
        begins: 'first-phase',
        phases: [
          { do: 'sleep', for: { min: SECOND, max: SECOND }, stack: ['schedule', 'f'], state: 'uninterruptible' },
          { do: 'user', for: { min: 60 * SECOND, max: 60 * SECOND } },
        ],
      },
    });
    expect(rowOf('kpatch', box(init, leaves, stuckInF)).never.map(({ comm }) => comm)).toEqual(['stuck']);
  });

  it('take the length of a stop and the number of attempts as parameters', () => {
    const row = rowOf('kpatch', box(init, inF), { parameters: { stopTime: 40 * MS, attempts: 2 } });
    expect(row).toMatchObject({ time: 80 * MS + 2 * SECOND, standStill: { stops: 2, longest: 40 * MS } });
    expect(row.parameters).toContainEqual(expect.objectContaining({ name: 'stopTime', value: 40 * MS }));
  });
});

describe('kGraft', () => {
  it('lets kernel threads run old code for ever and does not wait for them', () => {
    const row = rowOf('kgraft', machine([init, worker, stuckThread]));
    expect(row).toMatchObject({ outcome: 'done', mixed: { open: true }, signalled: 1, interrupted: { restarted: 1 } });
    expect(row.never.map(({ comm, text }) => `${comm} ${text}`)).toEqual([
      'kworker is a kernel thread and never leaves the kernel',
      'xfsaild is a kernel thread and never leaves the kernel',
    ]);
    expect(row.reason).toBe(
      'Done after 16.0 s, but 2 tasks are left in old code: kworker, xfsaild: each is a kernel thread and never leaves the kernel.',
    );
  });

  it('switches kernel threads at marked places of their loops, and waits for them, where it has such places', () => {
    const annotated = { variants: { kthreads: 'annotated' } };
    const row = rowOf('kgraft', machine([init, worker]), annotated);
    expect(row).toMatchObject({ outcome: 'done', never: [] });
    expect(switchOf(row, 'kworker')).toBeLessThan(MS);
    expect(rowOf('kgraft', machine([init, stuckThread]), annotated)).toMatchObject({
      outcome: 'unfinished',
      never: [{ comm: 'xfsaild' }],
    });
  });

  it('needs a signal for every sleeper, and is held up by those that none reaches', () => {
    const row = rowOf('kgraft', machine([init, nfs]));
    expect(row).toMatchObject({ outcome: 'unfinished', mixed: { open: true } });
    expect(row.never.map(({ comm }) => comm)).toEqual(['nfs']);
    expect(switchOf(row, 'init')).toBeGreaterThanOrEqual(15 * SECOND);
    expect(rowOf('kgraft', machine([init]), { variants: { signal: 'none' } }).outcome).toBe('unfinished');
  });

  it('never switches inside the kernel, so that a system call is never mixed', () => {
    expect(promises(rowOf('kgraft', box(init, inF, hpc)))).toEqual({
      function: 'kept',
      'system-call': 'kept',
      kernel: 'broken',
    });
  });

  it('reaches stopped tasks only with SIGCONT, which undoes what their user did', () => {
    expect(rowOf('kgraft', machine([init, stopped])).never.map(({ comm }) => comm)).toEqual(['stopped']);
    const row = rowOf('kgraft', machine([init, stopped]), { variants: { signal: 'stop-cont' } });
    expect(row).toMatchObject({ outcome: 'done', never: [], standStill: { longest: 100 * MS, tasks: 1 } });
    expect(row.findings).toEqual(['stopped:2 was stopped by its user, and SIGCONT lets it go on']);
  });

  it('does not reach a task under a debugger either way', () => {
    for (const signal of ['fake', 'stop-cont']) {
      expect(rowOf('kgraft', machine([init, traced]), { variants: { signal } })).toMatchObject({
        outcome: 'unfinished',
        never: [{ comm: 'traced', text: 'is stopped by a debugger' }],
      });
    }
  });
});

describe('tasks that never enter the kernel', () => {
  it.each(['kgraft', 'proposal-2016'])('%s gets at them with a signal, an interrupt or where they are', (model) => {
    const at = (value: string): number | null | undefined =>
      switchOf(rowOf(model, box(init, hpc), { variants: { 'user-space': value } }), 'hpc');
    expect(at('exit')).toBeGreaterThanOrEqual(15 * SECOND);
    expect(at('ipi')).toBeLessThan(MS);
    expect(at('context-tracking')).toBe(0);
    expect(at('hold-at-entry')).toBe(0);
  });

  it('are taken over at the start where the depth of their stacks tells', () => {
    const row = rowOf('kgraft', box(init, hpc), { variants: { 'user-space': 'stack-depth' } });
    expect(switchOf(row, 'hpc')).toBe(0);
    expect(switchOf(row, 'init')).toBeGreaterThanOrEqual(15 * SECOND);
  });

  it('are seen by context tracking on CPUs without a tick only', () => {
    const loop = { ...hpc, cpus: [0] };
    const trace = playChoice(
      { model: 'kgraft', variants: { 'user-space': 'context-tracking' } },
      { image: PATCH, workload: box(init, loop), kernel: '6.12', seed: 1 },
    );
    const how = events(trace, 'patch-state').find((event) => event.task === 2 && event.state === 1)?.how;
    expect(how).toBe('kernel-exit');
  });
});

describe('the proposal of 2016', () => {
  it('switches sleepers with clean stacks in its first look, kernel threads and stopped tasks included', () => {
    const row = rowOf('proposal-2016', machine([init, worker, stuckThread, stopped, traced, nfs]));
    expect(row).toMatchObject({ outcome: 'done', standStill: { total: 0 }, signalled: 0 });
    for (const { task: id, at } of row.taskSwitches) if (id > 0) expect(at).toBe(0);
  });

  it('leaves a kernel thread in a patched function for ever', () => {
    const main = kthread('kswapd0', ['kswapd_try_to_sleep', 'f']);
    expect(rowOf('proposal-2016', machine([init, main]))).toMatchObject({
      outcome: 'unfinished',
      never: [{ comm: 'kswapd0', text: 'sleeps in f(), which the patch replaces' }],
    });
  });

  it('does everything at once with patch->immediate', () => {
    const choice = { variants: { 'patch-immediate': 'yes' } };
    expect(rowOf('proposal-2016', machine([init, inF, stuckInF]), choice)).toMatchObject({ outcome: 'done', time: 0 });
  });

  it('does not look for functions with func->immediate: schedule() can be patched', () => {
    const image = patch('lp', { vmlinux: ['schedule', 'f'] });
    expect(rowOf('proposal-2016', machine([init, worker]), {}, { image }).outcome).toBe('unfinished');
    const choice = { variants: { 'func-immediate': 'schedule' } };
    expect(rowOf('proposal-2016', machine([init, worker]), choice, { image })).toMatchObject({ outcome: 'done' });
    const row = rowOf('proposal-2016', machine([init, worker, stuckInF]), choice, { image });
    expect(row.never).toContainEqual(
      expect.objectContaining({ comm: 'stuck', text: 'sleeps in f(), which the patch replaces' }),
    );
    // Those that went over inside schedule() are in the old one until they wake.
    expect(row.never).toContainEqual(expect.objectContaining({ comm: 'kworker' }));
  });

  it('is kernel exit only without reliable stacks', () => {
    const row = rowOf('proposal-2016', machine([init, worker]), { variants: { stacks: 'none' } });
    expect(row).toMatchObject({ outcome: 'unfinished', never: [{ comm: 'kworker' }] });
    expect(promises(row)).toMatchObject({ 'system-call': 'kept' });
  });
});

describe('the hybrid model without reliable stacks', () => {
  it('never switches kernel threads', () => {
    const row = rowOf('hybrid-without-stacks', machine([init, worker]));
    expect(row).toMatchObject({ outcome: 'unfinished', never: [{ comm: 'kworker' }], evidence: 'documents' });
    expect(switchOf(row, 'init')).toBeGreaterThanOrEqual(14.75 * SECOND);
  });

  it('warns when a patch is enabled, and logs no reason for tasks that it can not look at', () => {
    const setting = { image: PATCH, workload: machine([init, inF]), kernel: '6.12', seed: 1 };
    const log = events(playChoice({ model: 'hybrid-without-stacks' }, setting), 'log');
    expect(log.flatMap(({ level, text }) => (level === 'warning' ? [text] : []))).toEqual([
      "livepatch: This architecture doesn't have support for the livepatch consistency model.",
      'livepatch: The livepatch transition may never complete.',
    ]);
    expect(log.filter(({ text }) => text.includes('klp_try_switch_task'))).toEqual([]);
  });
});

describe('parking everything', () => {
  it('mixes nothing, and makes everybody stand still for as long as the slowest takes', () => {
    const slow = task('mutex', [
      {
        do: 'sleep',
        for: { min: 3 * SECOND, max: 3 * SECOND },
        stack: ['schedule', 'mutex_lock'],
        state: 'uninterruptible',
      },
      { do: 'user', for: { min: SECOND, max: SECOND } },
    ]);
    const waits = { ...slow, behaviour: { ...slow.behaviour, begins: 'first-phase' as const } };
    const row = rowOf('simple-method', box(init, inF, hpc, worker, waits));
    expect(row).toMatchObject({ outcome: 'done', mixed: { time: 0, open: false }, interrupted: { eintr: 0 } });
    expect(row.time).toBeGreaterThanOrEqual(3 * SECOND);
    expect(row.standStill.longest).toBeGreaterThan(2.9 * SECOND);
    expect(promises(row)).toEqual({ function: 'kept', 'system-call': 'kept', kernel: 'kept' });
  });

  it('refuses the patch when one task or one kernel thread does not park', () => {
    for (const [one, text] of [
      [nfs, 'sleeps where no signal wakes it, in fsync()'],
      [stuckThread, 'is a kernel thread that did not come round its loop to park'],
    ] as const) {
      const row = rowOf('simple-method', machine([init, one]));
      expect(row).toMatchObject({
        outcome: 'refused',
        time: 20 * SECOND,
        switched: 0,
        never: [{ comm: one.comm, text }],
      });
      expect(row.standStill.longest).toBeGreaterThan(19.9 * SECOND);
    }
    expect(rowOf('simple-method', machine([init, worker]), { variants: { kthreads: 'none' } }).outcome).toBe('refused');
  });

  it('goes on in the old main function of a kernel thread that parked inside it', () => {
    const main = kthread('f_thread', ['f'], { state: 'interruptible' });
    const row = rowOf('simple-method', machine([init, main]));
    expect(row).toMatchObject({ outcome: 'done', mixed: { open: true }, never: [{ comm: 'f_thread' }] });
    expect(promises(row)).toMatchObject({ function: 'not-proven', kernel: 'broken' });
  });

  it('holds stopped and traced tasks as they are', () => {
    expect(rowOf('simple-method', machine([init, stopped, traced])).outcome).toBe('done');
  });

  it('catches a task without a tick by an interrupt only', () => {
    expect(rowOf('simple-method', box(init, hpc)).outcome).toBe('done');
    expect(rowOf('simple-method', box(init, hpc), { variants: { 'user-space': 'exit' } }).never).toMatchObject([
      { comm: 'hpc' },
    ]);
  });
});

describe('checkpoint, kexec, restore', () => {
  it('takes its time for each task and for the boot, all of it standing still', () => {
    const row = rowOf('checkpoint', machine([init, inF, worker, stuckThread]), {
      parameters: { dumpTime: 100 * MS, restoreTime: 50 * MS, bootTime: 4 * SECOND },
    });
    expect(row).toMatchObject({ outcome: 'done', never: [], mixed: { time: 0, open: false } });
    expect(row.time).toBeGreaterThanOrEqual(4.3 * SECOND);
    expect(row.time).toBeLessThan(4.31 * SECOND);
    expect(row.standStill.total).toBeGreaterThanOrEqual(4.3 * SECOND);
    expect(promises(row)).toEqual({ function: 'kept', 'system-call': 'kept', kernel: 'kept' });
  });

  it('is refused at once while somebody is under a debugger', () => {
    expect(rowOf('checkpoint', machine([init, traced]))).toMatchObject({
      outcome: 'refused',
      time: 0,
      never: [{ comm: 'traced', text: 'is stopped by a debugger' }],
    });
  });

  it('gives up when a task can not be frozen', () => {
    expect(rowOf('checkpoint', machine([init, nfs]))).toMatchObject({
      outcome: 'refused',
      time: 10 * SECOND,
      never: [{ comm: 'nfs' }],
    });
  });
});
