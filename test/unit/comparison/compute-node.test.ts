import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readCapture } from '../../../server/src/capture/read-capture.ts';
import { compareModels } from '../../../shared/src/comparison/compare.ts';
import { comparisonSvg } from '../../../shared/src/picture/comparison-svg.ts';
import { forecast } from '../../../shared/src/simulator/forecast.ts';
import type { Phase, Workload } from '../../../shared/src/simulator/workload.ts';
import { patch, SECOND } from '../simulator/support.ts';
import { promises } from './machines.ts';

/**
 * The sample machine: a kernel thread that waits for a dead disk, a computation on a CPU without a tick, a task that waits
 * for an NFS server which is gone, and 300 ordinary tasks.
 */
const FILE = 'samples/machines/compute-node.json';
const text = readFileSync(FILE, 'utf8');

function machineOf(capture: string): Workload {
  const reading = readCapture(capture);
  if (!reading.ok) throw new Error(reading.error);
  expect(reading.warnings).toEqual([]);
  return reading.workload;
}
const workload = machineOf(text);

/** Ordinary tasks sleep in it. */
const EPOLL = patch('lp_epoll', { vmlinux: ['do_epoll_wait'] });
/** The NFS sleeper is in it. */
const WRITEBACK = patch('lp_writeback', { vmlinux: ['folio_wait_writeback'] });
/** The stuck kernel thread is in it. */
const COMMIT = patch('lp_commit', { jbd2: ['jbd2_journal_commit_transaction'] });

const endsOf = (phase: Phase | undefined) => (phase !== undefined && 'for' in phase ? phase.for.max : undefined);

describe('the sample machine', () => {
  it('is what its script prints', () => {
    expect(execFileSync(process.execPath, ['scripts/sample-machine.mjs'], { encoding: 'utf8' })).toBe(text);
  });

  it('has three tasks that are stuck, and 300 that are not', () => {
    const stuck = workload.tasks.filter(({ comm }) => ['jbd2/sdb1-8', 'rsync', 'xhpl'].includes(comm));
    expect(stuck.map(({ comm, behaviour: { phases } }) => [comm, phases[0]?.do, endsOf(phases[0])])).toEqual([
      ['jbd2/sdb1-8', 'sleep', 'forever'],
      ['rsync', 'sleep', 'forever'],
      ['xhpl', 'user', 'forever'],
    ]);
    expect(workload.tasks.reduce((sum, { count }) => sum + count, 0)).toBe(303);
    expect(workload.nohzFullCpus).toEqual([12, 13, 14, 15]);
  });
});

describe('a patch of what ordinary tasks sleep in', () => {
  const comparison = compareModels(EPOLL, { workload, kernel: '6.12', seeds: [1] });
  const row = (title: string) => {
    const found = comparison.rows.find((each) => each.title === title);
    if (found === undefined) throw new Error(`there is no row '${title}'`);
    return found;
  };

  it('finishes with the hybrid model: stacks of the stuck ones are clean, the computation is kicked at 15 s', () => {
    const hybrid = row('Hybrid, Linux 6.12');
    expect(hybrid).toMatchObject({ outcome: 'done', never: [], standStill: { total: 0 }, evidence: 'kernel' });
    expect(hybrid.time).toBeGreaterThan(14.75 * SECOND);
    expect(hybrid.time).toBeLessThan(17.5 * SECOND);
    const at = (comm: string) => hybrid.taskSwitches.find((each) => each.comm === comm)?.at;
    expect(at('jbd2/sdb1-8')).toBe(0);
    expect(at('rsync')).toBe(0);
    expect(at('xhpl')).toBeGreaterThan(14.75 * SECOND);
  });

  it('is held up by the NFS sleeper with kGraft, and by the kernel thread too where those are waited for', () => {
    expect(row('kGraft')).toMatchObject({ outcome: 'unfinished' });
    expect(row('kGraft').reason).toBe('Not over within 60.0 s: rsync sleeps where no signal wakes it, in fsync().');
    expect(row('kGraft (kthreads: annotated)').never.map(({ comm }) => comm)).toEqual(['jbd2/sdb1-8', 'rsync']);
  });

  it('is refused by those who stop the machine, each time they try', () => {
    for (const title of ['kpatch', 'Ksplice']) {
      expect(row(title)).toMatchObject({ outcome: 'refused', standStill: { stops: 5 }, switched: 0 });
      expect(row(title).never.map(({ comm }) => comm)).toContain('orted');
    }
  });

  it('is refused where everything is parked or dumped, after everything stood still for nothing', () => {
    expect(row('Park everything, then switch').reason).toBe(
      'Gives up after 20.0 s and changes nothing: jbd2/sdb1-8 is a kernel thread that did not come round its loop to park; rsync sleeps where no signal wakes it, in fsync().',
    );
    expect(row('Park everything, then switch').standStill.longest).toBeGreaterThan(19.9 * SECOND);
    expect(row('Checkpoint, kexec, restore').reason).toBe(
      'Gives up after 10.0 s and changes nothing: rsync sleeps where no signal wakes it, in fsync().',
    );
  });

  it('is done at once without any model, and mixes', () => {
    expect(row('Livepatch 4.0 (immediate)')).toMatchObject({ outcome: 'done', time: 0 });
    expect(promises(row('Livepatch 4.0 (immediate)'))).toEqual({
      function: 'not-proven',
      'system-call': 'not-proven',
      kernel: 'broken',
    });
  });

  it('is a picture with every model', () => {
    const svg = comparisonSvg(comparison, { theme: 'dark' });
    for (const { title } of comparison.rows) expect(svg).toContain(title.slice(0, 40));
  });
});

describe('a patch of what a stuck task sleeps in', () => {
  it('is held up by the NFS sleeper in every model but one that checks nothing', () => {
    const { rows } = compareModels(WRITEBACK, { workload, kernel: '6.12', seeds: [1] });
    expect(rows.filter(({ outcome }) => outcome === 'done').map(({ title }) => title)).toEqual([
      'Hybrid as proposed in 2016 (patch-immediate: yes)',
      'Livepatch 4.0 (immediate)',
    ]);
    for (const { title, never } of rows)
      expect(
        never.map(({ comm }) => comm),
        title,
      ).toContain('rsync');
  });

  it('is forecast with the blocker by name', () => {
    const { finished, blockers, headline } = forecast(WRITEBACK, { kernel: '6.12', workload, seeds: 5 });
    expect(finished).toBe(0);
    expect(blockers[0]).toMatchObject({ comm: 'rsync', released: 'never', reason: { kind: 'sleeping-on' } });
    expect(headline).toContain('folio_wait_writeback()');
    const commit = forecast(COMMIT, { kernel: '6.12', workload, seeds: 5 });
    expect(commit.blockers[0]).toMatchObject({ comm: 'jbd2/sdb1-8', released: 'never' });
  });
});

describe('a patch that meets all three and ordinary sleepers', () => {
  const ALL = patch('lp_all', {
    vmlinux: ['folio_wait_writeback', 'do_epoll_wait'],
    jbd2: ['jbd2_journal_commit_transaction'],
  });
  const COMMITS = 'jbd2/sdb1-8 sleeps in jbd2_journal_commit_transaction() of jbd2, which the transition changes';
  const WRITES = 'rsync sleeps in folio_wait_writeback(), which the patch replaces';
  const POLLS =
    'nginx ×30, orted ×15, mpirun ×6 and 3 others: each sleeps in do_epoll_wait(), which the patch replaces';
  const SYNCS = 'rsync sleeps where no signal wakes it, in fsync()';

  it('has an outcome in every model, with its reason', () => {
    const { rows } = compareModels(ALL, { workload, kernel: '6.12', seeds: [1] });
    expect(rows.map(({ title, reason }) => [title, reason])).toEqual([
      ['Hybrid, Linux 6.12', `Not over within 60.0 s: ${COMMITS}; ${WRITES}.`],
      ['Hybrid, Linux 6.1', `Not over within 60.0 s: ${COMMITS}; ${WRITES}.`],
      [
        'Hybrid without reliable stacks, Linux 6.12',
        `Not over within 60.0 s: kworker/*:* ×32, cpuhp/0 ×16, ksoftirqd/0 ×16 and 21 others: each is a kernel thread, has a stack that can’t be walked reliably, and never leaves the kernel; rsync has a stack that can’t be walked reliably, and has not left the kernel.`,
      ],
      ['Hybrid as proposed in 2016', `Not over within 60.0 s: ${COMMITS}; ${WRITES}.`],
      [
        'Hybrid as proposed in 2016 (patch-immediate: yes)',
        'Done at once, but 2 tasks are left in old code: jbd2/sdb1-8, rsync: each has not returned from a call of the old code.',
      ],
      [
        'Livepatch 4.0 (immediate)',
        'Done at once, but 2 tasks are left in old code: jbd2/sdb1-8, rsync: each has not returned from a call of the old code.',
      ],
      ['kGraft', `Not over within 60.0 s: ${SYNCS}.`],
      [
        'kGraft (kthreads: annotated)',
        `Not over within 60.0 s: jbd2/sdb1-8 is a kernel thread that has not come to a marked place in its loop; ${SYNCS}.`,
      ],
      ['kpatch', `Gives up after 8.0 s and changes nothing: ${POLLS}; ${COMMITS}; ${WRITES}.`],
      ['Ksplice', `Gives up after 4.0 s and changes nothing: ${POLLS}; ${COMMITS}; ${WRITES}.`],
      ['Use counts (prototype)', `Gives up after 20.0 s and changes nothing: ${POLLS}; ${COMMITS}; ${WRITES}.`],
      [
        'Park everything, then switch',
        `Gives up after 20.0 s and changes nothing: jbd2/sdb1-8 is a kernel thread that did not come round its loop to park; ${SYNCS}.`,
      ],
      ['Checkpoint, kexec, restore', `Gives up after 10.0 s and changes nothing: ${SYNCS}.`],
    ]);
  });

  it('is forecast with all three by name, those first that nothing releases', () => {
    const { finished, blockers, headline } = forecast(ALL, { kernel: '6.12', workload, seeds: 5 });
    expect(finished).toBe(0);
    expect(blockers.slice(0, 3).map(({ comm, released, reason }) => [comm, released, reason.kind])).toEqual([
      ['jbd2/sdb1-8', 'never', 'sleeping-on'],
      ['rsync', 'never', 'sleeping-on'],
      ['xhpl', 'signal', 'running'],
    ]);
    expect(headline).toBe(
      'Does not finish within 60.0 s: 1 of 319 tasks sleeps in jbd2_journal_commit_transaction() of jbd2 and no signal gets it out; 1 more is held up for good elsewhere.',
    );
  });
});
