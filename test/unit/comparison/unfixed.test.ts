import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unfixedTimes } from '../../../shared/src/comparison/unfixed.ts';
import { REPLACE_POLICIES } from '../../../shared/src/simulator/replace/index.ts';
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

  it('runs unfixed while a replaced patch gives way to nops above one that stays', () => {
    // Both have f(); the new patch does not, so that its nop covers what both did until the transition is over.
    const below = patch('stays', { vmlinux: ['f'] });
    const above = patch('goes', { vmlinux: ['f'] }, { replaceable: true });
    const next = patch('next', { vmlinux: ['msleep'] }, { replace: true });
    const steps = [at(0, load(below)), at(5, load(above)), at(10, load(next)), at(40, write('next/force', '1'))];
    const [time, ...more] = unfixedTimes(play(STUCK, steps, { kernel: '6.12+replaceable' }));
    expect(more).toEqual([]);
    expect(time).toMatchObject({ function: 'f', from: 10 * SECOND });
    expect(time?.to).toBeGreaterThanOrEqual(40 * SECOND);
    expect(time?.to).toBeLessThan(42 * SECOND);
  });

  it.each(REPLACE_POLICIES.map(({ id }) => id).filter((id) => id !== 'replace-tag'))(
    'is unfixed for good or not at all under %s, unless a patch that stays shares it with one that goes',
    (id) => {
      const one = fc.record({
        funcs: fc.subarray(['f', 'g', 'msleep'], { minLength: 1 }),
        replace: fc.boolean(),
        replaceable: fc.boolean(),
        replaceSet: fc.constantFrom(null, 0, 1, 2),
      });
      fc.assert(
        fc.property(one, one, one, fc.constantFrom(QUIET, STUCK), (a, b, c, workload) => {
          const steps = [a, b, c].map(({ funcs, ...more }, index) =>
            at(index * 30, load(patch(`p${index}`, { vmlinux: funcs }, more))),
          );
          const all = [...steps, at(90, write('p2/force', '1'))];
          const trace = play(workload, all, { kernel: id === 'released' ? '6.12' : `6.12+${id}` });
          for (const { function: name, from, to } of unfixedTimes(trace)) {
            if (from < 60 * SECOND || to === null) continue;
            expect(a.funcs.includes(name) && b.funcs.includes(name) && !c.funcs.includes(name)).toBe(true);
            expect(['released', 'replace-on-replace', 'replace-set']).not.toContain(id);
          }
        }),
        { numRuns: 60 },
      );
    },
  );
});
