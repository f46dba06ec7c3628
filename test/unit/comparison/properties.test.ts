import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareModels, defaultChoices, playChoice } from '../../../shared/src/comparison/compare.ts';
import type { ModelChoice } from '../../../shared/src/comparison/comparison-types.ts';
import { PATCHING_MODELS } from '../../../shared/src/comparison/models/index.ts';
import { patchedFrames } from '../../../shared/src/comparison/patched-frames.ts';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import { simulate } from '../../../shared/src/simulator/simulate.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import type { TaskGroup, Workload } from '../../../shared/src/simulator/workload.ts';
import { PRESETS, workloadById } from '../../../shared/src/simulator/workloads/index.ts';
import { forkingBehaviour, phaseWith } from '../simulator/arbitraries.ts';
import { machine, patch, SECOND } from '../simulator/support.ts';
import { promises } from './machines.ts';

/** What holds for every model on whatever machine. */

const stack = fc
  .array(fc.constantFrom('f', 'g', 'x', 'y', 'h [ext4]'), { maxLength: 4 })
  .map((frames) => ['__schedule', 'schedule', ...frames, 'entry']);
const phase = phaseWith(stack, ['interruptible', 'uninterruptible', 'killable', 'idle', 'stopped', 'traced']);
const group: fc.Arbitrary<TaskGroup> = fc
  .record({
    comm: fc.constantFrom('nginx', 'kworker/0:1', 'iou-wrk-7', 'hpc'),
    kind: fc.constantFrom('user', 'user', 'kthread', 'io_worker'),
    count: fc.integer({ min: 0, max: 3 }),
    behaviour: fc.record({ phases: fc.array(phase, { minLength: 1, maxLength: 4 }) }),
    bound: fc.boolean(),
  })
  .map(({ bound, ...fields }) => ({ ...fields, ...(bound ? { cpus: [1] } : {}) }));
const forking: fc.Arbitrary<TaskGroup> = fc.record({
  comm: fc.constant('make'),
  kind: fc.constant('user'),
  count: fc.constant(2),
  behaviour: forkingBehaviour,
});
const workload: fc.Arbitrary<Workload> = fc
  .record({
    tasks: fc.array(fc.oneof({ weight: 5, arbitrary: group }, { weight: 1, arbitrary: forking }), { maxLength: 5 }),
    cpus: fc.integer({ min: 2, max: 4 }),
    nohzFullCpus: fc.subarray([1, 2]),
    modules: fc.subarray(['ext4']),
  })
  .map(({ tasks, ...more }) => machine(tasks, more));
const image: fc.Arbitrary<PatchImage> = fc
  .record({ vmlinux: fc.subarray(['f', 'g', 'x']), ext4: fc.subarray(['h']) })
  .map((objects) => patch('lp', objects));
const seed = fc.integer({ min: 0, max: 1000 });

/** Every model with every value of every variant, one at a time. */
const CHOICES: readonly ModelChoice[] = PATCHING_MODELS.flatMap(({ id, variants }) => [
  { model: id },
  ...variants.flatMap(({ name, values }) =>
    values.slice(1).map(({ value }): ModelChoice => ({ model: id, variants: { [name]: value } })),
  ),
  ...(id === 'proposal-2016' ? [{ model: id, variants: { 'func-immediate': 'f' } }] : []),
  ...(id === 'kpatch' ? [{ model: id, variants: { 'force-unsafe': 'f' } }] : []),
]);
const nameOf = ({ model, variants }: ModelChoice): string => [model, ...Object.values(variants ?? {})].join(' ');

const RUNS = { numRuns: 25 };
const LIMIT = 40 * SECOND;

describe.each(CHOICES.map((choice) => ({ name: nameOf(choice), choice })))('$name', ({ choice }) => {
  const model = PATCHING_MODELS.find(({ id }) => id === choice.model);

  it('is the same for the same seed, and every task goes over once at most and never back', () => {
    fc.assert(
      fc.property(workload, image, seed, (machineOf, patchOf, number) => {
        const setting = { image: patchOf, workload: machineOf, kernel: '6.12', seed: number, timeLimit: LIMIT };
        const trace = playChoice(choice, setting);
        expect(playChoice(choice, setting)).toEqual(trace);
        expect(trace.stopped).not.toBe('event-limit');
        let last = 0;
        const gone = new Set<number>();
        for (const event of trace.events) {
          expect(event.at).toBeGreaterThanOrEqual(last);
          last = event.at;
          if (event.type === 'fork' && event.state === 1) gone.add(event.child.id);
          if (event.type !== 'patch-state' || event.how === 'done') continue;
          // Once new, nothing is told of a task's state but that the transition is over.
          expect(gone.has(event.task)).toBe(false);
          if (event.state === 1) gone.add(event.task);
        }
        expect(trace.end).toBeGreaterThanOrEqual(last);
        expect(trace.end).toBeLessThanOrEqual(LIMIT);
      }),
      RUNS,
    );
  });

  it('counts every living task in every column, and says who is in the way', () => {
    fc.assert(
      fc.property(workload, image, seed, (machineOf, patchOf, number) => {
        const options = { workload: machineOf, kernel: '6.12', seeds: [number], timeLimit: LIMIT, choices: [choice] };
        const [row] = compareModels(patchOf, options).rows;
        if (row === undefined) throw new Error('there is no row');
        const [first] = row.columns;
        if (row.end > 0) expect(sum(first)).toBe(row.tasks);
        for (const column of row.columns) expect(Math.min(...Object.values(column))).toBeGreaterThanOrEqual(0);
        expect(row.standStill.longest).toBeLessThanOrEqual(row.standStill.total);
        expect(row.mixed.time).toBeLessThanOrEqual(row.end);
        if (row.outcome === 'refused') {
          expect(row.switched).toBe(0);
          expect(Object.values(promises(row))).toEqual(['nothing-changed', 'nothing-changed', 'nothing-changed']);
          expect(row.never.length).toBeGreaterThan(0);
        }
        if (row.outcome === 'unfinished' && !hasForks(machineOf)) expect(row.never.length).toBeGreaterThan(0);
        expect(row.reason).toMatch(/^(Done|Gives up|Not over)/);
        // Whoever is not in the new code alone at the end is told with a reason.
        if (row.outcome !== 'refused' && row.end > 0) {
          const toldOf = row.never.reduce((all, group) => all + group.tasks, 0);
          expect(toldOf).toBe(sum(row.columns.at(-1)) - row.switched);
          for (const { text } of row.never) expect(text.length).toBeGreaterThan(5);
        }
      }),
      RUNS,
    );
  });

  it('lets everybody go who stood still, and looks at tasks in order', () => {
    fc.assert(
      fc.property(workload, image, seed, (machineOf, patchOf, number) => {
        const setting = { image: patchOf, workload: machineOf, kernel: '6.12', seed: number, timeLimit: LIMIT };
        const trace = playChoice(choice, setting);
        const still = new Set<number | null>();
        let looks = 0;
        for (const event of trace.events) {
          if (event.type === 'stand-still') {
            expect(still.has(event.task)).toBe(!event.on);
            if (event.on) still.add(event.task);
            else still.delete(event.task);
          }
          if (event.type === 'exit') still.delete(event.task);
          if (event.type !== 'pass') continue;
          expect(event.number).toBe(++looks);
          expect(event.remaining).toBeGreaterThanOrEqual(0);
        }
        if (trace.stopped === 'quiet') expect([...still]).toEqual([]);
      }),
      RUNS,
    );
  });

  it('keeps what its place in the terms of 2014 means', () => {
    fc.assert(
      fc.property(workload, image, seed, (machineOf, patchOf, number) => {
        const options = { workload: machineOf, kernel: '6.12', seeds: [number], timeLimit: LIMIT, choices: [choice] };
        const [row] = compareModels(patchOf, options).rows;
        if (row === undefined || row.outcome === 'refused') return;
        const kept = promises(row);
        if (Object.values(kept).includes('nothing-changed')) return;
        // A parked kernel thread goes on in its old main function.
        const parksInside = choice.model === 'simple-method' && patchesThreads(machineOf, patchOf);
        if (row.switches === 'kernel' && !parksInside && choice.variants?.['force-unsafe'] === undefined) {
          expect(kept.kernel).toBe('kept');
          expect(new Set(row.taskSwitches.flatMap(({ at }) => (at === null ? [] : [at]))).size).toBeLessThanOrEqual(1);
        }
        if (row.leaves === 'kernel') expect(kept['system-call']).toBe('kept');
        const unchecked = choice.variants?.['func-immediate'] ?? choice.variants?.['force-unsafe'];
        if (row.leaves === 'patched-set' && unchecked === undefined) expect(kept.function).toBe('kept');
      }),
      RUNS,
    );
  });

  it('has sources, and values for all that the sources leave open', () => {
    expect(model?.sources.length).toBeGreaterThan(0);
    expect(model?.cannot.length).toBeGreaterThan(0);
    for (const each of model?.parameters ?? []) expect(each.source.length, each.name).toBeGreaterThan(10);
  });
});

describe('the hybrid row', () => {
  it('is the simulator that is compared with kernels, task by task', () => {
    fc.assert(
      fc.property(workload, image, seed, fc.constantFrom('6.1', '6.12'), (machineOf, patchOf, number, kernel) => {
        expectTwin(machineOf, patchOf, number, kernel);
      }),
      { numRuns: 60 },
    );
  });

  it('is it on the recorded machines, too', () => {
    const sleptIn = ['do_epoll_wait', '__x64_sys_clock_nanosleep', 'pipe_read', 'do_wait', 'worker_thread'];
    fc.assert(
      fc.property(
        fc.constantFrom(...PRESETS.map(({ id }) => id)),
        fc.subarray(sleptIn, { minLength: 1 }),
        seed,
        fc.constantFrom('6.1', '6.12'),
        (id, functions, number, kernel) => {
          const recorded = workloadById(id, kernel);
          if (recorded === undefined) throw new Error(`there is no machine '${id}'`);
          expectTwin(recorded, patch('lp', { vmlinux: functions }), number, kernel);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('plays the same run as an unobserved one, apart from the places', () => {
    fc.assert(
      fc.property(workload, image, seed, (machineOf, patchOf, number) => {
        const options = {
          kernel: '6.12',
          workload: machineOf,
          seed: number,
          steps: [{ at: 0, do: 'load' as const, image: patchOf }],
        };
        const observed = simulate({ ...options, observe: true });
        const events = observed.events.map((event) => {
          if (event.type !== 'patch-state') return event;
          const { place: _, ...rest } = event;
          return rest;
        });
        expect({ ...observed, events }).toEqual(simulate(options));
      }),
      { numRuns: 30 },
    );
  });
});

describe('a comparison', () => {
  it('is plain JSON and plays each row on the same tasks', () => {
    fc.assert(
      fc.property(workload, image, seed, (machineOf, patchOf, number) => {
        const comparison = compareModels(patchOf, {
          workload: machineOf,
          kernel: '6.12',
          seeds: [number],
          timeLimit: LIMIT,
        });
        expect(JSON.parse(JSON.stringify(comparison))).toEqual(comparison);
        expect(comparison.rows).toHaveLength(defaultChoices('6.12').length);
        expect(new Set(comparison.rows.map((row) => row.taskSwitches.map(({ task }) => task).join())).size).toBe(1);
      }),
      { numRuns: 10 },
    );
  });
});

/** The row says what simulate() does: when each task switches, who is signalled, when it is over. */
function expectTwin(machineOf: Workload, patchOf: PatchImage, number: number, kernel: string): void {
  const trace = simulate({ kernel, workload: machineOf, seed: number, steps: [{ at: 0, do: 'load', image: patchOf }] });
  const choices = [{ model: 'hybrid' }];
  const [row] = compareModels(patchOf, { workload: machineOf, kernel, seeds: [number], choices }).rows;
  expect(row?.evidence).toBe('kernel');
  expect(row?.time).toBe(completion(trace));
  expect(row?.end).toBe(trace.end);
  const alive = new Set(trace.tasks.map(({ id }) => id));
  const at = new Map<number, number>();
  const signalled = new Set<number>();
  for (const event of trace.events) {
    if (event.type === 'exit') alive.delete(event.task);
    if (event.type === 'patch-state' && event.state === 1) at.set(event.task, event.at);
    if (event.type === 'signal') signalled.add(event.task);
  }
  expect(row?.taskSwitches.filter(({ task }) => alive.has(task)).map(({ at: time }) => time)).toEqual(
    trace.tasks.filter(({ id }) => alive.has(id)).map(({ id }) => at.get(id) ?? null),
  );
  expect(row?.signalled).toBe(signalled.size);
}

function sum(column: { old: number; blocked: number; new: number; between: number; held: number } | undefined): number {
  return column === undefined ? 0 : column.old + column.blocked + column.new + column.between + column.held;
}

function hasForks(machineOf: Workload): boolean {
  return machineOf.tasks.some(({ behaviour }) => behaviour.phases.some((each) => each.do === 'fork'));
}

function patchesThreads(machineOf: Workload, patchOf: PatchImage): boolean {
  const patched = patchedFrames(patchOf, machineOf);
  return machineOf.tasks.some(
    ({ kind, behaviour }) =>
      kind !== 'user' &&
      behaviour.phases.some((each) => 'stack' in each && each.stack.some((frame) => patched.has(frame))),
  );
}

function completion(trace: Trace): number | null {
  return trace.events.find((event) => event.type === 'transition' && event.phase === 'done')?.at ?? null;
}
