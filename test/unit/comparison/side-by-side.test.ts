import { describe, expect, it } from 'vitest';
import { playChoice } from '../../../shared/src/comparison/compare.ts';
import type { ModelChoice } from '../../../shared/src/comparison/comparison-types.ts';
import { PATCHING_MODELS } from '../../../shared/src/comparison/models/index.ts';
import type { TaskGroup } from '../../../shared/src/simulator/workload.ts';
import { events, kthread, SECOND, task } from '../simulator/support.ts';
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
  traced,
  worker,
} from './machines.ts';

/** The models by what each does with the same awkward task, as the debate has it. */

const ANNOTATED = { variants: { kthreads: 'annotated' } };

/** One of these beside an ordinary sleeper. */
const AWKWARD: { readonly [name: string]: TaskGroup } = {
  'idle kthread': worker,
  'stuck kthread': stuckThread,
  'nohz_full loop': hpc,
  'NFS sleeper': nfs,
  'D state inside': stuckInF,
  'under a debugger': traced,
  'stopped by its user': stopped,
};

const ALL_DONE = Object.fromEntries(Object.keys(AWKWARD).map((name) => [name, 'done']));

describe('the terms of 2014', () => {
  it('have a place for each model: what a task must have left, and what goes over at once', () => {
    const places = PATCHING_MODELS.map(({ id, leaves, switches }) => [id, leaves, switches]);
    expect(places).toEqual([
      ['hybrid', 'patched-set', 'thread'],
      ['hybrid-without-stacks', 'kernel', 'thread'],
      ['proposal-2016', 'patched-set', 'thread'],
      ['immediate', 'function', 'function'],
      ['kgraft', 'kernel', 'thread'],
      ['kpatch', 'patched-set', 'kernel'],
      ['ksplice', 'patched-set', 'kernel'],
      ['use-counts', 'patched-set', 'kernel'],
      ['simple-method', 'kernel', 'kernel'],
      ['checkpoint', 'kernel', 'kernel'],
    ]);
  });
});

describe('a live upgrade', () => {
  const busy = box({ ...init, count: 100 }, worker);
  const time = (parameters: { readonly [name: string]: number } = {}) => rowOf('checkpoint', busy, { parameters }).time;

  it('stands still below 10 s, or below 1 s when everything is optimised (I. Molnar)', () => {
    expect(time()).toBeLessThan(10 * SECOND);
    expect(time()).toBeGreaterThan(5 * SECOND);
    expect(time({ bootTime: 600 * MS, dumpTime: MS, restoreTime: MS })).toBeLessThan(SECOND);
  });

  it('takes minutes where the boot takes minutes (V. Pavlik), all of it standing still', () => {
    const parameters = { bootTime: 180 * SECOND };
    const row = rowOf('checkpoint', busy, { parameters }, { timeLimit: 300 * SECOND });
    expect(row.time).toBeGreaterThan(180 * SECOND);
    expect(row.standStill.longest).toBeGreaterThan(180 * SECOND);
  });
});

describe('what an awkward task does to a patch', () => {
  it.each<[string, Omit<ModelChoice, 'model'>, { readonly [name: string]: string }]>([
    ['hybrid', {}, { 'D state inside': 'unfinished' }],
    ['proposal-2016', {}, { 'D state inside': 'unfinished' }],
    [
      'hybrid-without-stacks',
      {},
      {
        'idle kthread': 'unfinished',
        'stuck kthread': 'unfinished',
        'NFS sleeper': 'unfinished',
        'D state inside': 'unfinished',
        'under a debugger': 'unfinished',
        'stopped by its user': 'unfinished',
      },
    ],
    ['immediate', {}, {}],
    [
      'kgraft',
      {},
      {
        'NFS sleeper': 'unfinished',
        'D state inside': 'unfinished',
        'under a debugger': 'unfinished',
        'stopped by its user': 'unfinished',
      },
    ],
    [
      'kgraft',
      ANNOTATED,
      {
        'stuck kthread': 'unfinished',
        'NFS sleeper': 'unfinished',
        'D state inside': 'unfinished',
        'under a debugger': 'unfinished',
        'stopped by its user': 'unfinished',
      },
    ],
    ['kpatch', {}, { 'D state inside': 'refused' }],
    ['ksplice', {}, { 'D state inside': 'refused' }],
    ['use-counts', {}, { 'D state inside': 'refused' }],
    ['simple-method', {}, { 'stuck kthread': 'refused', 'NFS sleeper': 'refused', 'D state inside': 'refused' }],
    ['checkpoint', {}, { 'NFS sleeper': 'refused', 'D state inside': 'refused', 'under a debugger': 'refused' }],
  ])('%s %o', (model, choice, expected) => {
    const outcomes = Object.entries(AWKWARD).map(([name, group]) => {
      const row = rowOf(model, box(init, group), choice);
      // Whoever is in the way is named, and nobody else is.
      if (row.outcome !== 'done') {
        expect(row.never.map(({ comm }) => comm)).toContain(group.comm);
        expect(row.reason).toContain(group.comm);
      }
      return [name, row.outcome];
    });
    expect(Object.fromEntries(outcomes)).toEqual({ ...ALL_DONE, ...expected });
  });
});

describe('what a patch costs those that only want to go on', () => {
  /** Whether somebody stands still, whether all CPUs do, and whether old and new code run side by side. */
  it.each([
    ['hybrid', false, false, true],
    ['proposal-2016', false, false, true],
    ['hybrid-without-stacks', false, false, true],
    ['immediate', false, false, false],
    ['kgraft', false, false, true],
    ['kpatch', true, true, false],
    ['ksplice', true, true, false],
    ['use-counts', false, false, false],
    ['simple-method', true, false, false],
    ['checkpoint', true, true, false],
  ])('%s', (model, standsStill, machineStops, mixes) => {
    const { standStill, mixed } = rowOf(model, box(init, nfsLater, idleLoop));
    expect({
      standsStill: standStill.total > 0,
      machineStops: standStill.stops > 0,
      mixes: mixed.time > 0 || mixed.open,
    }).toEqual({ standsStill, machineStops, mixes });
  });

  it('is the same time standing still as kGraft runs mixed, when both begin to signal early (J. Kosina)', () => {
    const slow = sleepsOnce('mutex', 3 * SECOND);
    const kgraft = rowOf('kgraft', box(init, worker, slow), { ...ANNOTATED, parameters: { signalAfter: 10 * MS } });
    const parked = rowOf('simple-method', box(init, worker, slow));
    expect(kgraft.outcome).toBe('done');
    expect(parked.standStill.total).toBeGreaterThan(2.9 * SECOND);
    expect(Math.abs(kgraft.mixed.time - parked.standStill.total)).toBeLessThan(20 * MS);
    expect(kgraft.standStill.total).toBe(0);
    expect(parked.mixed.time).toBe(0);
  });
});

describe('giving up', () => {
  it.each(['simple-method', 'checkpoint'])('%s lets everybody go again, who then run the old code', (model) => {
    const setting = { image: PATCH, workload: box(init, inF, nfs), kernel: '6.12', seed: 1 };
    const trace = playChoice({ model }, setting);
    const stands = new Map<number | null, boolean>();
    for (const { task: who, on } of events(trace, 'stand-still')) stands.set(who, on);
    expect(stands.size).toBeGreaterThan(0);
    expect([...stands.values()]).not.toContain(true);
    expect(events(trace, 'patch-state').filter(({ state }) => state === 1)).toEqual([]);
  });

  it.each(['hybrid', 'hybrid-without-stacks', 'proposal-2016', 'kgraft'])(
    '%s never does, however long it takes',
    (model) => {
      const row = rowOf(model, box(init, stuckInF), {}, { timeLimit: 3600 * SECOND });
      expect(row).toMatchObject({ outcome: 'unfinished', time: null, end: 3600 * SECOND, mixed: { open: true } });
    },
  );
});

describe('counting uses', () => {
  it('changes all functions at the first instant at which nobody is inside, and stops nobody', () => {
    const row = rowOf('use-counts', box(init, sleepsOnce('reader', 3 * SECOND, ['f'])));
    expect(row).toMatchObject({ outcome: 'done', signalled: 0, standStill: { total: 0 }, mixed: { time: 0 } });
    expect(row.time).toBeGreaterThanOrEqual(3 * SECOND);
    expect(row.time).toBeLessThan(3 * SECOND + MS);
    expect(promises(row)).toEqual({ function: 'kept', 'system-call': 'not-proven', kernel: 'kept' });
  });

  it('never finds such an instant where users take turns, none of whom would hold up a stack check', () => {
    // Each is inside for two thirds of its time; the two begin half a turn apart.
    const turn = (comm: string, first: number): TaskGroup =>
      task(comm, [], {
        behaviour: {
          begins: 'first-phase',
          phases: [
            { do: 'sleep', for: { min: first, max: first }, stack: ['schedule', 'f'], state: 'uninterruptible' },
            { do: 'user', for: { min: 20 * MS, max: 20 * MS } },
            { do: 'sleep', for: { min: 40 * MS, max: 40 * MS }, stack: ['schedule', 'f'], state: 'uninterruptible' },
            ...Array.from({ length: 400 }, () => [
              { do: 'user', for: { min: 20 * MS, max: 20 * MS } } as const,
              {
                do: 'sleep',
                for: { min: 40 * MS, max: 40 * MS },
                stack: ['schedule', 'f'],
                state: 'uninterruptible',
              } as const,
            ]).flat(),
          ],
        },
      });
    const workload = box(turn('one', 40 * MS), turn('two', 70 * MS));
    expect(rowOf('use-counts', workload)).toMatchObject({ outcome: 'refused', time: 20 * SECOND });
    expect(rowOf('hybrid', workload).outcome).toBe('done');
  });

  it('counts a call that begins as soon as the task is back from the one before', () => {
    const back = task('reader', [], {
      behaviour: {
        begins: 'first-phase',
        phases: [
          { do: 'sleep', for: { min: SECOND, max: SECOND }, stack: ['schedule', 'x'], state: 'uninterruptible' },
          { do: 'sleep', for: { min: SECOND, max: SECOND }, stack: ['schedule', 'f'], state: 'uninterruptible' },
          { do: 'sleep', for: { min: SECOND, max: SECOND }, stack: ['schedule', 'x'], state: 'uninterruptible' },
        ],
      },
    });
    const other = sleepsOnce('other', 1.5 * SECOND, ['g']);
    const row = rowOf('use-counts', box(back, other));
    expect(row.time).toBeGreaterThanOrEqual(2 * SECOND);
    expect(row.time).toBeLessThan(2.01 * SECOND);
  });
});

/** Sleeps so long where no signal reaches it, then runs in user space for a minute. */
function sleepsOnce(comm: string, time: number, frames: readonly string[] = ['mutex_lock']): TaskGroup {
  return task(comm, [], {
    behaviour: {
      begins: 'first-phase',
      phases: [
        { do: 'sleep', for: { min: time, max: time }, stack: ['schedule', ...frames], state: 'uninterruptible' },
        { do: 'user', for: { min: 60 * SECOND, max: 60 * SECOND } },
      ],
    },
  });
}

const nfsLater = sleepsOnce('nfs', 2 * SECOND);
const idleLoop = kthread('kworker', ['worker_thread'], { state: 'idle' });
