import { describe, expect, it } from 'vitest';
import { PolicyWork } from '../../../client/webview/policy-work.ts';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import { patch, QUIET } from '../simulator/support.ts';

/** Which livepatches are there before, when policies are compared for lp_2. */

const IMAGE = patch('lp_2', { vmlinux: ['f'] });
const LOWER = patch('lp_1', { vmlinux: ['old'] });
const SHARES = patch('hotfix', { vmlinux: ['f', 'h'] });
const STRANGER = patch('stranger', { vmlinux: ['s'] });

function work(others: readonly PatchImage[], chosen: readonly string[] | null = null) {
  const asked: string[] = [];
  const made = new PolicyWork(
    {
      changed: () => asked.push('changed'),
      ask: () => asked.push('ask'),
      failed: (error) => expect.fail(String(error)),
    },
    () => ({ image: IMAGE, workload: QUIET, kernel: '6.12', seed: 1 }),
    chosen,
  );
  made.receive(others, null);
  return { made, asked, keys: () => made.installed.map(({ key }) => key) };
}

describe('what is there before', () => {
  it('at first: other versions and those that share a function, lower versions first', () => {
    expect(work([IMAGE, STRANGER, SHARES, LOWER]).made.installed.map(({ title }) => title)).toEqual(['hotfix', 'lp_1']);
    expect(work([STRANGER, LOWER, patch('lp_10', { vmlinux: ['x'] })]).keys()).toEqual(['lp_1:patch', 'lp_10:patch']);
  });

  it('has those first that replace others: later they would take them away', () => {
    const cumulative = patch('zz', { vmlinux: ['f'] }, { replace: true });
    expect(work([SHARES, cumulative]).keys()).toEqual(['zz:patch', 'hotfix:patch']);
  });

  it('is an earlier build of the module when nothing fits', () => {
    const { made } = work([IMAGE, STRANGER]);
    expect(made.installed.map(({ image }) => image)).toEqual([{ ...IMAGE, module: 'lp_2_before', replace: true }]);
    expect(made.installable.map(({ title }) => title)).toEqual(['An earlier build of this module', 'stranger']);
  });

  it('is what was chosen, in that order, and forgets what is gone', () => {
    const { made, keys } = work([SHARES, LOWER]);
    const [first, second] = keys() as [string, string];
    made.toggle(first);
    expect(keys()).toEqual([second]);
    made.toggle(first);
    expect(keys()).toEqual([second, first]);
    made.receive([SHARES], null);
    expect(keys()).toEqual([first]);
    expect(made.chosen).toEqual([second, first]);
  });

  it('tells patches of one module apart', () => {
    const pair = ['a', 'b'].map((variable) => ({ ...SHARES, variable }));
    expect(work(pair).made.installable.map(({ title }) => title)).toEqual([
      'An earlier build of this module',
      'hotfix, a',
      'hotfix, b',
    ]);
  });
});

it('asks for the others when somebody looks, once', () => {
  const { made, asked } = work([]);
  expect(asked).toEqual([]);
  made.want(true);
  made.want(true);
  expect(asked.filter((what) => what === 'ask')).toHaveLength(1);
  made.stop();
});
