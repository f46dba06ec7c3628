import { describe, expect, it } from 'vitest';
import { frequentReplacement } from '../../../shared/src/comparison/frequent-replacement.ts';
import { patch, QUIET, READER, SECOND, STUCK } from '../simulator/support.ts';

/** One version of a patch after the other: what each further one costs. */

const PATCH = patch('lp', { vmlinux: ['f', 'g', 'pipe_read'] });

function ways(workload = QUIET, image = PATCH) {
  const all = frequentReplacement(image, { workload, kernel: '6.12', seed: 1 });
  const of = (way: string) => all.find((each) => each.way === way);
  return { replace: of('replace'), stack: of('stack'), disableFirst: of('disable-first') };
}

describe('versions that replace each other', () => {
  it('cost no grace period while their functions are the same, and leave no gap', () => {
    expect(ways().replace).toMatchObject({
      complete: true,
      transitions: 1,
      registered: 0,
      unregistered: 0,
      gracePeriods: 0,
      unfixed: 0,
      depth: 1,
    });
  });

  it('cost one for each function, and are off meanwhile, when the one before is disabled first', () => {
    const { disableFirst } = ways();
    expect(disableFirst).toMatchObject({ complete: true, transitions: 2, registered: 3, unregistered: 3, depth: 1 });
    expect(disableFirst?.gracePeriods).toBe(3);
    expect(disableFirst?.unfixed).toBeGreaterThan(0);
    // Whoever sleeps in a replaced function makes both transitions wait.
    expect(ways(READER).disableFirst?.unfixed).toBeGreaterThan(14 * SECOND);
  });

  it('pile up when nothing replaces them', () => {
    expect(ways().stack).toMatchObject({ complete: true, gracePeriods: 0, registered: 0, depth: 4 });
  });

  it('are not complete when a transition does not end', () => {
    expect(ways(STUCK, patch('lp', { vmlinux: ['msleep'] })).replace?.complete).toBe(false);
  });
});
