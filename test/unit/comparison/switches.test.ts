import { describe, expect, it } from 'vitest';
import { playChoice } from '../../../shared/src/comparison/compare.ts';
import { asleep, events, machine, patch, SECOND, task } from '../simulator/support.ts';
import {
  box,
  hpc,
  inF,
  init,
  MS,
  nfs,
  PATCH,
  promises,
  rowOf,
  stopped,
  stuckInF,
  stuckThread,
  switchOf,
  worker,
} from './machines.ts';

/** What the debate left open, and what each answer to it changes. */

const eintr = asleep('poller', ['f', 'do_epoll_wait'], { syscall: 'epoll_wait', onSignal: 'EINTR' });

describe('SIGSTOP and SIGCONT instead of a fake signal', () => {
  const stopCont = { variants: { signal: 'stop-cont' } };
  const fake = { variants: { signal: 'fake' } };

  it.each(['kgraft', 'proposal-2016'])('%s makes sleepers stand still in between, and switch after it', (model) => {
    const more = { parameters: { stopFor: 300 * MS } };
    const row = rowOf(model, machine([init, inF]), { ...stopCont, ...more });
    expect(row.standStill).toMatchObject({ longest: 300 * MS, stops: 0 });
    expect(row.standStill.tasks).toBeGreaterThan(0);
    expect(switchOf(row, 'reader')).toBeGreaterThanOrEqual(15 * SECOND + 300 * MS);
    const quiet = rowOf(model, machine([init, inF]), fake);
    expect(quiet.standStill).toMatchObject({ total: 0, tasks: 0 });
    expect(switchOf(quiet, 'reader')).toBeLessThan(15 * SECOND + MS);
    expect(switchOf(quiet, 'reader')).toBeGreaterThanOrEqual(15 * SECOND);
  });

  it('lets a look at a stopped task find no patched function on its stack', () => {
    // The stop is longer than the second between two looks.
    const row = rowOf('proposal-2016', machine([init, inF]), { ...stopCont, parameters: { stopFor: 5 * SECOND } });
    expect(switchOf(row, 'reader')).toBe(16 * SECOND);
    expect(promises(row)).toMatchObject({ function: 'kept' });
  });

  it('stops a computation, too', () => {
    const row = rowOf('kgraft', box(init, hpc), { ...stopCont, parameters: { stopFor: 2 * SECOND } });
    expect(row.standStill).toMatchObject({ tasks: 2, longest: 2 * SECOND });
    expect(switchOf(row, 'hpc')).toBeGreaterThanOrEqual(17 * SECOND);
  });

  it('shows EINTR to the same programs', () => {
    for (const choice of [stopCont, fake]) {
      expect(rowOf('kgraft', machine([eintr, init]), choice).interrupted).toEqual({ restarted: 1, eintr: 1 });
    }
  });

  it('wakes who was stopped by its user: fake signals leave that one alone, and never reach it', () => {
    const undone = rowOf('kgraft', machine([init, stopped]), stopCont);
    expect(undone).toMatchObject({ outcome: 'done' });
    expect(undone.findings).toEqual(['stopped:2 was stopped by its user, and SIGCONT lets it go on']);
    const left = rowOf('kgraft', machine([init, stopped]), fake);
    expect(left).toMatchObject({ outcome: 'unfinished', findings: [] });
    expect(left.never).toMatchObject([{ comm: 'stopped', text: 'is stopped, inside the kernel' }]);
  });

  it('is not sent to whom a look at the stack has switched: nothing of the user’s is undone', () => {
    expect(rowOf('proposal-2016', machine([init, stopped, inF]), stopCont).findings).toEqual([]);
  });

  it('reaches neither kernel threads nor uninterruptible sleeps', () => {
    for (const choice of [stopCont, fake]) {
      expect(rowOf('kgraft', machine([init, nfs]), choice).outcome).toBe('unfinished');
      expect(rowOf('proposal-2016', machine([init, stuckInF]), choice).outcome).toBe('unfinished');
      const trace = playChoice({ model: 'kgraft', ...choice }, setting(machine([init, worker, stuckThread])));
      expect(new Set(events(trace, 'signal').map((event) => event.task))).toEqual(new Set([1]));
    }
  });
});

describe('a computation that never enters the kernel', () => {
  const with_ = (model: string, value: string) =>
    rowOf(model, box(init, hpc), { variants: { 'user-space': value, signal: 'none' } });

  it.each(['kgraft', 'proposal-2016'])('is never reached by %s that neither signals nor interrupts', (model) => {
    const row = with_(model, 'exit');
    expect(row).toMatchObject({ outcome: 'unfinished' });
    expect(row.never.map(({ comm }) => comm)).toContain('hpc');
  });

  it.each(['kgraft', 'proposal-2016'])(
    '%s: forced IPIs reach it, and disturb the CPU that was to be left alone',
    (model) => {
      const row = with_(model, 'ipi');
      expect(switchOf(row, 'hpc')).toBeLessThan(MS);
      expect(row.findings).toEqual(['hpc is interrupted on a CPU that was to be left alone (nohz_full)']);
      expect(row.signalled).toBe(0);
    },
  );

  it.each(['context-tracking', 'hold-at-entry'])(
    'is taken over in user space by %s, without any disturbance',
    (value) => {
      const row = with_('kgraft', value);
      expect(switchOf(row, 'hpc')).toBe(0);
      expect(row).toMatchObject({ findings: [], signalled: 0 });
    },
  );

  it('is held at the entry on any CPU, but tracked on those without a tick only', () => {
    const loop = { ...hpc, cpus: [0] };
    const how = (value: string) => {
      const choice = { model: 'kgraft', variants: { 'user-space': value, signal: 'none' } };
      const trace = playChoice(choice, setting(box(init, loop)));
      return events(trace, 'patch-state').find((event) => event.task === 2 && event.state === 1)?.how;
    };
    expect(how('hold-at-entry')).toBe('in-user-space');
    expect(how('context-tracking')).toBe('kernel-exit');
  });

  it('parks by an interrupt, and holds up parking without one', () => {
    const row = rowOf('simple-method', box(init, hpc));
    expect(row).toMatchObject({
      outcome: 'done',
      findings: ['hpc is interrupted on a CPU that was to be left alone (nohz_full)'],
    });
    const without = rowOf('simple-method', box(init, hpc), { variants: { 'user-space': 'exit' } });
    expect(without).toMatchObject({ outcome: 'refused', findings: [] });
    expect(without.never).toMatchObject([
      { comm: 'hpc', text: 'runs in user space and nothing makes it enter the kernel' },
    ]);
  });
});

describe('kernel threads', () => {
  it('are left in the old code, or waited for at marked places', () => {
    expect(rowOf('kgraft', machine([init, stuckThread]))).toMatchObject({
      outcome: 'done',
      never: [{ comm: 'xfsaild', text: 'is a kernel thread and never leaves the kernel' }],
    });
    expect(rowOf('kgraft', machine([init, stuckThread]), { variants: { kthreads: 'annotated' } })).toMatchObject({
      outcome: 'unfinished',
      never: [{ comm: 'xfsaild', text: 'is a kernel thread that has not come to a marked place in its loop' }],
    });
  });

  it('are left in the old code also while others are still waited for, and come after these', () => {
    const row = rowOf('kgraft', machine([worker, init, nfs]));
    expect(row.never.map(({ comm }) => comm)).toEqual(['nfs', 'kworker']);
    expect(row.reason).toBe('Not over within 60.0 s: nfs sleeps where no signal wakes it, in fsync().');
  });

  it('park where their loops allow it, or not at all', () => {
    expect(rowOf('simple-method', machine([init, worker])).outcome).toBe('done');
    expect(rowOf('simple-method', machine([init, worker]), { variants: { kthreads: 'none' } })).toMatchObject({
      outcome: 'refused',
      never: [{ comm: 'kworker', text: 'is a kernel thread that has no code to park' }],
    });
  });
});

describe('long sleeps that parking may end (I. Molnar)', () => {
  const ended = { variants: { 'long-sleeps': 'interruptible' } };

  it('let a machine with a dead NFS server be patched, and their calls start again unseen', () => {
    expect(rowOf('simple-method', machine([init, nfs])).outcome).toBe('refused');
    const row = rowOf('simple-method', machine([init, nfs]), ended);
    expect(row).toMatchObject({ outcome: 'done', signalled: 2, interrupted: { restarted: 2, eintr: 0 }, never: [] });
    expect(row.time).toBeLessThan(10 * MS);
    expect(promises(row)).toEqual({ function: 'kept', 'system-call': 'kept', kernel: 'kept' });
  });

  it('are those past the limit: a mutex is waited for', () => {
    const mutex = task('mutex', [], {
      behaviour: {
        begins: 'first-phase',
        phases: [
          {
            do: 'sleep',
            for: { min: SECOND, max: SECOND },
            stack: ['schedule', 'mutex_lock'],
            state: 'uninterruptible',
          },
          { do: 'user', for: { min: SECOND, max: SECOND } },
        ],
      },
    });
    const row = rowOf('simple-method', machine([init, mutex]), ended);
    expect(row.time).toBeGreaterThanOrEqual(SECOND);
    expect(row.signalled).toBe(1);
  });

  it('do not help with a kernel thread', () => {
    expect(rowOf('simple-method', machine([init, nfs, stuckThread]), ended)).toMatchObject({
      outcome: 'refused',
      never: [{ comm: 'xfsaild' }],
    });
  });
});

describe('KPATCH_FORCE_UNSAFE', () => {
  const unsafe = { variants: { 'force-unsafe': 'f' } };

  it('patches a function that somebody always sleeps in, and no longer promises what kpatch does', () => {
    const row = rowOf('kpatch', machine([init, inF]), unsafe);
    expect(row).toMatchObject({ outcome: 'done', standStill: { stops: 1 }, mixed: { open: true } });
    expect(promises(row)).toEqual({ function: 'not-proven', 'system-call': 'not-proven', kernel: 'broken' });
  });

  it('is for the functions that are named: others are looked for as ever', () => {
    const inG = asleep('writer', ['g', 'ksys_write']);
    const row = rowOf('kpatch', machine([init, inF, inG]), unsafe);
    expect(row).toMatchObject({ outcome: 'refused', never: [{ comm: 'writer' }] });
    const both = { variants: { 'force-unsafe': 'f, g' } };
    expect(rowOf('kpatch', machine([init, inF, inG]), both).outcome).toBe('done');
  });
});

describe('immediate', () => {
  it('changes several functions one after the other, which one function alone is spared', () => {
    const row = rowOf('immediate', box(init));
    expect(row.findings).toEqual([
      'The 2 functions go over one after the other, in the order of the patch: for microseconds some are new and others old',
    ]);
    expect(promises(row).kernel).toBe('not-proven');
    const one = rowOf('immediate', box(init), {}, { image: patch('lp', { vmlinux: ['f'] }) });
    expect(one.findings).toEqual([]);
    expect(promises(one).kernel).toBe('kept');
  });

  it('as a flag of the patch is described as what it is, and as a flag of a function is not', () => {
    const whole = rowOf('proposal-2016', box(init), { variants: { 'patch-immediate': 'yes' } });
    const plain = rowOf('immediate', box(init));
    expect(whole).toMatchObject({
      leaves: 'function',
      switches: 'function',
      summary: plain.summary,
      cannot: plain.cannot,
      parameters: [],
    });
    const one = rowOf('proposal-2016', box(init), { variants: { 'func-immediate': 'f' } });
    expect(one).toMatchObject({ leaves: 'patched-set', switches: 'thread' });
    expect(rowOf('proposal-2016', box(init), { variants: { stacks: 'none' } }).leaves).toBe('kernel');
  });
});

describe('a row', () => {
  it('lists only the numbers that play a part', () => {
    const names = (signal: string) =>
      rowOf('kgraft', box(init), { variants: { signal } }).parameters.map(({ name }) => name);
    expect(names('fake')).toEqual(['recheck', 'signalAfter']);
    expect(names('stop-cont')).toEqual(['recheck', 'signalAfter', 'stopFor']);
    expect(names('none')).toEqual(['recheck']);
  });

  it('says who was the last to go over, and what made it', () => {
    const reason = (model: string, variants = {}) => rowOf(model, box(init, hpc), { variants }).reason;
    expect(reason('kgraft', { 'user-space': 'exit' })).toMatch(
      /^Done after 16\.0 s\. The last was \w+:\d after 15\.0 s: a signal made it leave the kernel\.$/,
    );
    expect(reason('immediate')).toBe('Done at once.');
    expect(reason('kpatch')).toBe('Done after 4.0 ms.');
    const leaves = task('reader', [], {
      behaviour: {
        begins: 'first-phase',
        phases: [
          {
            do: 'sleep',
            for: { min: 2.5 * SECOND, max: 2.5 * SECOND },
            stack: ['schedule', 'f'],
            state: 'uninterruptible',
          },
          {
            do: 'sleep',
            for: { min: 60 * SECOND, max: 60 * SECOND },
            stack: ['schedule', 'x'],
            state: 'uninterruptible',
          },
        ],
      },
    });
    expect(rowOf('hybrid', machine([init, leaves])).reason).toMatch(
      /^Done after \d\.\d s\. The last was reader:2 after \d\.\d s: .*\.$/,
    );
  });
});

function setting(workload: ReturnType<typeof machine>) {
  return { image: PATCH, workload, kernel: '6.12', seed: 1 };
}
