import { describe, expect, it } from 'vitest';
import type { PatchImage, ShadowUse } from '../../../shared/src/model/index.ts';
import type { Trace } from '../../../shared/src/simulator/trace.ts';
import { at, errnos, events, load, patch, play, QUIET, unload, write } from './support.ts';

const use = (call: ShadowUse['call'], id: number | string = 1, more: Partial<ShadowUse> = {}): ShadowUse => ({
  call,
  id,
  object: null,
  source: null,
  ...more,
});

const DONE = { returns: 0, returnKnown: true, source: null };

/** A patch whose function and callbacks do that. */
function shadowing(
  module: string,
  uses: { readonly [where in 'f' | 'pre_patch' | 'post_patch' | 'post_unpatch']?: readonly ShadowUse[] },
  more: Partial<PatchImage> = {},
): PatchImage {
  const image = patch(module, { vmlinux: [] }, more);
  const { f = [], ...callbacks } = uses;
  const func = { oldName: 'f', newFunc: `${module}_f`, oldSympos: 0, source: null, newFuncSource: null, shadow: f };
  return {
    ...image,
    objects: [
      {
        name: null,
        funcs: [func],
        callbacks: Object.fromEntries(
          Object.entries(callbacks).map(([name, shadow]) => [name, { ...DONE, function: `${module}_${name}`, shadow }]),
        ),
        source: null,
      },
    ],
  };
}

/** `lp_f alloc 1: attached`, and findings. */
function life(trace: Trace): string[] {
  return trace.events.flatMap((event) => {
    if (event.type === 'shadow') return [`${event.function} ${event.call} ${event.id}: ${event.result}`];
    return event.type === 'finding' ? [event.text.replace(/ (?:Its objects|what in it) .*/, '')] : [];
  });
}

const disable = (second: number, module: string) => [
  at(second, write(`${module}/enabled`, '0')),
  at(second + 3, unload(module)),
];

describe('shadow variables', () => {
  it('that functions attach leak when the patch is disabled, and outlive its module', () => {
    const trace = play(QUIET, [at(0, load(shadowing('lp', { f: [use('get'), use('alloc')] }))), ...disable(5, 'lp')]);
    expect(errnos(trace)).toEqual([0, 0, 0]);
    expect(life(trace)).toEqual([
      'lp_f get 1: none',
      'lp_f alloc 1: attached',
      "Shadow variable 1, which lp_f() attaches, stays: no task runs 'lp' any more.",
      "Shadow variable 1, which lp_f() attached, outlives 'lp':",
    ]);
    expect(events(trace, 'finding').map(({ id }) => id)).toEqual(['shadow-leak', 'shadow-dangles']);
  });

  it('that the module frees when it is removed leave nothing', () => {
    const exit = { function: 'lp_exit', shadow: [use('free_all')] };
    const image = shadowing('lp', { f: [use('alloc')] }, { exit });
    expect(life(play(QUIET, [at(0, load(image)), ...disable(5, 'lp')]))).toEqual([
      'lp_f alloc 1: attached',
      'lp_exit free_all 1: freed',
    ]);
  });

  it('that post_unpatch frees leave nothing', () => {
    const image = shadowing('lp', { f: [use('get_or_alloc')], post_unpatch: [use('free_all')] });
    expect(life(play(QUIET, [at(0, load(image)), ...disable(5, 'lp')]))).toEqual([
      'lp_f get_or_alloc 1: attached',
      'lp_post_unpatch free_all 1: freed',
    ]);
  });

  it('are found by whoever comes later, and not by their destructor when the id is another', () => {
    const first = shadowing('lp', { f: [use('alloc')], post_unpatch: [use('free_all', 2)] });
    const second = shadowing('next', { f: [use('get')] });
    const trace = play(QUIET, [at(0, load(first)), ...disable(5, 'lp'), at(10, load(second))]);
    expect(life(trace)).toEqual([
      'lp_f alloc 1: attached',
      'lp_post_unpatch free_all 2: none',
      "Shadow variable 1, which lp_f() attaches, stays: no task runs 'lp' any more.",
      "Shadow variable 1, which lp_f() attached, outlives 'lp':",
      'next_f get 1: found',
    ]);
  });

  it('are taken over by a patch that replaces and uses the id, and leak when it does not', () => {
    const first = shadowing('lp', { f: [use('alloc', 1), use('alloc', 2)], post_unpatch: [use('free_all', 1)] });
    const second = shadowing('next', { f: [use('get', 1)], post_unpatch: [use('free_all', 1)] }, { replace: true });
    const trace = play(QUIET, [at(0, load(first)), at(5, load(second)), at(8, unload('lp')), ...disable(10, 'next')]);
    expect(errnos(trace)).toEqual([0, 0, 0, 0, 0]);
    expect(life(trace)).toEqual([
      'lp_f alloc 1: attached',
      'lp_f alloc 2: attached',
      "Shadow variable 2, which lp_f() attaches, stays: 'next' replaces 'lp' and does not use it.",
      'next_f get 1: found',
      "Shadow variable 2, which lp_f() attached, outlives 'lp':",
      'next_post_unpatch free_all 1: freed',
    ]);
  });

  it('under one number are shared by patches that are enabled together', () => {
    const lp = shadowing('lp', { f: [use('alloc')], post_unpatch: [use('free_all')] });
    const trace = play(QUIET, [
      at(0, load(lp)),
      at(5, load(shadowing('other', { f: [use('get')] }))),
      ...disable(10, 'lp'),
    ]);
    expect(life(trace)).toEqual([
      'lp_f alloc 1: attached',
      "'other' and 'lp' both use shadow variable 1: each finds what the other attached, and whoever frees it frees it for both.",
      'other_f get 1: found',
      'lp_post_unpatch free_all 1: freed',
    ]);
  });

  it('are said to be shared only when the number is known', () => {
    const images = ['lp', 'other'].map((module) => shadowing(module, { f: [use('get', 'SHADOW_ID')] }));
    const trace = play(QUIET, [at(0, load(images[0] as PatchImage)), at(5, load(images[1] as PatchImage))]);
    expect(events(trace, 'finding')).toEqual([]);
  });

  it('of an object that is always there are not attached twice', () => {
    const attaches = shadowing('lp', { pre_patch: [use('alloc', 0x1f, { object: '&init_task' })] });
    const trace = play(QUIET, [at(0, load(attaches)), ...disable(5, 'lp'), at(10, load(attaches))]);
    expect(life(trace).filter((line) => line.startsWith('lp_pre_patch'))).toEqual([
      'lp_pre_patch alloc 31: attached',
      'lp_pre_patch alloc 31: exists',
    ]);
    expect(events(trace, 'log').map(({ text }) => text)).toContain('Duplicate shadow variable <%p, 1f>');
  });

  it('are not attached when their constructor fails, which the log tells', () => {
    const trace = play(QUIET, [at(0, load(shadowing('lp', { post_patch: [use('alloc', 255, { constructs: -22 })] })))]);
    expect(life(trace)).toEqual(['lp_post_patch alloc 255: failed']);
    const line = 'livepatch: Failed to construct shadow variable <%p, ff> (-22)';
    expect(events(trace, 'log')).toContainEqual({ at: 0, type: 'log', level: 'err', text: line });
  });

  it('that pre_patch attached leak when enabling fails later', () => {
    const image = shadowing('lp', { pre_patch: [use('alloc')] });
    const [vmlinux] = image.objects;
    const failing = { ...image, objects: [{ ...vmlinux, funcs: [...(vmlinux?.funcs ?? [])] }] } as PatchImage;
    const symbols = { find: () => [{ traceable: false }] };
    const trace = play(QUIET, [at(0, load(failing))], { symbols });
    expect(errnos(trace)).toEqual([-22]);
    expect(life(trace)).toEqual([
      'lp_pre_patch alloc 1: attached',
      "Shadow variable 1, which lp_pre_patch() attaches, stays: no task runs 'lp' any more.",
    ]);
  });
});
