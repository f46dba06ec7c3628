import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unfixedTimes } from '../../../shared/src/comparison/unfixed.ts';
import {
  at,
  load,
  loadTarget,
  patch,
  play,
  QUIET,
  SECOND,
  STUCK,
  unload,
  unloadTarget,
  write,
} from '../simulator/support.ts';

/** Is there ever a moment when a fixed function runs unfixed? */

const fix = (module: string, funcs: readonly string[], replace = true) =>
  patch(module, { vmlinux: funcs }, { replace });

describe('a fixed function', () => {
  it('is fixed all the time while a replace takes its fix over, however long tasks need', () => {
    const steps = [at(0, load(fix('v1', ['f', 'g']))), at(5, load(fix('v2', ['f', 'g', 'msleep'])))];
    expect(unfixedTimes(play(STUCK, steps))).toEqual([]);
    expect(unfixedTimes(play(QUIET, steps))).toEqual([]);
  });

  it('is not while the old patch is disabled and the new one not yet loaded', () => {
    const steps = [
      at(0, load(fix('v1', ['f']))),
      at(5, write('v1/enabled', '0')),
      at(8, unload('v1')),
      at(9, load(fix('v2', ['f']))),
    ];
    const [time, ...more] = unfixedTimes(play(QUIET, steps));
    expect(more).toEqual([]);
    expect(time).toMatchObject({ object: 'vmlinux', function: 'f', from: 5 * SECOND });
    expect(time?.to).toBeGreaterThanOrEqual(9 * SECOND);
    expect(time?.to).toBeLessThan(12 * SECOND);
    expect(time?.tasks).toBe(2);
  });

  it('stays unfixed when the next patch does not have it', () => {
    const steps = [at(0, load(fix('v1', ['f', 'g']))), at(5, load(fix('v2', ['g'])))];
    expect(unfixedTimes(play(QUIET, steps))).toMatchObject([{ function: 'f', to: null }]);
  });

  it('runs unfixed in the draft whose nops reach patches that stay', () => {
    const tagged = (module: string, func: string, replaceSet: number) =>
      patch(module, { vmlinux: [func] }, { replaceSet });
    const steps = [at(0, load(tagged('three', 'f', 3))), at(5, load(tagged('four', 'msleep', 4)))];
    const [time] = unfixedTimes(play(STUCK, steps, { kernel: '6.12+replace-tag' }));
    expect(time).toMatchObject({ function: 'f', from: 5 * SECOND });
    expect(unfixedTimes(play(STUCK, steps, { kernel: '6.12+replace-set' }))).toEqual([]);
  });

  it('is nobody’s while its module is not there', () => {
    const image = patch('v1', { ext4: ['f'] });
    const steps = [
      at(0, loadTarget('ext4')),
      at(1, load(image)),
      at(4, unloadTarget('ext4')),
      at(5, loadTarget('ext4')),
    ];
    expect(unfixedTimes(play(QUIET, steps))).toEqual([]);
  });

  it('never runs unfixed under released kernels as long as each patch replaces and has all functions', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 500 }),
        fc.constantFrom(QUIET, STUCK),
        (gaps, seed, workload) => {
          let time = 0;
          const steps = gaps.map((gap, index) => {
            time += gap / 10;
            return at(time, load(fix(`v${index}`, ['f', 'g', ...(index % 2 === 0 ? ['msleep'] : [])])));
          });
          const times = unfixedTimes(play(workload, steps, { seed }));
          expect(times.filter(({ function: name }) => name !== 'msleep')).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
