import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { visibleRows } from '../../../client/webview/rows.ts';
import { differenceText, laidOverRun, pairOf, realText } from '../../../client/webview/verified-run.ts';
import type { ComparedRow } from '../../../shared/src/scenario/compare.ts';
import type { VerifiedRun } from '../../../shared/src/scenario/verified.ts';

/** What Linux 6.12 did with a patch of kswapd(): both sides agree. */
const RUN: VerifiedRun = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/verified/kswapd.6.12.json'), 'utf8'),
);

const changed = (change: (row: ComparedRow) => ComparedRow): VerifiedRun => ({
  ...RUN,
  compared: RUN.compared.map((block) => ({ ...block, rows: block.rows.map(change) })),
});

describe('laidOverRun', () => {
  it('puts the tasks that were compared before all others, each on its own', () => {
    const { groups, lanes, laidOver } = laidOverRun(RUN);
    expect(groups.slice(0, -1).map(({ title }) => title)).toEqual(RUN.tasks);
    expect(groups.at(-1)?.title).toBe('not compared');
    expect(groups.flatMap((group) => group.lanes)).toHaveLength(lanes.length);
    expect(laidOver?.differences).toEqual([]);
  });

  it('says of a row whether it was compared, and what the kernel did', () => {
    const { groups, laidOver, trace } = laidOverRun(RUN);
    const rows = visibleRows(groups, { 'group:not compared': true }, trace.end);
    const row = (name: string) => rows.find(({ label }) => label.startsWith(name));
    const [thread, other] = [row('kswapd0:'), row('kauditd:')];
    if (!laidOver || !thread || !other) throw new Error('rows are missing');
    expect(differenceText(laidOver, thread)).toBe('the same');
    expect(realText(laidOver, thread, 5_000_000)).toMatch(/^Linux 6\.12\S+: blocked since .* sleeps in kswapd\(\)/);
    expect(differenceText(laidOver, other)).toBe('not compared');
    expect(pairOf(laidOver.pairs, other)).toBeNull();
  });

  it('shows lines of the log once when both have them, and with their side when not', () => {
    const run = changed((row) =>
      row.kind === 'log' && row.simulator?.includes('starting') ? { ...row, kernel: 'livepatch: something else' } : row,
    );
    const log = laidOverRun(run).laidOver?.log ?? [];
    expect(log.filter(({ kind }) => kind === 'only-simulated').map(({ text }) => text)).toEqual([
      expect.stringContaining('starting patching transition   (simulator only)'),
    ]);
    const agreed = laidOverRun(RUN).laidOver?.log ?? [];
    expect(agreed.every(({ kind }) => kind === 'kernel')).toBe(true);
    // Each at its own time: the signals come fifteen passes after the load.
    const at = (words: string) => agreed.find(({ text }) => text.includes(words))?.at ?? 0;
    expect(at('signaling') - at('enabling')).toBeGreaterThan(13_000_000);
  });

  it('lists an errno that differs', () => {
    const run = changed((row) =>
      row.kind === 'result' && row.kernel?.startsWith('load') ? { ...row, kernel: 'load stalled: EINVAL' } : row,
    );
    expect(laidOverRun(run).laidOver).toMatchObject({
      headline: expect.stringMatching(/differ in one thing\.$/),
      differences: [{ what: 'result of a step', simulator: 'load stalled: 0', kernel: 'load stalled: EINVAL' }],
    });
  });

  it('claims nothing of tasks of which nothing was seen', () => {
    const run = { ...RUN, real: { ...RUN.real, tasks: [], events: [] } };
    const differences = laidOverRun(run).laidOver?.differences ?? [];
    expect(differences.map(({ what }) => what.split(',')[0])).toEqual(expect.arrayContaining([...RUN.tasks]));
    expect(differences.every(({ kernel }) => kernel === 'is not there')).toBe(true);
  });
});
