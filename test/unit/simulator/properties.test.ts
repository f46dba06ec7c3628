import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PatchImage, ShadowUse } from '../../../shared/src/model/index.ts';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import { run } from '../../../shared/src/simulator/simulate.ts';
import type { Step } from '../../../shared/src/simulator/step.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import type { TaskGroup, Workload } from '../../../shared/src/simulator/workload.ts';
import { forkingBehaviour, phaseWith } from './arbitraries.ts';
import { at, events, FOREVER, load, machine, patch, play, SECOND } from './support.ts';

/**
 * Random machines and random things that people do to them. The simulator checks itself at every step and throws; what
 * is asserted here besides is what a reader of the trace relies on.
 */

const FUNCTIONS = ['f', 'g', 'h', 'main_loop', 'schedule'];
const MODULES = ['ext4', 'nf_tables'];

const stack = fc
  .array(fc.constantFrom(...FUNCTIONS, 'x', 'y', 'h [ext4]'), { maxLength: 4 })
  .map((frames) => ['__schedule', 'schedule', ...frames]);

const phase = phaseWith(stack, ['interruptible', 'uninterruptible', 'killable', 'idle', 'stopped']);

const group: fc.Arbitrary<TaskGroup> = fc
  .record({
    comm: fc.constantFrom('nginx', 'kworker/0:1', 'iou-wrk-7', 'make'),
    kind: fc.constantFrom('user', 'user', 'kthread', 'io_worker'),
    count: fc.integer({ min: 0, max: 3 }),
    behaviour: fc.record({ phases: fc.array(phase, { minLength: 1, maxLength: 4 }) }),
    hears: fc.boolean(),
  })
  .map(({ hears, ...fields }) => ({ ...fields, ...(hears ? { hearsUevents: true } : {}) }));
const forking: fc.Arbitrary<TaskGroup> = fc.record({
  comm: fc.constant('make'),
  kind: fc.constant('user'),
  count: fc.integer({ min: 0, max: 2 }),
  behaviour: forkingBehaviour,
});

/** Comes with a step. */
const LATE: TaskGroup = {
  comm: 'late',
  kind: 'user',
  count: 2,
  starts: 'by-step',
  handles: [10],
  behaviour: {
    phases: [
      { do: 'sleep', for: FOREVER, stack: ['schedule', 'f'], state: 'interruptible', syscall: 'read' },
      { do: 'user', for: { min: 100, max: 5000 } },
    ],
  },
};
const anyTask = fc.constantFrom('late', 'nginx', 'make', 'kworker/0:1', 'cc1');

const workload: fc.Arbitrary<Workload> = fc
  .record({
    tasks: fc.array(fc.oneof({ weight: 4, arbitrary: group }, { weight: 1, arbitrary: forking }), { maxLength: 5 }),
    cpus: fc.integer({ min: 1, max: 4 }),
    hz: fc.constantFrom(100, 250, 300, 1000),
    nohzFullCpus: fc.subarray([1, 2, 3]),
    modules: fc.subarray(MODULES),
  })
  .map(({ tasks, ...more }) => machine([...tasks, LATE], more));

const shadowUse: fc.Arbitrary<ShadowUse> = fc.record({
  call: fc.constantFrom('get', 'alloc', 'get_or_alloc', 'free', 'free_all'),
  id: fc.constantFrom(1, 2, 'ID'),
  object: fc.constantFrom(null, '&init_task'),
  constructs: fc.constantFrom(0, 0, -12),
  source: fc.constant(null),
});

const image: fc.Arbitrary<PatchImage> = fc
  .record({
    module: fc.constantFrom('one', 'two', 'three'),
    vmlinux: fc.subarray(FUNCTIONS),
    ext4: fc.subarray(['h', 'k']),
    replace: fc.boolean(),
    replaceable: fc.boolean(),
    shadow: fc.array(shadowUse, { maxLength: 2 }),
    prePatch: fc.constantFrom(0, 0, 0, 0, -19, 1),
    hasExit: fc.constantFrom(true, true, false),
    states: fc.array(fc.record({ id: fc.integer({ min: 1, max: 2 }), version: fc.integer({ min: 1, max: 2 }) }), {
      maxLength: 1,
    }),
  })
  .map(({ module, vmlinux, ext4, shadow, prePatch, ...more }) =>
    patch(
      module,
      {
        vmlinux: {
          funcs: vmlinux.map((oldName) => ({ oldName, shadow })),
          callbacks: { pre_patch: prePatch, post_patch: 0, pre_unpatch: 0, post_unpatch: 0 },
        },
        ext4: { funcs: ext4, callbacks: ['pre_patch', 'post_patch', 'pre_unpatch', 'post_unpatch'] },
      },
      more,
    ),
  );

const action: fc.Arbitrary<Step> = fc
  .record({
    seconds: fc.integer({ min: 0, max: 400 }).map((tenths) => tenths / 10),
    what: fc.oneof(
      { weight: 3, arbitrary: image.map(load) },
      {
        weight: 4,
        arbitrary: fc
          .record({
            path: fc.constantFrom(
              'one/enabled',
              'two/enabled',
              'three/enabled',
              'one/force',
              'two/force',
              'two/replaceable',
            ),
            value: fc.constantFrom('0', '1', 'x'),
          })
          .map(({ path, value }) => ({ do: 'write' as const, path, value })),
      },
      fc.constantFrom('one', 'two', 'three').map((module) => ({ do: 'unload' as const, module })),
      fc.constantFrom(...MODULES).map((module) => ({ do: 'load-target' as const, module })),
      fc.constantFrom(...MODULES).map((module) => ({ do: 'unload-target' as const, module })),
      fc.constant({ do: 'start' as const, task: 'late' }),
      anyTask.map((task) => ({ do: 'wake' as const, task })),
      fc
        .record({ task: anyTask, signal: fc.constantFrom(0, 9, 10, 15, 17, 18, 19) })
        .map((sent) => ({ do: 'signal' as const, ...sent })),
      fc.constantFrom('0', '1').map((value) => ({ do: 'sysctl' as const, name: 'kernel.ftrace_enabled', value })),
    ),
  })
  .map(({ seconds, what }) => at(seconds, what));
const steps = fc.array(action, { minLength: 1, maxLength: 12 }).map((list) => [...list].sort((a, b) => a.at - b.at));

const options = fc.record({ kernel: fc.constantFrom('6.12', '6.1', '6.12+replaceable', '6.16'), seed: fc.integer() });
const TIME_LIMIT = 45 * SECOND;

function checkTrace(trace: Trace): void {
  let last = 0;
  const wrong = trace.events.filter((event) => {
    const inOrder = Number.isSafeInteger(event.at) && event.at >= last;
    last = event.at;
    const stateKnown = (event.type !== 'patch-state' && event.type !== 'fork') || [-1, 0, 1].includes(event.state);
    return !inOrder || !stateKnown || (event.type === 'step' && event.errno > 0);
  });
  expect(wrong).toEqual([]);
  expect(trace.end).toBeGreaterThanOrEqual(last);
  // The log and the transitions tell the same.
  const log = events(trace, 'log').map((event) => event.text);
  const done = events(trace, 'transition').filter((event) => event.phase === 'done');
  expect(log.filter((text) => / (un)?patching complete$|: (un)?patching complete/.test(text))).toEqual(
    done.map(
      (event) => `livepatch: '${event.patch}': ${event.target === 'patched' ? 'patching' : 'unpatching'} complete`,
    ),
  );
  const end = stateAt(trace, trace.end);
  if (end.transition === null) {
    expect(end.tasks.every((task) => task.patchState === -1 && task.blocked === null)).toBe(true);
    expect(end.funcStacks.every((entry) => entry.stack.every((each) => !each.transition && !each.nop))).toBe(true);
  } else {
    expect(trace.stopped).not.toBe('quiet');
    expect(end.tasks.every((task) => task.patchState !== -1)).toBe(true);
  }
  // What is patched is what is registered.
  const patched = end.sysfs.some((node) => node.path.endsWith('/patched') && node.value === '1');
  if (end.funcStacks.length > 0) expect(patched).toBe(true);
}

describe('whatever happens', { timeout: 30_000 }, () => {
  it('the trace is consistent, and the same options give the same bytes', () => {
    fc.assert(
      fc.property(workload, steps, options, (workload, steps, options) => {
        const trace = play(workload, steps, { ...options, timeLimit: TIME_LIMIT });
        checkTrace(trace);
        expect(JSON.stringify(play(workload, steps, { ...options, timeLimit: TIME_LIMIT }))).toBe(
          JSON.stringify(trace),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('a step changes nothing of what was before it', () => {
    fc.assert(
      fc.property(workload, steps, options, action, (workload, steps, options, extra) => {
        const without = play(workload, steps, { ...options, timeLimit: TIME_LIMIT });
        const more = [...steps, extra].sort((a, b) => a.at - b.at);
        const withIt = play(workload, more, { ...options, timeLimit: TIME_LIMIT });
        const before = (trace: Trace) =>
          trace.events
            .filter((event) => event.at < extra.at)
            .map((event) => (event.type === 'step' ? { ...event, index: 0 } : event));
        // Without the step the run may have come to rest, and ended, before it.
        const limit = without.stopped === 'quiet' ? without.end : extra.at;
        const cut = (trace: Trace) => before(trace).filter((event) => event.at < limit);
        expect(cut(withIt)).toEqual(cut(without));
      }),
      { numRuns: 60 },
    );
  });

  it('a forecast plays what a full run plays', () => {
    const loads = fc
      .array(image, { minLength: 1, maxLength: 3 })
      .map((images) => images.map((each, index) => at(index * 20, load(each))));
    fc.assert(
      fc.property(workload, loads, options, (workload, steps, options) => {
        const all = { ...options, workload, steps, timeLimit: 60 * SECOND };
        const told = (trace: Trace) =>
          trace.events.filter((event) => event.type === 'transition' || event.type === 'pass' || event.type === 'step');
        expect(told(run(all, false).trace)).toEqual(told(run(all, true).trace));
      }),
      { numRuns: 60 },
    );
  });

  it('a patch of functions that nobody is in ends by itself', () => {
    const sane = workload.map((each) => ({
      ...each,
      tasks: each.tasks.map((tasks) => ({
        ...tasks,
        behaviour: {
          phases: tasks.behaviour.phases.map((phase) => {
            if (phase.do === 'sleep') return { ...phase, reliable: true };
            return phase.do === 'kernel' ? { ...phase, for: { min: 1, max: 50 } } : phase;
          }),
        },
      })),
    }));
    fc.assert(
      fc.property(sane, fc.integer(), (workload, seed) => {
        const busy = { ...workload, nohzFullCpus: [] };
        const kthreadsRun = busy.tasks.some(
          (tasks) =>
            tasks.kind !== 'user' &&
            tasks.behaviour.phases.some((phase) => phase.do === 'user' || phase.do === 'kernel'),
        );
        fc.pre(!kthreadsRun);
        const trace = play(busy, [at(0, load(patch('lp', { vmlinux: ['nobody_is_here'] })))], { seed });
        expect(trace.stopped).toBe('quiet');
        expect(trace.end).toBeLessThan(4 * SECOND);
        expect(events(trace, 'log').at(-1)?.text).toBe("livepatch: 'lp': patching complete");
      }),
      { numRuns: 80 },
    );
  });
});
