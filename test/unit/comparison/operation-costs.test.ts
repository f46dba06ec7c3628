import { describe, expect, it } from 'vitest';
import { operationCosts } from '../../../shared/src/comparison/operation-costs.ts';
import { at, load, patch, play, QUIET, SECOND, STUCK, unload, write } from '../simulator/support.ts';

/** What operations cost in ftrace registrations, grace periods and rounds of work on every CPU. */

const cumulative = (module: string, funcs: readonly string[]) => patch(module, { vmlinux: funcs }, { replace: true });

describe('the cost', () => {
  it('of enabling is a registration for each function, of disabling a grace period of each kind for each', () => {
    const trace = play(QUIET, [at(0, load(cumulative('v1', ['f', 'g', 'h']))), at(5, write('v1/enabled', '0'))]);
    expect(operationCosts(trace)).toMatchObject([
      { patch: 'v1', target: 'patched', registered: 3, unregistered: 0, gracePeriods: 0, cpuRounds: 1 },
      { patch: 'v1', target: 'unpatched', registered: 0, unregistered: 3, gracePeriods: 3, cpuRounds: 1 },
    ]);
  });

  it('of a replace is only what differs between the two', () => {
    const trace = play(QUIET, [
      at(0, load(cumulative('v1', ['f', 'g', 'gone']))),
      at(5, load(cumulative('v2', ['f', 'g', 'new']))),
    ]);
    expect(operationCosts(trace)[1]).toMatchObject({ patch: 'v2', registered: 1, unregistered: 1, gracePeriods: 1 });
  });

  it('of disabling first and loading then is everything twice', () => {
    const trace = play(QUIET, [
      at(0, load(cumulative('v1', ['f', 'g']))),
      at(5, write('v1/enabled', '0')),
      at(8, unload('v1')),
      at(9, load(cumulative('v2', ['f', 'g']))),
    ]);
    const costs = operationCosts(trace).slice(1);
    expect(costs.reduce((sum, { gracePeriods }) => sum + gracePeriods, 0)).toBe(2);
    expect(costs.reduce((sum, { registered }) => sum + registered, 0)).toBe(2);
  });

  it('of replacing again and again grows with what changes, not with what the patches hold', () => {
    const common = Array.from({ length: 20 }, (_, index) => `f${index}`);
    const steady = Array.from({ length: 10 }, (_, index) => at(index * 5, load(cumulative(`v${index}`, common))));
    const changing = Array.from({ length: 10 }, (_, index) =>
      at(index * 5, load(cumulative(`v${index}`, [...common, `own${index}`]))),
    );
    const total = (steps: typeof steady) =>
      operationCosts(play(QUIET, steps)).reduce((sum, { gracePeriods }) => sum + gracePeriods, 0);
    expect(total(steady)).toBe(0);
    expect(total(changing)).toBe(9);
  });

  it('of a reversed transition has a round more, and its passes', () => {
    const trace = play(STUCK, [at(0, load(cumulative('v1', ['msleep']))), at(5, write('v1/enabled', '0'))]);
    const [cost] = operationCosts(trace);
    expect(cost).toMatchObject({ target: 'unpatched', registered: 1, unregistered: 1, cpuRounds: 2 });
    expect(cost?.passes).toBeGreaterThan(4);
    expect(cost?.to).toBeGreaterThan(5 * SECOND);
  });

  it('is told of an operation that is not over, too', () => {
    const [cost] = operationCosts(play(STUCK, [at(0, load(cumulative('v1', ['msleep'])))]));
    expect(cost).toMatchObject({ to: null, registered: 1 });
  });
});
