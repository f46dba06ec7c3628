import { describe, expect, it } from 'vitest';
import { stateAt } from '../../../shared/src/simulator/replay.ts';
import {
  ALL_CALLBACKS,
  asleep,
  at,
  errnos,
  events,
  linesAfter,
  load,
  loadTarget,
  machine,
  patch,
  play,
  QUIET,
  READER,
  SECOND,
  STUCK,
  story,
  unload,
  unloadTarget,
  write,
} from './support.ts';

const PIPE = patch('lp', { vmlinux: { funcs: ['pipe_read'], callbacks: ALL_CALLBACKS } });
const SLEEP = patch('lp', { vmlinux: { funcs: ['msleep'], callbacks: ALL_CALLBACKS } });

describe('module parameters', () => {
  const replacing = patch('lp_all', { vmlinux: ['other'] }, { replaceParameter: 'replace' });
  const before = { function: 'before', returns: 0, returnsParameter: 'result', returnKnown: false, source: null };
  const failing = patch(
    'lp',
    {},
    { objects: [{ name: null, funcs: [], callbacks: { pre_patch: before }, source: null }] },
  );

  it.each([
    [{}, ['lp', 'lp_all']],
    [{ replace: '0' }, ['lp', 'lp_all']],
    [{ replace: 'Y' }, ['lp_all']],
    [{ replace: '0x10' }, ['lp_all']],
  ])('%j decides whether a patch replaces', (parameters, left) => {
    const trace = play(QUIET, [at(0, load(PIPE)), at(5, load(replacing, parameters))], {
      timeLimit: 10 * SECOND,
    });
    const { sysfs } = stateAt(trace, 10 * SECOND);
    expect(sysfs.filter(({ path }) => !path.includes('/')).map(({ path }) => path)).toEqual(left);
  });

  it('decide what a callback returns, when the module is loaded and later', () => {
    const steps = [
      at(0, load(failing, { result: '-19' })),
      at(1, load(failing, { result: 'much' })),
      at(2, { do: 'set-parameter', module: 'lp', name: 'result', value: '-19' }),
      at(3, load(failing)),
    ] as const;
    expect(errnos(play(QUIET, steps))).toEqual([-19, -22, -2, 0]);
  });

  it('count for target modules that come after they were changed', () => {
    const target = { name: 'ext4', funcs: [], callbacks: { pre_patch: before }, source: null };
    const trace = play(QUIET, [
      at(0, load(patch('lp', {}, { objects: [target] }))),
      at(1, loadTarget('ext4')),
      at(2, unloadTarget('ext4')),
      at(3, { do: 'set-parameter', module: 'lp', name: 'result', value: '-12' }),
      at(4, loadTarget('ext4')),
      at(5, { do: 'set-parameter', module: 'lp', name: 'result', value: 'enough' }),
    ]);
    expect(errnos(trace)).toEqual([0, 0, 0, 0, -12, -22]);
  });
});

describe('rmmod', () => {
  it('is refused while the patch is enabled or in transition, and works afterwards', () => {
    const steps = [
      at(0, load(SLEEP)),
      at(1, unload('lp')),
      at(2, write('lp/enabled', '0')),
      at(6, unload('lp')),
      at(7, unload('lp')),
      at(8, load(SLEEP)),
    ];
    const trace = play(STUCK, steps, { timeLimit: 9 * SECOND });
    expect(errnos(trace)).toEqual([0, -11, 0, 0, -2, 0]);
  });

  it('is refused until the free work ran', () => {
    const trace = play(QUIET, [
      at(0, load(PIPE)),
      at(1, write('lp/enabled', '0')),
      at(1, unload('lp')),
      at(2, unload('lp')),
    ]);
    expect(errnos(trace)).toEqual([0, 0, -11, 0]);
  });

  it('always fails for a module without an exit function', () => {
    const image = { ...PIPE, hasExit: false };
    const trace = play(QUIET, [
      at(0, load(image)),
      at(1, unload('lp')),
      at(2, write('lp/enabled', '0')),
      at(3, unload('lp')),
    ]);
    expect(errnos(trace)).toEqual([0, -16, 0, -16]);
  });
});

describe('target modules', () => {
  const image = patch('lp', {
    vmlinux: { funcs: ['msleep'], callbacks: ALL_CALLBACKS },
    target: { funcs: ['target_fn'], callbacks: ALL_CALLBACKS },
  });
  const cycle = [at(2, loadTarget('target')), at(3, unloadTarget('target'))];
  const part = (trace: ReturnType<typeof play>) => linesAfter(story(trace), '> load-target target');

  it('coming and going without a transition', () => {
    expect(part(play(QUIET, [at(0, load(image)), ...cycle]))).toEqual([
      "applying patch 'lp' to loading module 'target'",
      '[pre_patch target]',
      '[post_patch target]',
      '> unload-target target',
      '[pre_unpatch target]',
      "reverting patch 'lp' on unloading module 'target'",
      '[post_unpatch target]',
    ]);
  });

  it('coming and going during the transition: no post_patch, no pre_unpatch', () => {
    const trace = play(STUCK, [at(0, load(image)), ...cycle], { timeLimit: 3.5 * SECOND });
    expect(part(trace)).toEqual([
      "applying patch 'lp' to loading module 'target'",
      '[pre_patch target]',
      '> unload-target target',
      "reverting patch 'lp' on unloading module 'target'",
      '[post_unpatch target]',
    ]);
  });

  it('coming during the transition and staying: post_patch at its end', () => {
    const steps = [at(0, load(image)), at(2, loadTarget('target')), at(3, write('lp/force', '1'))];
    const trace = play(STUCK, steps);
    expect(part(trace).slice(-4)).toEqual([
      "'lp': completing patching transition",
      '[post_patch vmlinux]',
      '[post_patch target]',
      "'lp': patching complete",
    ]);
  });

  it('coming during an unpatching transition: pre_patch, then post_unpatch without pre_unpatch', () => {
    const steps = [at(0, load(image)), at(1.9, write('lp/enabled', '0')), at(1.9, loadTarget('target'))];
    expect(part(play(STUCK, steps))).toEqual([
      "applying patch 'lp' to loading module 'target'",
      '[pre_patch target]',
      "'lp': completing unpatching transition",
      '[post_unpatch vmlinux]',
      '[post_unpatch target]',
      "'lp': unpatching complete",
    ]);
  });

  it('loaded before the patch', () => {
    const trace = play({ ...QUIET, modules: ['target'] }, [at(0, load(image))]);
    expect(events(trace, 'callback').map((event) => `${event.callback} ${event.object}`)).toEqual([
      'pre_patch vmlinux',
      'pre_patch target',
      'post_patch vmlinux',
      'post_patch target',
    ]);
  });

  it('is refused when pre_patch fails, and what earlier patches did to it is taken back', () => {
    const first = patch('first', { target: { funcs: ['a'], callbacks: ALL_CALLBACKS } });
    const second = patch('second', {
      target: { funcs: ['b'], callbacks: { pre_patch: -19, post_unpatch: 0 } },
    });
    const trace = play(QUIET, [at(0, load(first)), at(1, load(second)), at(2, loadTarget('target'))]);
    expect(story(trace).slice(story(trace).indexOf('> load-target target: -19') + 1)).toEqual([
      "applying patch 'first' to loading module 'target'",
      '[pre_patch target]',
      '[post_patch target]',
      "applying patch 'second' to loading module 'target'",
      '[pre_patch target]',
      "pre-patch callback failed for object 'target'",
      "patch 'second' failed for module 'target', refusing to load module 'target'",
      '[pre_unpatch target]',
      "reverting patch 'first' on unloading module 'target'",
      '[post_unpatch target]',
    ]);
    expect(stateAt(trace, trace.end).funcStacks).toEqual([]);
    expect(events(trace, 'module').at(-1)).toMatchObject({ module: 'target', state: 'refused' });
  });

  it('is refused when registering fails; its post_unpatch runs', () => {
    const off = { do: 'sysctl', name: 'kernel.ftrace_enabled', value: '0' } as const;
    const only = patch('lp', { target: { funcs: ['a'], callbacks: ALL_CALLBACKS } });
    const trace = play(QUIET, [at(0, load(only)), at(1, off), at(2, loadTarget('target'))]);
    expect(story(trace).slice(-6)).toEqual([
      "applying patch 'lp' to loading module 'target'",
      '[pre_patch target]',
      "failed to register ftrace handler for function 'a' (-16)",
      "failed to apply patch 'lp' to module 'target' (-16)",
      '[post_unpatch target]',
      "patch 'lp' failed for module 'target', refusing to load module 'target'",
    ]);
  });

  it('is patched by several patches while one of them is in transition: nobody runs it yet', () => {
    const both = (module: string) => patch(module, { vmlinux: ['pipe_read'], target: ['wait_here'] });
    const trace = play(READER, [
      at(0, load(both('lp1'))),
      at(20, load(both('lp2'))),
      at(40, write('lp2/enabled', '0')),
      at(41, loadTarget('target')),
    ]);
    expect(errnos(trace)).toEqual([0, 0, 0, 0]);
    const stack = stateAt(trace, 41 * SECOND).funcStacks.find((each) => each.function === 'wait_here');
    expect(stack?.stack.map((entry) => entry.patch)).toEqual(['lp2', 'lp1']);
  });

  it('called vmlinux can not load', () => {
    const trace = play(QUIET, [at(0, loadTarget('vmlinux'))]);
    expect(errnos(trace)).toEqual([-22]);
    expect(story(trace)).toContain('vmlinux.ko: invalid module name');
  });

  it('sleeping in a module function blocks only for that module', () => {
    const workload = machine([asleep('cat', ['wait_here [target]'])], { modules: ['target', 'other'] });
    const there = play(workload, [at(0, load(patch('lp', { target: ['wait_here'] })))]);
    expect(events(there, 'blocked')).toHaveLength(1);
    const elsewhere = play(workload, [at(0, load(patch('lp', { other: ['wait_here'], vmlinux: ['wait_here'] })))]);
    expect(events(elsewhere, 'blocked')).toEqual([]);
  });
});
