import { describe, expect, it } from 'vitest';
import { comparePolicies, compareVersions } from '../../../shared/src/comparison/policies.ts';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import { ALL_CALLBACKS, patch, QUIET, READER, SECOND, STUCK } from '../simulator/support.ts';

/** Bringing version 2 of a cumulative patch to a machine that has version 1 and a fix of somebody else's. */

const HOTFIX = patch('hotfix', { vmlinux: { funcs: ['h'], callbacks: ALL_CALLBACKS } });
const V1 = patch('v1', { vmlinux: ['f', 'g'] }, { replace: true, replaceable: true });
const V2 = patch('v2', { vmlinux: ['f', 'g', 'i'] }, { replace: true, replaceable: true });

function rows(image: PatchImage, installed: readonly PatchImage[], workload = QUIET) {
  const { rows: all } = comparePolicies(image, { workload, kernel: '6.12', seed: 1, installed });
  const found = new Map(all.map((row) => [row.released ? row.order : row.policy, row]));
  return (name: string) => found.get(name);
}

describe('on released kernels', () => {
  const all = rows(V2, [V1, HOTFIX]);

  it('a plain load replaces everything, without a gap in what both fix', () => {
    const row = all('load');
    expect(row).toMatchObject({ outcome: 'done', left: ['v2'], released: true });
    // The fix of the other patch is not in version 2.
    expect(row?.unfixed.map((time) => [time.function, time.to])).toEqual([['h', null]]);
    expect(row?.findings.join()).toContain('hotfix is replaced without pre_unpatch_callback()');
    expect(row?.silent).toEqual([
      'pre_unpatch of hotfix for vmlinux, pre_unpatch_callback()',
      'post_unpatch of hotfix for vmlinux, post_unpatch_callback()',
    ]);
  });

  it('disabling what is not cumulative first takes its setup down', () => {
    const row = all('disable-non-cumulative');
    expect(row).toMatchObject({ outcome: 'done', left: ['v2'], findings: [], silent: [] });
    expect(row?.unfixed.map((time) => time.function)).toEqual(['h']);
    expect(row?.costs.map(({ patch: name, target }) => `${name} ${target}`)).toEqual([
      'hotfix unpatched',
      'v2 patched',
    ]);
  });

  it('disabling all first leaves everything unfixed for a while, and costs the most', () => {
    const row = all('disable-all');
    expect(row?.left).toEqual(['v2']);
    const gaps = row?.unfixed.filter(({ to }) => to !== null).map((time) => time.function);
    expect(gaps).toEqual(['f', 'g']);
    const graces = (name: string) => all(name)?.costs.reduce((sum, { gracePeriods }) => sum + gracePeriods, 0);
    expect(graces('disable-all')).toBe(3);
    expect(graces('load')).toBe(1);
  });
});

describe('a patch upon the others', () => {
  it('leaves them all loaded, and every function fixed', () => {
    const row = rows(V2, [V1, HOTFIX])('load-stacked');
    expect(row).toMatchObject({ outcome: 'done', left: ['v1', 'hotfix', 'v2'], unfixed: [], silent: [] });
    expect(row?.costs.map(({ registered, gracePeriods }) => [registered, gracePeriods])).toEqual([[1, 0]]);
  });

  it('is made one that replaces when it does not say so', () => {
    expect(rows({ ...V2, replace: false }, [V1])('load-replace')?.left).toEqual(['v2']);
    expect(rows({ ...V2, replace: false }, [V1])('load')?.left).toEqual(['v1', 'v2']);
  });
});

describe('versions', () => {
  it.each([
    ['lp_9', 'lp_10', -1],
    ['lp-1.2', 'lp-1.2', 0],
    ['lp-1.2.1', 'lp-1.2', 1],
    ['lp_1', 'other_2', null],
    ['lp', 'lp_2', null],
  ])('of %s and %s: %j', (a, b, expected) => {
    expect(compareVersions({ module: a }, { module: b })).toBe(expected);
  });

  it('that are lower are disabled first where names tell versions; the fix is off meanwhile', () => {
    const row = rows(V2, [V1, HOTFIX])('disable-lower');
    expect(row?.costs.map(({ patch: name }) => name)).toEqual(['hotfix', 'v1', 'v2']);
    expect(row?.unfixed.flatMap(({ function: name, to }) => (to === null ? [] : [name]))).toEqual(['f', 'g']);
    const unnamed = patch('next', { vmlinux: ['f'] }, { replace: true });
    expect(rows(unnamed, [V1])('disable-lower')).toBeUndefined();
  });

  it('that are higher make it a downgrade', () => {
    expect(rows(V1, [V2])('disable-all')?.title).toBe('Downgrade: disable all others, then load it');
    // What version 2 fixed beside is not fixed any more.
    const gone = rows(V1, [V2])('disable-all')?.unfixed.filter(({ to }) => to === null);
    expect(gone?.map((time) => time.function)).toEqual(['i']);
  });
});

describe('who runs which version', () => {
  it('is told from the first thing that is done to the end', () => {
    // The reader sleeps in the replacement of the version before until the signal round.
    const versions = [1, 2].map((number) => patch(`lp_${number}`, { vmlinux: ['pipe_read'] }, { replace: true }));
    const row = rows(versions[1] as PatchImage, [versions[0] as PatchImage], READER)('load');
    expect(row?.histories.map(({ function: name }) => name)).toEqual(['pipe_read']);
    const { spans = [] } = row?.histories[0] ?? {};
    expect(spans[0]).toMatchObject({
      from: row?.start,
      runs: [{ version: { patch: 'lp_2' } }, { version: { patch: 'lp_1' }, tasks: 1 }],
    });
    expect(spans.at(-1)).toMatchObject({ to: row?.end, runs: [{ version: { patch: 'lp_2' }, tasks: 3 }] });
  });
});

it('does not blame a way for what was unfixed before it began', () => {
  // Version 1 has replaced the hotfix: h() is unfixed already.
  const row = rows(V2, [HOTFIX, V1])('load');
  expect(row?.unfixed).toEqual([]);
});

describe('under the proposals', () => {
  it('each keeps what it says', () => {
    const all = rows(V2, [V1, HOTFIX]);
    expect(all('replaceable')?.left).toEqual(['hotfix', 'v2']);
    expect(all('replaceable')?.unfixed).toEqual([]);
    expect(all('replace-set')?.left).toEqual(['v2']);
    const sets = rows({ ...V2, replaceSet: 1 }, [
      { ...V1, replaceSet: 1 },
      { ...HOTFIX, replaceSet: 2 },
    ]);
    expect(sets('replace-set')?.left).toEqual(['hotfix', 'v2']);
    expect(sets('replace-set')?.unfixed).toEqual([]);
  });

  it('sets that share a function are refused', () => {
    const all = rows(patch('other', { vmlinux: ['f'] }, { replaceSet: 2 }), [{ ...V1, replaceSet: 1 }]);
    expect(all('replace-set')).toMatchObject({ outcome: 'refused', errno: -22, left: ['v1'], time: null });
    expect(all('replace-set')?.refuses[0]).toContain('a patch of another set replaces');
    expect(all('replace-set')?.findings).toEqual(['other (set 2) and v1 (set 1) both replace f()']);
    expect(all('replace-set-rfc')).toMatchObject({ outcome: 'done', left: ['v1', 'other'] });
    expect(all('replace-set-override')).toMatchObject({ outcome: 'done', left: ['other'] });
  });
});

describe('a transition that does not end', () => {
  it('ends the order where it is', () => {
    const stuck = patch('v2', { vmlinux: ['msleep'] }, { replace: true });
    expect(rows(stuck, [V1], STUCK)('load')).toMatchObject({ outcome: 'unfinished', time: null, left: ['v1', 'v2'] });
  });

  it('is waited for before the next thing is done', () => {
    const row = rows(V2, [V1])('disable-all');
    const [first, second] = row?.costs ?? [];
    expect(second?.from).toBeGreaterThan(first?.to ?? 0);
    expect(row?.time).toBeLessThan(10 * SECOND);
  });
});
