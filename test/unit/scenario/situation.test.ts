import { describe, expect, it } from 'vitest';
import { readScenario } from '../../../server/src/scenario/read-scenario.ts';
import type { PatchImage } from '../../../shared/src/model/index.ts';
import { play } from '../../../shared/src/scenario/play.ts';
import { blockedTasks } from '../../../shared/src/scenario/record.ts';
import { type Verifiable, verifiable } from '../../../shared/src/scenario/situation.ts';
import { simulate } from '../../../shared/src/simulator/simulate.ts';
import type { Action } from '../../../shared/src/simulator/step.ts';
import type { TaskGroup, Workload } from '../../../shared/src/simulator/workload.ts';
import { PRESETS, workloadById } from '../../../shared/src/simulator/workloads/index.ts';
import { patch } from '../simulator/support.ts';

const FOREVER = { min: 0, max: 'forever' } as const;
const IN_CALL = ['do_syscall_64', 'entry_SYSCALL_64_after_hwframe'];

/** A task that sleeps in a system call; `frames` are those between the scheduler's and the entry's. */
function sleeper(comm: string, syscall: string, frames: readonly string[], more: object = {}): TaskGroup {
  const stack = ['__schedule', 'schedule', ...frames, ...IN_CALL];
  const phase = { do: 'sleep', for: FOREVER, stack, state: 'interruptible', syscall, onSignal: 'restarts', ...more };
  return { comm, kind: 'user', count: 1, behaviour: { phases: [phase as never] } };
}

function thread(comm: string, ...frames: string[]): TaskGroup {
  const stack = ['__schedule', 'schedule', ...frames, 'kthread', 'ret_from_fork', 'ret_from_fork_asm'];
  const phase = { do: 'sleep', for: FOREVER, stack, state: 'interruptible' } as const;
  return { comm, kind: 'kthread', count: 1, behaviour: { phases: [phase] } };
}

const PIPE = ['pipe_read', 'vfs_read', 'ksys_read'];

function situation(
  image: PatchImage,
  tasks: readonly TaskGroup[],
  actions: readonly ({ readonly at: number } & Action)[] = [],
  more: { kernel?: string; model?: string } = {},
) {
  const workload: Workload = {
    id: 'test',
    title: 'A small machine',
    description: '',
    cpus: 1,
    hz: 250,
    nohzFullCpus: [],
    modules: [],
    tasks,
  };
  const steps = [{ at: 0, do: 'load' as const, image }, ...actions];
  const trace = simulate({ kernel: '6.12', workload, seed: 1, steps, ...more, timeLimit: 40_000_000 });
  return { images: [image], workload, trace };
}

function planOf(...of: Parameters<typeof situation>): Verifiable {
  const plan = verifiable(situation(...of));
  if (typeof plan === 'string') throw new Error(plan);
  return plan;
}

/** Always true, and always said. */
const NOT_RUN = expect.stringMatching(/^What the replacements do: /);

const LP = patch('lp', { vmlinux: { funcs: ['pipe_read'] } });

describe('verifiable', () => {
  it('lets helpers sleep where the tasks sleep that hold the run up', () => {
    const plan = planOf(LP, [sleeper('syslog', 'read', PIPE), sleeper('logger', 'read', PIPE)]);
    expect(plan.scenario.tasks).toEqual({ syslog: { does: 'read' } });
    expect(plan.scenario.steps).toEqual([
      { start: 'syslog' },
      { load: 'lp' },
      { wait: 'transition', limit: 60, errno: 'any' },
    ]);
    expect(plan.standIns).toEqual([
      {
        name: 'syslog',
        does: 'a helper that sleeps in read()',
        standsFor: [
          { comm: 'syslog', count: 1 },
          { comm: 'logger', count: 1 },
        ],
        heldUp: true,
        differs: null,
      },
    ]);
    expect(plan.notCompared).toEqual([NOT_RUN]);
  });

  it('takes another system call for it only when the same functions of the patch are on its stack', () => {
    const ppoll = sleeper('sshd', 'ppoll', ['schedule_hrtimeout_range_clock', 'do_sys_poll', '__x64_sys_ppoll']);
    const common = planOf(patch('lp', { vmlinux: { funcs: ['do_sys_poll'] } }), [ppoll]);
    expect(common.scenario.tasks).toEqual({ sshd: { does: 'poll' } });
    const own = planOf(patch('lp', { vmlinux: { funcs: ['__x64_sys_ppoll'] } }), [ppoll]);
    expect(own.scenario.tasks).toEqual({});
    expect(own.notCompared).toEqual(['sshd, held up: no helper can sleep there.', NOT_RUN]);
  });

  it('takes no helper whose call a signal ends otherwise', () => {
    const plan = planOf(LP, [sleeper('reader', 'read', PIPE, { onSignal: 'EINTR' })]);
    expect(plan.notCompared).toEqual(['reader, held up: no helper can sleep there.', NOT_RUN]);
  });

  it('does not pretend that a helper can sleep uninterruptibly', () => {
    const plan = planOf(LP, [sleeper('postgres', 'read', PIPE, { state: 'uninterruptible' })]);
    expect(plan.standIns).toEqual([]);
    expect(plan.notCompared).toEqual(['postgres, held up: no helper can sleep uninterruptibly there.', NOT_RUN]);
  });

  it('watches the guest’s own kernel threads, and leaves out those that it does not have', () => {
    const image = patch('lp', { vmlinux: { funcs: ['kswapd', 'nfsd'] } });
    const plan = planOf(image, [thread('kswapd0', 'kswapd'), thread('nfsd', 'nfsd')]);
    expect(plan.scenario.tasks).toEqual({
      kswapd0: {
        does: 'kernel-thread',
        stack: ['kswapd', 'kthread', 'ret_from_fork', 'ret_from_fork_asm'],
        state: 'interruptible',
      },
    });
    expect(plan.scenario.steps[0]).toEqual({ watch: 'kswapd0' });
    // It never ends in the run: no use in waiting for a minute.
    expect(plan.scenario.steps.at(-1)).toEqual({ wait: 'transition', limit: 20, errno: 'any' });
    expect(plan.notCompared).toEqual(['nfsd, held up: the guest has no kernel thread of that name.', NOT_RUN]);
  });

  it('wakes a helper when its task goes on by itself', () => {
    const waits = sleeper('syslog', 'read', PIPE, { for: { min: 6_000_000, max: 6_000_000 } });
    const [phase] = waits.behaviour.phases;
    const begins = { ...waits, behaviour: { phases: [phase as never], begins: 'first-phase' as const } };
    const { steps } = planOf(LP, [begins]).scenario;
    expect(steps).toContainEqual({ wake: 'syslog' });
    expect(steps[steps.findIndex((step) => 'wake' in step) - 1]).toEqual({ wait: 6 });
  });

  it('says where a helper can’t go on as its task does', () => {
    const frames = ['futex_wait_queue', '__futex_wait', 'futex_wait', 'do_futex', '__x64_sys_futex'];
    const waits = sleeper('worker', 'futex', frames, { for: { min: 6_000_000, max: 6_000_000 } });
    const plan = planOf(patch('lp', { vmlinux: { funcs: ['futex_wait'] } }), [
      { ...waits, behaviour: { ...waits.behaviour, begins: 'first-phase' } },
    ]);
    expect(plan.standIns[0]?.differs).toMatch(/goes on by itself/);
  });

  it('does what was done in the run, when it was done', () => {
    const actions = [
      { at: 4_000_000, do: 'write', path: 'lp/enabled', value: '0' },
      { at: 5_040_000, do: 'load', image: LP },
      { at: 9_000_000, do: 'load-target', module: 'nfs' },
    ] as const;
    const { scenario, notCompared } = planOf(LP, [sleeper('reader', 'read', PIPE)], actions);
    expect(scenario.steps.slice(1, 6)).toEqual([
      { load: 'lp' },
      { wait: 4 },
      { write: 'lp/enabled', value: '0' },
      { wait: 1 },
      expect.objectContaining({ load: 'lp' }),
    ]);
    expect(notCompared).toContain('Loading nfs: the guest does not have it.');
  });

  it('expects the errno of the run', () => {
    const actions = [{ at: 1_000_000, do: 'unload', module: 'lp' }] as const;
    const { scenario } = planOf(LP, [sleeper('reader', 'read', PIPE)], actions);
    expect(scenario.steps).toContainEqual({ unload: 'lp', errno: expect.stringMatching(/^E[A-Z]+$/) });
  });

  it('plays a few tasks that nothing holds up', () => {
    const idle = sleeper('cron', 'wait4', ['do_wait', 'kernel_wait4', '__do_sys_wait4']);
    const plan = planOf(LP, [sleeper('reader', 'read', PIPE), idle]);
    expect(plan.standIns.map(({ name, heldUp }) => [name, heldUp])).toEqual([
      ['reader', true],
      ['cron', false],
    ]);
  });

  it('names what it leaves out: tasks, modules, what the forecast took for granted', () => {
    const image = {
      ...patch('lp', { vmlinux: { funcs: ['pipe_read'] }, nfs: { funcs: ['nfs_wait'] } }),
      assumptions: ['funcs has a terminating entry.'],
    };
    const strange = sleeper('worker', 'read', ['syslog_print', 'do_syslog', 'vfs_read', 'ksys_read'], {
      state: 'uninterruptible',
    });
    expect(planOf(image, [strange]).notCompared).toEqual([
      '1 other task of A small machine.',
      'What the patch changes in nfs: the guest does not load that module.',
      'Taken for granted by the forecast: funcs has a terminating entry.',
      NOT_RUN,
    ]);
  });

  it('refuses what no kernel can be asked', () => {
    const run = situation(LP, []);
    expect(verifiable({ ...run, images: [LP, LP] })).toMatch(/several klp_patches/);
    const other = { ...run.trace, options: { ...run.trace.options, model: 'kgraft' } };
    expect(verifiable({ ...run, trace: other })).toMatch(/one consistency model/);
    expect(verifiable({ ...run, trace: { ...run.trace, events: [] } })).toBe('Nothing is loaded in this run.');
  });

  it('keeps names apart from each other and from the guest’s own', () => {
    const plan = planOf(patch('lp', { vmlinux: { funcs: ['pipe_read', 'do_wait'] } }), [
      sleeper('init', 'read', PIPE),
      sleeper('rs:main Q:Reg', 'wait4', ['do_wait', 'kernel_wait4', '__do_sys_wait4']),
    ]);
    expect(Object.keys(plan.scenario.tasks)).toEqual(['init-2', 'rs:main_Q:Re']);
  });
});

describe.each(['6.12', '6.1'])('on the presets of Linux %s', (kernel) => {
  const FUNCTIONS = ['do_epoll_wait', 'pipe_read', 'do_select', 'do_wait', 'sigsuspend', 'kswapd', 'do_nanosleep'];

  it.each(PRESETS.map(({ id }) => id))('%s gives scenarios that can be read and that hold up as foretold', (preset) => {
    for (const func of FUNCTIONS) {
      const image = patch('lp', { vmlinux: { funcs: [func] } });
      const workload = workloadById(preset, kernel) as Workload;
      const trace = simulate({ kernel, workload, seed: 1, steps: [{ at: 0, do: 'load', image }] });
      const plan = verifiable({ images: [image], workload, trace });
      if (typeof plan === 'string') throw new Error(plan);
      const text = JSON.stringify({ ...plan.scenario, modules: { lp: 'lp.c' } });
      const { scenario, errors } = readScenario(text);
      expect(errors).toEqual([]);
      if (!scenario) return;
      // Looked at before anybody has a reason to go on: right behind the load.
      const load = scenario.steps.findIndex((step) => step.do === 'load');
      const { record } = play(scenario, { kernel, imageOf: () => image });
      const held = blockedTasks(record.steps[load] as never).map(({ name }) => name);
      const foretold = plan.standIns.filter(({ heldUp }) => heldUp).map(({ name }) => name);
      expect(held.sort()).toEqual(foretold.sort());
    }
  });
});
