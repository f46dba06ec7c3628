import { describe, expect, it } from 'vitest';
import { imageWithReturns } from '../../../server/src/scenario/image-returns.ts';
import { patch } from '../simulator/support.ts';
import { playSteps } from './scenarios.ts';

const image = patch('lp', {
  vmlinux: { funcs: ['pipe_read'], callbacks: ['pre_patch', 'post_patch'] },
  gate: { funcs: ['gate_wait'], callbacks: ['post_patch'] },
});
const returnsOf = (returns: [string, number][]) =>
  imageWithReturns(image, new Map(returns)).objects.map(({ callbacks }) => callbacks.pre_patch?.returns);

describe('imageWithReturns', () => {
  it('changes what pre_patch of the named objects returns, where there is one', () => {
    expect(returnsOf([])).toEqual([0, undefined]);
    expect(returnsOf([['vmlinux', -5]])).toEqual([-5, undefined]);
    expect(returnsOf([['gate', -5]])).toEqual([0, undefined]);
  });

  it('wins over a parameter that pre_patch returns', () => {
    const [object] = image.objects;
    const callback = object?.callbacks.pre_patch;
    if (!object || !callback) throw new Error('the patch has no pre_patch');
    const told = {
      ...image,
      objects: [{ ...object, callbacks: { pre_patch: { ...callback, returnsParameter: 'ret' } } }],
    };
    const load = { load: 'lp', parameters: { ret: -19 } };
    const errno = (lp: typeof image) => playSteps([load], {}, { lp }).record.steps[0]?.errno;
    expect(errno(told)).toBe(-19);
    expect(errno(imageWithReturns(told, new Map([['vmlinux', -5]])))).toBe(-5);
  });
});
