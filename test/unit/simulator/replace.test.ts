import { describe, expect, it } from 'vitest';
import { kernelTraits } from '../../../shared/src/simulator/kernel-traits.ts';
import { Machine } from '../../../shared/src/simulator/machine.ts';
import { hybrid } from '../../../shared/src/simulator/models/hybrid.ts';
import { prepareWorkload } from '../../../shared/src/simulator/prepared-workload.ts';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import { makeNop, makePatch } from '../../../shared/src/simulator/structures.ts';

import {
  ALL_CALLBACKS,
  asleep,
  at,
  errnos,
  events,
  kthread,
  load,
  loadTarget,
  machine,
  patch,
  play,
  QUIET,
  SECOND,
  STUCK,
  story,
  unload,
  write,
} from './support.ts';

/** What the trace says of the stack of replacements of one function at a time, newest first: `b`, `a nop`, `b*` in transition. */
function funcStack(trace: ReturnType<typeof play>, seconds: number, name = 'f'): string[] {
  const found = stateAt(trace, seconds * SECOND).funcStacks.find((entry) => entry.function === name);
  return (found?.stack ?? []).map((entry) => `${entry.patch}${entry.nop ? ' nop' : ''}${entry.transition ? '*' : ''}`);
}

const A = patch('a', { vmlinux: { funcs: ['f', 'g'], callbacks: ALL_CALLBACKS } });
const B = patch('b', { vmlinux: { funcs: ['f'], callbacks: ALL_CALLBACKS } }, { replace: true });

describe('an atomic replace', () => {
  const trace = play(QUIET, [at(0, load(A)), at(2, load(B)), at(4, unload('a')), at(5, load(A))]);

  it('runs only the callbacks of the new patch', () => {
    const lines = story(trace);
    expect(lines.slice(lines.indexOf('> load b'), lines.indexOf('> unload a'))).toEqual([
      '> load b',
      "enabling patch 'b'",
      "'b': initializing patching transition",
      '[pre_patch vmlinux]',
      "'b': starting patching transition",
      "'b': completing patching transition",
      '[post_patch vmlinux]',
      "'b': patching complete",
    ]);
    expect(
      events(trace, 'callback').filter((event) => event.patch === 'a' && event.callback.includes('unpatch')),
    ).toEqual([]);
  });

  it('takes the old patch out of sysfs and lets its module be removed and loaded again', () => {
    expect(stateAt(trace, 3 * SECOND).sysfs.map((node) => node.path)).toEqual([
      'b',
      'b/enabled',
      'b/force',
      'b/replace',
      'b/transition',
      'b/vmlinux',
      'b/vmlinux/f,1',
      'b/vmlinux/patched',
    ]);
    expect(errnos(trace)).toEqual([0, 0, 0, 0]);
  });

  it('keeps the old patch enabled and listed until it completes; nops are there only meanwhile', () => {
    const slow = play(STUCK, [
      at(0, load(A)),
      at(2, load({ ...B, objects: [...B.objects, ...patch('b', { ext4: ['x'] }).objects] })),
    ]);
    expect(slow.stopped).toBe('quiet');
    const both = patch('b', { vmlinux: ['msleep'] }, { replace: true });
    const hanging = play(STUCK, [at(0, load(A)), at(2, load(both)), at(5, write('a/enabled', '0'))], {
      timeLimit: 6 * SECOND,
    });
    const paths = stateAt(hanging, 4 * SECOND).sysfs.map((node) => `${node.path}=${node.value}`);
    expect(paths).toContain('a/enabled=1');
    expect(paths).toContain('a/transition=0');
    expect(paths).toContain('b/transition=1');
    expect(paths).toContain('b/vmlinux/f,1=null');
    expect(funcStack(hanging, 4, 'f')).toEqual(['b nop*', 'a']);
    expect(errnos(hanging)).toEqual([0, 0, -16]);
  });

  it('makes nop objects for modules that the new patch does not name, also when they are not loaded', () => {
    const old = patch('old', { vmlinux: ['g'], gone: ['h'] });
    const workload = machine([kthread('kt', ['slow_loop'])]);
    const next = patch('b', { vmlinux: ['f', 'slow_loop'] }, { replace: true });
    const steps = [at(0, load(old)), at(4, load(next)), at(5, loadTarget('gone')), at(6, write('b/force', '1'))];
    const trace = play(workload, steps);
    const during = stateAt(trace, 5 * SECOND).sysfs.map((node) => node.path);
    expect(during).toContain('b/gone/h,1');
    expect(story(trace).filter((line) => line.startsWith('applying'))).toEqual([
      "applying patch 'old' to loading module 'gone'",
      "applying patch 'b' to loading module 'gone'",
    ]);
    expect(stateAt(trace, trace.end).sysfs.map((node) => node.path)).not.toContain('b/gone');
    expect(stateAt(trace, trace.end).funcStacks.map((entry) => entry.function)).toEqual(['f', 'slow_loop']);
  });

  it('takes position 0 and 1 for the same function, and no other', () => {
    const old = patch('old', {
      vmlinux: {
        funcs: [
          { oldName: 'f', oldSympos: 1 },
          { oldName: 'f', oldSympos: 2 },
        ],
      },
    });
    const next = patch('next', { vmlinux: { funcs: ['f', 'slow_loop'] } }, { replace: true });
    const workload = machine([kthread('kt', ['slow_loop'])]);
    const trace = play(workload, [at(0, load(old)), at(2, load(next))], { timeLimit: 3 * SECOND });
    const dirs = stateAt(trace, trace.end).sysfs.filter(
      (node) => node.kind === 'dir' && node.path.startsWith('next/vmlinux/'),
    );
    expect(dirs.map((node) => node.path)).toEqual(['next/vmlinux/f,1', 'next/vmlinux/f,2', 'next/vmlinux/slow_loop,1']);
    expect(funcStack(trace, 3, 'f')).toEqual(['next*', 'old']);
    expect(funcStack(trace, 3, 'f,2')).toEqual(['next nop*', 'old']);
  });

  it('reversed, leaves the old patches as they were', () => {
    const next = patch('next', { vmlinux: ['msleep'] }, { replace: true });
    const trace = play(STUCK, [
      at(0, load(A)),
      at(2, load(next)),
      at(4.5, write('next/enabled', '0')),
      at(8, unload('next')),
    ]);
    expect(errnos(trace)).toEqual([0, 0, 0, 0]);
    expect(funcStack(trace, 9, 'f')).toEqual(['a']);
    expect(funcStack(trace, 9, 'msleep')).toEqual([]);
    expect(stateAt(trace, trace.end).sysfs.map((node) => node.path)).toContain('a/vmlinux/g,1');
  });

  it('fails silently with -EBUSY during another transition, and its nops are released', () => {
    const first = patch('first', { vmlinux: ['msleep'] });
    const trace = play(STUCK, [at(0, load(first)), at(2, load(B))], { timeLimit: 3 * SECOND });
    expect(errnos(trace)).toEqual([0, -16]);
    expect(story(trace)).not.toContain("enabling patch 'b'");
    expect(stateAt(trace, trace.end).sysfs.filter((node) => node.path.startsWith('b'))).toEqual([]);
  });

  it('forced, keeps the modules of all replaced patches for ever', () => {
    const next = patch('next', { vmlinux: ['msleep'] }, { replace: true });
    const trace = play(STUCK, [
      at(0, load(A)),
      at(2, load(next)),
      at(4.5, write('next/force', '1')),
      at(8, unload('a')),
      at(9, load(A)),
    ]);
    expect(errnos(trace)).toEqual([0, 0, 0, -11, -17]);
    expect(stateAt(trace, trace.end).sysfs.filter((node) => node.path.startsWith('a'))).toEqual([]);
  });

  it('never runs the original of a function that both patches change', () => {
    const workload = machine([asleep('x', ['f']), asleep('y', ['msleep'], { state: 'uninterruptible' })]);
    const [one, two] = [patch('one', { vmlinux: ['f'] }), patch('two', { vmlinux: ['f'] }, { replace: true })];
    const trace = play(workload, [at(0, load(one)), at(30, load(two))], { timeLimit: 100 * SECOND });
    for (const event of events(trace, 'func-stack')) {
      if (event.function === 'f' && event.at > 20 * SECOND) expect(event.stack.length).toBeGreaterThan(0);
    }
    expect(funcStack(trace, 99)).toEqual(['two']);
  });
});

describe('the hybrid mode RFC of January 2025', () => {
  const options = { kernel: '6.12+replaceable' };

  it('keeps patches that are not replaceable, and says that it is not a released kernel', () => {
    const trace = play(QUIET, [at(0, load(A)), at(2, load(B))], options);
    expect(stateAt(trace, trace.end).sysfs).toContainEqual({ path: 'a/enabled', kind: 'file', value: '1' });
    expect(funcStack(trace, 3, 'g')).toEqual(['a']);
    expect(funcStack(trace, 3, 'f')).toEqual(['b', 'a']);
    expect(trace.options.assumptions.join()).toContain('never merged');
  });

  it('replaces those that are', () => {
    const trace = play(QUIET, [at(0, load({ ...A, replaceable: true })), at(2, load(B))], options);
    expect(stateAt(trace, trace.end).sysfs.map((node) => node.path)).not.toContain('a');
    expect(funcStack(trace, 3, 'f')).toEqual(['b']);
  });

  it('can change its mind through sysfs, but not in transition', () => {
    const steps = [
      at(0, load(A)),
      at(1, write('a/replaceable', '1')),
      at(2, write('a/replaceable', '1')),
      at(3, load(B)),
    ];
    const trace = play(QUIET, steps, options);
    expect(errnos(trace)).toEqual([0, 0, 0, 0]);
    expect(stateAt(trace, trace.end).sysfs.map((node) => node.path)).not.toContain('a');
    const stuck = patch('a', { vmlinux: ['msleep'] });
    const busy = play(
      STUCK,
      [at(0, load(stuck)), at(1, write('a/replaceable', '1')), at(2, write('a/replaceable', '0'))],
      {
        ...options,
        timeLimit: 3 * SECOND,
      },
    );
    expect(errnos(busy)).toEqual([0, -11, 0]);
  });

  it('has no such file in released kernels, which replace everything', () => {
    const trace = play(QUIET, [
      at(0, load({ ...A, replaceable: false })),
      at(1, write('a/replaceable', '1')),
      at(2, load(B)),
    ]);
    expect(errnos(trace)).toEqual([0, -13, 0]);
    expect(stateAt(trace, trace.end).sysfs.map((node) => node.path)).not.toContain('a');
  });
});

describe('states: whether a patch can follow another', () => {
  const loading = (oldVersion: number | null, newVersion: number | null, replace: boolean) => {
    const states = (version: number | null) => (version === null ? [] : [{ id: 10, version }]);
    const old = patch('old', { vmlinux: ['f'] }, { states: states(oldVersion) });
    const next = patch('next', { vmlinux: ['f'] }, { states: states(newVersion), replace });
    const trace = play(QUIET, [at(0, load(old)), at(2, load(next))]);
    return { errno: errnos(trace)[1], refused: story(trace).some((line) => line.includes('is not compatible')) };
  };

  it.each([
    // installed, new, replace, errno
    [1, 1, false, 0],
    [1, 1, true, 0],
    [1, 2, false, 0],
    [1, 2, true, 0],
    [2, 1, false, -22],
    [2, 1, true, -22],
    [1, null, false, 0],
    [1, null, true, -22],
    [null, 1, false, 0],
    [null, 1, true, 0],
    [null, null, true, 0],
  ] as const)('installed version %s, new version %s, replace %s: %i', (installed, next, replace, errno) => {
    expect(loading(installed, next, replace)).toEqual({ errno, refused: errno !== 0 });
  });

  it('compares with patches that are being disabled too, and reads no further than an id of 0', () => {
    const old = patch('old', { vmlinux: ['msleep'] }, { states: [{ id: 10, version: 2 }] });
    const next = patch(
      'next',
      { vmlinux: ['g'] },
      {
        states: [
          { id: 0, version: 0 },
          { id: 10, version: 1 },
        ],
      },
    );
    expect(errnos(play(STUCK, [at(0, load(old)), at(2.9, load(next))], { timeLimit: 4 * SECOND }))).toEqual([0, -16]);
    const lower = patch('lower', { vmlinux: ['g'] }, { states: [{ id: 10, version: 1 }] });
    const steps = [at(0, load(old)), at(2.9, write('old/enabled', '0')), at(2.9, load(lower))];
    const trace = play(STUCK, steps, { timeLimit: 4 * SECOND });
    expect(story(trace)).toContain('Livepatch patch (lower) is not compatible with the already installed livepatches.');
  });
});

describe('patches on top of each other', () => {
  const [one, two, three] = ['one', 'two', 'three'].map((name) => patch(name, { vmlinux: ['f'] })) as [
    typeof A,
    typeof A,
    typeof A,
  ];

  it('can be disabled in any order', () => {
    const trace = play(QUIET, [
      at(0, load(one)),
      at(2, load(two)),
      at(4, write('one/enabled', '0')),
      at(6, write('two/enabled', '0')),
    ]);
    expect(errnos(trace)).toEqual([0, 0, 0, 0]);
    expect(funcStack(trace, 3)).toEqual(['two', 'one']);
    expect(funcStack(trace, 5)).toEqual(['two']);
    expect(funcStack(trace, 7)).toEqual([]);
  });

  /** Table of what blocks: the patch that changes, to what, the stack of patches below it, and where a task sleeps. */
  it.each([
    ['enabling the only one looks for the original', [one], 'f', true],
    ['enabling the second looks for the first', [one, two], 'one_f [one]', true],
    ['and not for the original', [one, two], 'f', false],
    ['enabling the third looks for the second only', [one, two, three], 'two_f [two]', true],
    ['and not for the first', [one, two, three], 'one_f [one]', false],
  ] as const)('%s', (_what, patches, frame, blocks) => {
    // A frame of a version that is not loaded yet stands for a task that will not move.
    const workload = machine([kthread('kt', [frame])]);
    const last = patches.length - 1;
    const steps = patches.map((image, index) => at(index * 3, load(image)));
    const forced = patches.slice(0, last).map((image, index) => at(index * 3 + 1, write(`${image.module}/force`, '1')));
    const all = [...steps, ...forced].sort((a, b) => a.at - b.at);
    const trace = play(workload, all, { timeLimit: last * 3 * SECOND + 10 });
    const blocked = events(trace, 'blocked').filter(
      (event) => event.at >= last * 3 * SECOND && event.reason.kind === 'sleeping-on',
    );
    expect(blocked.map((event) => event.reason)).toEqual(
      blocks ? [{ kind: 'sleeping-on', function: frame, original: 'f' }] : [],
    );
  });

  it.each([
    ['disabling looks for the replacement', 'one_f [one]', true],
    ['and not for the original', 'f', false],
  ] as const)('%s', (_what, frame, blocks) => {
    const workload = machine([kthread('kt', [frame])]);
    const steps = [at(0, load(one)), at(1, write('one/force', '1')), at(4, write('one/enabled', '0'))];
    const trace = play(workload, steps, { timeLimit: 4 * SECOND + 10 });
    const blocked = events(trace, 'blocked').filter((event) => event.at >= 4 * SECOND);
    expect(blocked).toHaveLength(blocks ? 1 : 0);
  });

  it('enabling a nop looks for the replaced version, reversing it for the original', () => {
    const empty = patch('empty', { vmlinux: ['other'] }, { replace: true });
    const inOld = play(machine([kthread('kt', ['one_f [one]'])]), [at(0, load(one)), at(3, load(empty))], {
      timeLimit: 3.1 * SECOND,
    });
    expect(events(inOld, 'blocked')).toMatchObject([{ reason: { function: 'one_f [one]', original: 'f' } }]);
    const steps = [
      at(0, load(one)),
      at(0.5, write('one/force', '1')),
      at(3, load(empty)),
      at(3.2, write('empty/enabled', '0')),
    ];
    const workload = machine([kthread('kt', ['f']), kthread('slow', ['other'])]);
    const reversed = play(workload, steps, { timeLimit: 6 * SECOND });
    // The first thread switched to the nop at once; going back it is in the function that the nop runs.
    expect(events(reversed, 'blocked').filter((event) => event.at > 3.2 * SECOND)).toMatchObject([
      { task: 1, reason: { function: 'f', original: 'f' } },
    ]);
  });
});

describe('the version that a call runs, by func_stack and patch_state', () => {
  it.each([
    // func_stack newest first, patch_state of the caller, what its stack shows
    ['no patch', [], 0, 'f'],
    ['[A] in transition', ['a*'], 0, 'f'],
    ['[A] in transition', ['a*'], 1, 'a_f [a]'],
    ['[A]', ['a'], -1, 'a_f [a]'],
    ['[B, A], B in transition', ['b*', 'a'], 0, 'a_f [a]'],
    ['[B, A], B in transition', ['b*', 'a'], 1, 'b_f [b]'],
    ['[B, A]', ['b', 'a'], -1, 'b_f [b]'],
    ['[B, A], A in transition', ['b', 'a*'], 0, 'b_f [b]'],
    ['[B, A], A in transition', ['b', 'a*'], 1, 'b_f [b]'],
    ['[nop]', ['n'], -1, 'f'],
    ['[nop, A], nop in transition', ['n*', 'a'], 0, 'a_f [a]'],
    ['[nop, A], nop in transition', ['n*', 'a'], 1, 'f'],
  ] as const)('%s %j, state %i: %s', (_what, stack, state, shown) => {
    const m = new Machine({
      traits: kernelTraits('6.12'),
      model: hybrid,
      prepared: prepareWorkload(QUIET),
      seed: 1,
      symbols: null,
      recordAll: true,
    });
    const funcStack = stack.map((sketch) => {
      const module = sketch[0] as string;
      const object = makePatch(patch(module, { vmlinux: ['f'] })).objects[0];
      const func = object?.funcs[0];
      if (object === undefined || func === undefined) throw new Error('a patch without functions');
      const entry = module === 'n' ? makeNop(object, func) : func;
      return Object.assign(entry, {
        transition: sketch.endsWith('*'),
        patched: true,
        oldFrame: 'f',
        newFrame: module === 'n' ? 'f' : `${module}_f [${module}]`,
      });
    });
    if (funcStack.length > 0) m.ops.set('f', { object: null, oldName: 'f', oldFrame: 'f', funcStack });
    expect(m.framesOf(['schedule', 'f', 'g'], state)).toEqual(['schedule', shown, 'g']);
  });
});
