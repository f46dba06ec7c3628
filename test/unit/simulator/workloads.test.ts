import { describe, expect, it } from 'vitest';
import { forecast } from '../../../shared/src/simulator/forecast.ts';
import type { Workload } from '../../../shared/src/simulator/workload.ts';
import { PRESETS, workloadById } from '../../../shared/src/simulator/workloads/index.ts';
import { at, events, load, patch, play, SECOND, unload, write } from './support.ts';

const preset = (id: string, kernel: string): Workload => workloadById(id, kernel) as Workload;

describe('the presets', () => {
  it('are there for every kernel, and made once', () => {
    for (const kernel of ['5.15', '6.1', '6.1.192', '6.11', '6.12', '6.12+replaceable', '7.1', 'next']) {
      expect(PRESETS.map(({ id }) => preset(id, kernel).id)).toEqual(PRESETS.map(({ id }) => id));
    }
    expect(preset('web-server', '6.12')).toBe(preset('web-server', '6.13'));
    expect(workloadById('mainframe', '6.12')).toBeUndefined();
  });

  it('have the stacks of the newest recorded kernel that is not newer than the simulated one', () => {
    for (const { id } of PRESETS) {
      const kernelOf = (kernel: string) => /Linux (\d+\.\d+)\./.exec(preset(id, kernel).description)?.[1];
      expect(['5.15', '6.1', '6.1.192', '6.11'].map(kernelOf)).toEqual(['6.1', '6.1', '6.1', '6.1']);
      expect(['6.12', '6.12+replaceable', '7.1', 'next'].map(kernelOf)).toEqual(['6.12', '6.12', '6.12', '6.12']);
    }
  });

  it.each(PRESETS)('$id has the title under which it is offered', ({ id, title }) => {
    expect(preset(id, '6.12').title).toBe(title);
    expect(title).toContain(`${preset(id, '6.12').cpus} CPUs`);
  });
});

describe.each(PRESETS.flatMap(({ id }) => ['6.1', '6.12'].map((kernel) => ({ id, kernel }))))(
  'the preset $id on Linux $kernel',
  ({ id, kernel }) => {
    const workload = preset(id, kernel);
    const sleeps = workload.tasks.flatMap((group) =>
      group.behaviour.phases.flatMap((phase) => (phase.do === 'sleep' ? [{ group, phase }] : [])),
    );

    it('has its servers', () => {
      const names = workload.tasks.filter(({ kind }) => kind === 'user').map(({ comm }) => comm);
      const servers = { 'web-server': 'nginx', database: 'postgres', 'build-machine': 'cc1' }[id];
      expect(names).toEqual(expect.arrayContaining([servers, 'cron', 'rsyslogd', 'sshd', 'dbus-daemon', 'bash']));
    });

    it('names tasks as the kernel can', () => {
      for (const { comm } of workload.tasks) {
        expect(comm).not.toBe('');
        expect(comm.length).toBeLessThanOrEqual(15);
      }
    });

    it('has the kernel threads of a CPU on each CPU', () => {
      for (const name of ['ksoftirqd', 'migration', 'cpuhp']) {
        const names = workload.tasks.flatMap(({ comm }) => (comm.startsWith(`${name}/`) ? [comm] : []));
        expect(names).toEqual(Array.from({ length: workload.cpus }, (_, cpu) => `${name}/${cpu}`));
      }
    });

    it('has sleepers with schedule() on the stack, entered by a system call or as a kernel thread', () => {
      for (const { group, phase } of sleeps) {
        expect(phase.stack.slice(0, 2)).toEqual(['__schedule', 'schedule']);
        expect(phase.stack.at(-1)).toMatch(
          group.kind === 'kthread' ? /^ret_from_fork(?:_asm)?$/ : /^entry_SYSCALL_64_after_hwframe$/,
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
      expect(done[0]?.at).toBeLessThan(4 * SECOND);
    });

    it('has somebody in epoll_wait() who is signalled, and worker threads that never are done', () => {
      const waiting = forecast(patch('lp', { vmlinux: ['do_epoll_wait'] }), { kernel, workload, seeds: 5 });
      expect(waiting.finished).toBe(5);
      expect(waiting.needsSignals).toBe(5);
      expect(waiting.advice.join()).toContain('EINTR');
      const never = forecast(patch('lp', { vmlinux: ['worker_thread'] }), { kernel, workload, seeds: 2 });
      expect(never.finished).toBe(0);
    });
  },
);
