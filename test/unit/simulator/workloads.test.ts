import { describe, expect, it } from 'vitest';
import { forecast } from '../../../shared/src/simulator/forecast.ts';
import type { Workload } from '../../../shared/src/simulator/workload.ts';
import { PRESETS, workloadById } from '../../../shared/src/simulator/workloads/index.ts';
import { at, events, load, patch, play, SECOND, unload, write } from './support.ts';

describe.each(PRESETS.map(({ id }) => id))('the %s preset', (id) => {
  const workload = workloadById(id, '6.12') as Workload;
  const sleeps = workload.tasks.flatMap((group) =>
    group.behaviour.phases.flatMap((phase) => (phase.do === 'sleep' ? [{ group, phase }] : [])),
  );

  it('is found by its id and says that it is not a recording', () => {
    expect(workload.id).toBe(id);
    expect(workload.description).toMatch(/Made by hand/);
  });

  it('has as many tasks as such a machine', () => {
    const tasks = workload.tasks.reduce((sum, group) => sum + group.count, 0);
    expect(tasks).toBeGreaterThanOrEqual(150);
    expect(tasks).toBeLessThanOrEqual(400);
    expect(new Set(workload.tasks.map((group) => group.kind))).toEqual(new Set(['user', 'kthread']));
  });

  it('names tasks as the kernel can', () => {
    for (const group of workload.tasks) {
      expect(group.comm.length).toBeGreaterThan(0);
      expect(group.comm.length).toBeLessThanOrEqual(15);
    }
  });

  it('has sleepers with schedule() on the stack, entered by a system call or as a kernel thread', () => {
    for (const { group, phase } of sleeps) {
      expect(phase.stack.slice(0, 2)).toEqual(['__schedule', 'schedule']);
      expect(phase.stack.at(-1)).toBe(
        group.kind === 'kthread' ? 'ret_from_fork_asm' : 'entry_SYSCALL_64_after_hwframe',
      );
      expect(phase.syscall === undefined).toBe(group.kind === 'kthread');
    }
  });

  it('knows the modules whose functions are on its stacks', () => {
    const named = sleeps.flatMap(({ phase }) => phase.stack.flatMap((frame) => /\[(.*)\]$/.exec(frame)?.[1] ?? []));
    expect(named.filter((module) => !workload.modules.includes(module))).toEqual([]);
  });

  it('lets a patch of a function that nobody is in come and go', () => {
    const image = patch('lp', { vmlinux: ['cmdline_proc_show'] });
    const trace = play(workload, [at(0, load(image)), at(10, write('lp/enabled', '0')), at(20, unload('lp'))]);
    expect(events(trace, 'step').map((step) => step.errno)).toEqual([0, 0, 0]);
    expect(events(trace, 'finding')).toEqual([]);
    const done = events(trace, 'transition').filter((event) => event.phase === 'done');
    expect(done).toHaveLength(2);
    expect(done[0]?.at).toBeLessThan(2 * SECOND);
  });

  it('has somebody in epoll_wait() who is signalled, and worker threads that never are done', () => {
    const waiting = forecast(patch('lp', { vmlinux: ['do_epoll_wait'] }), { kernel: '6.12', workload, seeds: 5 });
    expect(waiting.finished).toBe(5);
    expect(waiting.needsSignals).toBe(5);
    expect(waiting.advice.join()).toContain('EINTR');
    const never = forecast(patch('lp', { vmlinux: ['worker_thread'] }), { kernel: '6.1', workload, seeds: 2 });
    expect(never.finished).toBe(0);
  });
});
