import { describe, expect, it } from 'vitest';
import { closestName } from '../../../server/src/analysis/closest-name.ts';

const NAMES = ['patch-mod-unset', 'patch-objs-unset', 'enable-twice', 'object-name-dash'];

describe('closestName', () => {
  it.each([
    ['patch-mod-unste', 'patch-mod-unset'],
    ['Patch-Mod-Unset', 'patch-mod-unset'],
    ['patch-obj-unset', 'patch-objs-unset'],
    ['enabled-twice', 'enable-twice'],
    ['obj-name-dash', 'object-name-dash'],
    ['object-name', 'object-name-dash'],
  ])('%s is %s', (written, meant) => {
    expect(closestName(written, NAMES)).toBe(meant);
  });

  it.each(['', 'zebra', 'no-such-rule-at-all'])('nothing is near %j', (written) => {
    expect(closestName(written, NAMES)).toBeNull();
  });
});
